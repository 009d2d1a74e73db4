"""Searches of train --autotune: a better setting is found, noise is not taken for one, and a search that was stopped goes on where it was."""

import json
import random
import re

from runner import Failure
from cli.interrupts import MOST_SECONDS, Terminal, no_temporary_files, wait_until
from cli.scenarios import run_checks

MINUTES = "0.15"
SAVED = "glissade: interrupted while trying settings; what was tried is saved; go on with --resume"


def run(context):
    run_checks(context, (a_better_setting_is_found_and_can_be_repeated, noise_is_no_better_setting, a_killed_search_goes_on, siblings_stay_together, names_are_in_every_trial,
                         interrupted_searches_end_at_once,
                         a_run_killed_after_its_search_trains_what_was_found))


def rows_with_a_topic(runs, name, rows, seed):
    """A row has the words of one of 40 topics among many others, and the label of the topic: too few passes of a plain model do not learn it."""
    draw = random.Random(seed)
    lines = [f"{rows} 2000 40"]
    for _ in range(rows):
        topic = draw.randrange(40)
        words = {topic * 5 + draw.randrange(5) for _ in range(2)} | {200 + draw.randrange(1800) for _ in range(10)}
        lines.append(f"{topic} " + " ".join(f"{word}:1" for word in sorted(words)))
    (runs.folder / name).write_text("\n".join(lines) + "\n")


def rows_without_meaning(runs, name, rows):
    draw = random.Random(1)
    lines = [f"{rows} 500 50"]
    for _ in range(rows):
        lines.append(f"{draw.randrange(50)} " + " ".join(f"{word}:1" for word in sorted(draw.sample(range(500), 8))))
    (runs.folder / name).write_text("\n".join(lines) + "\n")


def plain(*more):
    return ["train", "--train", "d.txt", "--preset", "plain", "--hidden", "16", "--threads", "1", *more]


def trials(runs, log="log.jsonl"):
    events = [json.loads(line) for line in (runs.folder / log).read_text().splitlines()]
    return [(event["options"], event["rung"], event["split"]) for event in events if event["event"] == "trial"]


def repeated(err):
    """The options of the line that repeats the choice; none where the usual settings stay."""
    found = re.search(r"the same without a search(?:: leave --autotune out|, instead of --autotune: (.*))\n", err)
    if not found:
        raise Failure(f"no line says how to repeat the choice:\n{err}")
    return found[1].split() if found[1] else []


def a_better_setting_is_found_and_can_be_repeated(runs):
    rows_with_a_topic(runs, "d.txt", 4000, 1)
    rows_with_a_topic(runs, "t.txt", 2000, 2)
    _, err = runs.call(*plain("--batch", "1024", "--model", "found.glsd", "--autotune", MINUTES))
    options = repeated(err)
    if not options or "more than noise" not in err:
        raise Failure(f"the usual settings, which learn too little, stay:\n{err}")
    if "--batch" in options or "--hidden" in options:
        raise Failure(f"an option that was given was searched: {options}")
    runs.call(*plain("--batch", "1024", "--model", "repeated.glsd", "--quiet", *options))
    if runs.bytes("found.glsd") != runs.bytes("repeated.glsd"):
        raise Failure(f"the options {options} do not repeat what the search trained")
    runs.call(*plain("--batch", "1024", "--model", "usual.glsd", "--quiet"))
    scores = [json.loads(runs.call("eval", "--model", model, "--test", "t.txt", "--json")[0])["p@1"] for model in ("usual.glsd", "found.glsd")]
    if scores[1] < scores[0] + 0.05:
        raise Failure(f"P@1 of the test rows: {scores[0]:.3f} as usual, {scores[1]:.3f} as found")


def noise_is_no_better_setting(runs):
    rows_without_meaning(runs, "d.txt", 3000)
    _, err = runs.call(*plain("--model", "found.glsd", "--autotune", "0.05"))
    if repeated(err) or "no more than noise" not in err:
        raise Failure(f"something was found in labels without meaning:\n{err}")
    runs.call(*plain("--model", "usual.glsd", "--quiet"))
    if runs.bytes("found.glsd") != runs.bytes("usual.glsd"):
        raise Failure("the usual settings stayed, but another model was trained")


def start_search(runs, *more):
    return runs.start(*plain("--model", "m.glsd", "--autotune", MINUTES, "--log-json", "log.jsonl", *more))


def state_of(runs):
    path = runs.folder / "m.glsd.autotune"
    return json.loads(path.read_text()) if path.exists() else {"trials": []}


def a_killed_search_goes_on(runs):
    """Options are not given again; trials are not repeated; others are refused before anything happens."""
    rows_with_a_topic(runs, "d.txt", 4000, 1)
    process = start_search(runs, "--epochs", "6", "--monitor", "p@3")
    wait_until(process, lambda: len(state_of(runs)["trials"]) >= 3, "a third trial")
    process.kill()
    process.communicate()
    done = len(state_of(runs)["trials"])
    kept = (runs.folder / "m.glsd.autotune").read_bytes()
    resume = ["train", "--train", "d.txt", "--model", "m.glsd", "--resume", "--threads", "1", "--log-json", "log.jsonl"]
    runs.call(*resume, "--epochs", "7", expect=2)
    runs.call(*resume, "--monitor", "p@1", expect=2)
    if (runs.folder / "m.glsd.autotune").read_bytes() != kept:
        raise Failure("a refused run changed the state of the search")
    _, err = runs.call(*resume)
    if len(re.findall(", known$", err, re.M)) != done or f"{done} trials are known" not in err or " p@3 " not in err:
        raise Failure(f"not {done} trials are known:\n{err}")
    seen = trials(runs)
    if len(seen) <= done or len(set(seen)) != len(seen):
        raise Failure(f"trials were repeated, or none was new: {seen}")
    if (runs.folder / "m.glsd.autotune").exists():
        raise Failure("the state of the search outlives the training")
    if any({"--epochs", "--hidden"} & set(options.split()) for options, _, _ in seen):
        raise Failure(f"an option that was given was searched after the stop: {seen}")
    no_temporary_files(runs)


def siblings_stay_together(runs):
    """Rows of a group have features and a label that no other row has: known if one of them is trained on, and else not."""
    lines = ["1200 1203 400"] + [f"{row // 3} {3 * (row // 3)}:1 {3 * (row // 3) + 1}:1 {1200 + row % 3}:1" for row in range(1200)]
    (runs.folder / "d.txt").write_text("\n".join(lines) + "\n")
    (runs.folder / "g.txt").write_text("".join(f"{row // 3}\n" for row in range(1200)))
    best = []
    for model, more in (("whole.glsd", ["--groups", "g.txt"]), ("apart.glsd", [])):
        runs.call(*plain("--model", model, "--autotune", "0.03", "--learning-rate", "0.05", "--weighting", "given", "--log-json", "log.jsonl", "--quiet", *more))
        events = [json.loads(line) for line in (runs.folder / "log.jsonl").read_text().splitlines()]
        best.append(max(event["score"] for event in events if event["event"] == "trial"))
    if best[0] > 0.05 or best[1] < 0.2:
        raise Failure(f"best P@1 of the trials: {best[0]:.3f} with groups, {best[1]:.3f} without")


def names_are_in_every_trial(runs):
    """Labels' names are rows of each training, beside the share of the samples, and no rows to score."""
    rows_with_a_topic(runs, "d.txt", 1200, 1)
    (runs.folder / "l.txt").write_text("".join(f"w{label * 5} w{label * 5 + 1} and more\n" for label in range(40)))
    (runs.folder / "f.txt").write_text("".join(f"w{feature}\n" for feature in range(2000)))
    seen = []
    for more in ([], ["--name-rows", "off"]):
        _, err = runs.call(*plain("--model", "m.glsd", "--autotune", "0.02", "--epochs", "2", "--label-names", "l.txt", "--feature-names", "f.txt", "--log-json", "log.jsonl", *more))
        events = [json.loads(line) for line in (runs.folder / "log.jsonl").read_text().splitlines()]
        first = next(event for event in events if event["event"] == "trial")
        seen.append((first["rows"], re.search(r"on held-out rows, (\d+) to choose and (\d+) to decide", err).groups(), first["score"]))
    (named, held, scored), (bare, bare_held, bare_scored) = seen
    if named != bare + 40 or held != bare_held or scored == bare_scored:
        raise Failure(f"rows, rows held out and the score of the first trial: {seen}")


def interrupted_searches_end_at_once(runs):
    """Ctrl-C within a trial, before and after there is a state."""
    runs.call("generate", "--shape", "8000x10000x10000", "--features-per-sample", "40", "--labels-per-sample", "3", "--test-samples", "10", "--out", "d")
    search = ["train", "--train", "d.train.txt", "--model", "m.glsd", "--preset", "long-text", "--hidden", "256", "--threads", "1", "--autotune", "5"]
    for pattern, last_words in ((r"rung .*\n(?s:.*)epoch 1/", r"glissade: interrupted while trying settings; nothing to save yet"), (r"usual settings\) +1 (?s:.*)epoch 1/", SAVED)):
        run = Terminal(runs, *search)
        seconds = run.interrupt_at(pattern)
        last = [line.split("\x1b[K")[-1] for line in re.split(r"[\r\n]+", run.text) if line.split("\x1b[K")[-1]][-1]
        if run.process.returncode != 130 or not re.fullmatch(last_words, last):
            raise Failure(f"status {run.process.returncode}, {seconds} s, last words {last!r}")
        print(f"interrupted search: {seconds:.2f} s to the end", flush=True)
        if seconds > MOST_SECONDS:
            raise Failure(f"the end came after {seconds:.1f} s")
        if (runs.folder / "m.glsd.autotune").exists() != (last_words == SAVED):
            raise Failure("the line and the files do not agree")
    no_temporary_files(runs)


def a_run_killed_after_its_search_trains_what_was_found(runs):
    """Nothing is trained yet when it is killed: what --resume trains is what the options that repeat the choice train."""
    rows_with_a_topic(runs, "d.txt", 16000, 1)
    process = start_search(runs, "--batch", "1024")
    while True:  # its lines are read, so that it never waits for somebody to read them
        line = process.stderr.readline()
        if not line:
            raise Failure("the search did not come to an end")
        if "training on all rows;" in line or re.search("training on all rows, about", line):
            break
    process.kill()
    process.communicate()
    options = repeated(line)
    done = trials(runs)
    if not options or (runs.folder / "m.glsd").exists():
        raise Failure(f"nothing to repeat, or training was too quick: {line}")
    _, err = runs.call("train", "--train", "d.txt", "--model", "m.glsd", "--resume", "--threads", "1", "--log-json", "log.jsonl")
    if repeated(err) != options or trials(runs) != done:
        raise Failure(f"the search that was over went on:\n{err}")
    runs.call(*plain("--batch", "1024", "--model", "repeated.glsd", "--quiet", *options))
    if runs.bytes("m.glsd") != runs.bytes("repeated.glsd"):
        raise Failure("the resumed run trained something else than what was found")
