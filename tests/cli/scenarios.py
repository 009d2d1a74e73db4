"""Whole runs of the command line on the shipped sample: determinism, checkpoints, interruption, agreement of simd levels, pipes."""

import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import tempfile
import time

from cli.examples import examples_are_the_worst_mistakes, examples_of_ids_are_features, permitted_labels_are_scored
from runner import Failure, Skip

SECONDS = 300
# Small and quick, but every part takes part: tables, drift-driven re-hashing, dropout, a partial last batch.
SMALL = ["--preset", "plain", "--hidden", "32", "--active", "256", "--sampler", "lsh", "--tables", "8", "--k", "7",
         "--batch", "256", "--feature-dropout", "0.2", "--hidden-dropout", "0.2",
         "--learning-rate", "0.02", "--quiet"]


def hang_up_ends():
    """In the child: SIGHUP as on a terminal, also where the tests themselves run under nohup, which children inherit."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Runs:
    """Runs glissade in one folder with the sample's files."""

    def __init__(self, context, folder):
        self.context = context
        self.folder = folder
        self.environment = context.clean_environment(folder)
        self.train_file = str(context.sample / "train.txt.zst")
        self.test_file = str(context.sample / "test.txt.zst")

    def start(self, *args, **options):
        options.setdefault("preexec_fn", hang_up_ends)
        return subprocess.Popen([self.context.glissade, *args], cwd=self.folder, env={**self.environment, **options.pop("env", {})}, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def call(self, *args, expect=0, stdin=None, env=None):
        process = self.start(*args, env=env or {})
        out, err = process.communicate(stdin, timeout=SECONDS)
        if process.returncode != expect:
            raise Failure(f"glissade {' '.join(args)}\nended with {process.returncode}, expected {expect}\n{out}{err}")
        return out, err

    def train(self, model, *args, expect=0):
        return self.call("train", "--train", self.train_file, "--model", model, *SMALL, *args, expect=expect)

    def precision(self, model, *args, env=None):
        out, _ = self.call("eval", "--model", model, "--test", self.test_file, "--json", *args, env=env)
        return json.loads(out)["p@1"]

    def bytes(self, name):
        return (self.folder / name).read_bytes()


def run(context):
    if not (context.sample / "train.txt.zst").exists():
        return context.fails("scenarios", f"{context.sample} holds no sample")
    run_checks(context, (same_seed_same_bytes, doubled_rows_change_nothing, threads_agree, resumed_equals_uninterrupted, killed_then_resumed, interrupted_keeps_checkpoint,
                         resume_refuses_other_options, log_has_every_field, report_draws_runs, examples_are_the_worst_mistakes, examples_of_ids_are_features, permitted_labels_are_scored, estimate_is_near_the_peak, held_out_rows_come_from_the_cache, levels_predict_the_same, search_by_tables_is_close, slim_is_smaller_and_predicts,
                         inference_leaves_training_state_on_disk,
                         stopped_within_an_epoch_goes_on_there, damaged_newest_file_is_passed_over, best_epoch_is_kept, checkpoints_are_kept_and_removed, log_survives_a_kill,
                         stream_is_answered_as_it_comes, bad_rows_leave_the_others_alone, closed_pipe_ends_quietly, info_can_be_given_back_as_config, resumed_text_is_deterministic, terminal_gets_one_line, converted_data_train_the_same,
                         cache_is_cleared))


def run_checks(context, checks):
    for check in checks:
        with tempfile.TemporaryDirectory(prefix="glissade-run-") as folder:
            name = check.__name__.replace("_", " ")
            context.case(f"scenario: {name}", lambda: check(Runs(context, pathlib.Path(folder))))


def doubled_rows_change_nothing(runs):
    """A file with half of its rows twice gives the model of the clean file, unless these are to be kept."""
    runs.call("convert", runs.train_file, "all.txt", "--to", "xmc", "--no-cache")
    header, *rows = (runs.folder / "all.txt").read_text().splitlines()[:1201]
    rows = list(dict.fromkeys(rows))
    doubled = [row for i, row in enumerate(rows) for _ in range(1 + i % 2)]
    for name, lines in (("clean", rows), ("doubled", doubled)):
        (runs.folder / f"{name}.txt").write_text("\n".join([f"{len(lines)} {header.split(' ', 1)[1]}", *lines]) + "\n")
    for name, data, more in (("clean", "clean", []), ("doubled", "doubled", []), ("kept", "doubled", ["--repeated-rows", "keep"])):
        runs.call("train", "--train", f"{data}.txt", "--model", f"{name}.glsd", "--epochs", "1", "--hidden", "16", "--holdout", "0.1", "--slim", "--quiet", *more)
    if runs.bytes("doubled.glsd") != runs.bytes("clean.glsd"):
        raise Failure("rows that stand twice made another model")
    if runs.bytes("kept.glsd") == runs.bytes("clean.glsd"):
        raise Failure("rows that were to be kept made no difference")


def same_seed_same_bytes(runs):
    for model in ("a.glsd", "b.glsd"):
        runs.train(model, "--epochs", "1", "--threads", "1", "--seed", "7")
    runs.train("c.glsd", "--epochs", "1", "--threads", "1", "--seed", "8")
    if runs.bytes("a.glsd") != runs.bytes("b.glsd"):
        raise Failure("two runs with one thread and the same seed wrote different models")
    if runs.bytes("a.glsd") == runs.bytes("c.glsd"):
        raise Failure("another seed wrote the same model")


def threads_agree(runs):
    for threads in ("1", "2"):
        runs.train(f"{threads}.glsd", "--epochs", "3", "--threads", threads, "--seed", "7", "--hidden", "64", "--active", "1024")
    one, two = runs.precision("1.glsd"), runs.precision("2.glsd")
    if one < 0.05:
        raise Failure(f"P@1 of one thread is {one:.4f}: it learned nothing, so there is nothing to compare")
    if abs(one - two) > 0.005:
        raise Failure(f"P@1 {one:.4f} with one thread, {two:.4f} with two: more than half a point apart")


def resumed_equals_uninterrupted(runs):
    """The first of three epochs is kept aside, then the other two are trained from it again."""
    args = ["--epochs", "3", "--threads", "1", "--seed", "7"]
    process = runs.start("train", "--train", runs.train_file, "--model", "m.glsd", *SMALL, *args)
    wait_for(process, runs.folder / "m.glsd")
    first = runs.bytes("m.glsd")
    if process.wait(timeout=SECONDS) != 0:
        raise Failure(process.stderr.read())
    whole = runs.bytes("m.glsd")
    (runs.folder / "resumed.glsd").write_bytes(first)
    if "epochs           1 of 3" not in runs.call("info", "--model", "resumed.glsd")[0]:
        raise Skip("the machine was too slow to catch the first checkpoint")
    runs.train("resumed.glsd", *args, "--resume")
    if runs.bytes("resumed.glsd") != whole:
        raise Failure("training that was resumed after epoch 1 wrote another model than training in one go")


def wait_for(process, path):
    deadline = time.monotonic() + SECONDS
    while not path.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failure(f"{path.name} did not appear; exit status {process.returncode}: {process.stderr.read()}")
        time.sleep(0.002)


def killed_then_resumed(runs):
    process = runs.start("train", "--train", runs.train_file, "--model", "m.glsd", *SMALL, "--epochs", "4")
    wait_for(process, runs.folder / "m.glsd")
    time.sleep(0.05)
    process.kill()
    process.wait()
    runs.call("info", "--model", "m.glsd")
    runs.train("m.glsd", "--resume", "--epochs", "4")
    if "epochs           4 of 4" not in runs.call("info", "--model", "m.glsd")[0]:
        raise Failure("the resumed run did not finish its epochs")
    leftovers = [path.name for path in runs.folder.iterdir() if path.name not in ("m.glsd", "cache")]
    if any(not name.startswith("m.glsd") for name in leftovers):
        raise Failure(f"left behind: {leftovers}")


def interrupted_keeps_checkpoint(runs):
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        model = f"{status}.glsd"
        process = runs.start("train", "--train", runs.train_file, "--model", model, *SMALL, "--epochs", "500")
        wait_for(process, runs.folder / model)
        process.send_signal(number)
        _, err = process.communicate(timeout=SECONDS)
        if process.returncode != status:
            raise Failure(f"exit status {process.returncode} after {number.name}, expected {status}: {err}")
        ends = rf"'{model}' holds the end of epoch \d+, go on with --resume"
        within = rf"'({model}\.checkpoint-\d+)' holds step \d+, [\d,]+ samples into epoch \d+; go on with --resume"
        words = re.fullmatch(rf"glissade: interrupted; (?:{ends}|{within})\n", err)
        if not words:
            raise Failure(f"the last words are {err!r}")
        runs.call("info", "--model", words[1] or model)


def resume_refuses_other_options(runs):
    runs.train("m.glsd", "--epochs", "1")
    old = runs.bytes("m.glsd")
    _, err = runs.train("m.glsd", "--epochs", "1", "--resume", "--learning-rate", "0.1", expect=2)
    if "learning-rate" not in err or err.count("\n") != 1:
        raise Failure(f"stderr is {err!r}")
    # Nothing left to do is no error, and threads are no part of a model.
    runs.train("m.glsd", "--epochs", "1", "--resume", "--threads", "1")
    if runs.bytes("m.glsd") != old:
        raise Failure("the model was changed")


def check_progress(samples):
    """Moments within an epoch; a quick machine may have none."""
    for before, after in zip(samples, samples[1:]):
        if (before["epoch"], before["samples"]) >= (after["epoch"], after["samples"]):
            raise Failure(f"progress goes backwards: {before}, {after}")
    for sample in samples:
        if not (0 < sample["samples"] <= sample["samples_total"] and sample["loss"] > 0 and 0 < sample["active_share"] <= 1 and sample["rss_mb"] > 1):
            raise Failure(f"progress {sample}")


EPOCH_FIELDS = """event epoch train_seconds samples_per_second loss p@1 p@3 p@5 ndcg@1 ndcg@3 ndcg@5 psp@1 psp@3 psp@5 active_share rows_touched_share
    features_touched_share input_wait_seconds rehash_seconds sampling_seconds phase_seconds eval_rows eval_seconds peak_rss_mb""".split()


def log_has_every_field(runs):
    runs.train("m.glsd", "--epochs", "2", "--eval-every", "2", "--test", runs.test_file, "--log-json", "log.jsonl")
    events = [json.loads(line) for line in (runs.folder / "log.jsonl").read_text().splitlines()]
    progress = [event for event in events if event["event"] == "progress"]
    check_progress([event for event in progress if event["activity"] == "training"])
    if len({tuple(sorted(event)) for event in progress}) > 1:
        raise Failure(f"moments of different activities have different fields: {progress}")
    events = [event for event in events if event["event"] != "progress"]
    if [event["event"] for event in events] != ["start", "epoch", "epoch", "done"]:
        raise Failure(f"events {[event['event'] for event in events]}")
    for event in events[1:3]:
        missing = [field for field in EPOCH_FIELDS if field not in event]
        if missing:
            raise Failure(f"the epoch event lacks {missing}")
    if events[1]["p@1"] is not None or not 0.05 < events[2]["p@1"] < 1:
        raise Failure(f"P@1 of the epochs: {events[1]['p@1']}, {events[2]['p@1']}")
    done = events[3]
    if done["p@1"] != events[2]["p@1"] or done["model_bytes"] != len(runs.bytes("m.glsd")) or done["epochs"] != 2:
        raise Failure(f"done event {done}")
    again = runs.precision("m.glsd")
    if abs(again - done["p@1"]) > 1e-6:
        raise Failure(f"eval says P@1 {again}, training said {done['p@1']}")


def report_draws_runs(runs):
    for name, active in (("one", "256"), ("two", "512")):
        runs.train(f"{name}.glsd", "--epochs", "1", "--active", active, "--test", runs.test_file, "--log-json", f"{name} <b>.jsonl")
    out, err = runs.call("report", "one <b>.jsonl", "two <b>.jsonl", "--out", "report.html")
    if out != "" or err != "wrote 'report.html': 2 runs\n":
        raise Failure(f"output {out!r}, {err!r}")
    # Of other rows it says so.
    runs.train("three.glsd", "--epochs", "1", "--holdout", "0.1", "--log-json", "three.jsonl")
    told = runs.call("report", "one <b>.jsonl", "three.jsonl", "--out", "apart.html")[1]
    if "'one <b>' and 'three' are scored on different rows" not in told or '"scored_apart_from":"one ' not in (runs.folder / "apart.html").read_text():
        raise Failure(f"runs on different rows are drawn with {told!r}")
    page = (runs.folder / "report.html").read_text(encoding="utf-8")
    # Nothing is loaded from anywhere: the only address is the name of a format.
    addresses = set(re.findall(r"https?://[^\"'\s<)]+", page)) - {"http://www.w3.org/2000/svg"}
    if addresses or re.search(r"<(link|img|iframe|script\s+src|object|embed)\b|@import|url\(", page):
        raise Failure(f"the page needs {addresses or 'more than itself'}")
    text = re.search(r'<script type="application/json" id="runs">(.*?)</script>', page, re.DOTALL).group(1)
    drawn = json.loads(text)
    if [run["name"] for run in drawn] != ["one <b>", "two <b>"]:
        raise Failure(f"names {[run['name'] for run in drawn]}")
    for run, file in zip(drawn, ("one <b>.jsonl", "two <b>.jsonl")):
        if run["events"] != [json.loads(line) for line in (runs.folder / file).read_text().splitlines()]:
            raise Failure(f"{file} is not what the page holds")
    # A run that goes on has a line that is not whole yet.
    cut = (runs.folder / "two <b>.jsonl").read_text()[:-20]
    (runs.folder / "cut.jsonl").write_text(cut)
    if runs.call("report", "cut.jsonl")[0].count('"event":"epoch"') != 1:
        raise Failure("a log whose last line is not whole is drawn otherwise")


def estimate_is_near_the_peak(runs):
    """Loose here, where the program itself is most of it; the data sets of bench/RESULTS.md are within a tenth."""
    more = ["--fan-in", "64", "--row-epochs", "1", "--neighbours", "50"]
    runs.train("m.glsd", "--epochs", "1", "--log-json", "log.jsonl", *more)
    events = [json.loads(line) for line in (runs.folder / "log.jsonl").read_text().splitlines()]
    peak, before = events[-1]["peak_rss_mb"], events[0]["memory_estimate_mb"]
    out = runs.call("info", "--estimate", "--train", runs.train_file, *[option for option in SMALL if option != "--quiet"], *more)[0]
    needed = re.search(r"^needed +([0-9.]+) MiB", out, re.MULTILINE)
    if not needed or not 0.75 < float(needed.group(1)) / peak < 1.35 or not 0.75 < before / peak < 1.35:
        raise Failure(f"the peak was {peak:.0f} MiB, train estimated {before:.0f}, info says\n{out}")


def held_out_rows_come_from_the_cache(runs):
    """The same model from a split in memory, one that is written to the cache and one that is found there; a resumed run sees the same split."""
    args = ["--holdout", "0.1", "--epochs", "1", "--threads", "1", "--log-json", "log.jsonl"]
    sizes = set()

    def files():
        events = [json.loads(line) for line in (runs.folder / "log.jsonl").read_text().splitlines()]
        sizes.add(json.dumps([(part["rows"], part["feature_entries"]) for part in events[0]["data"]]))
        return {path.name: path.stat().st_mtime_ns for path in (runs.folder / "cache").rglob("*") if path.is_file()}

    runs.train("copied.glsd", *args, "--no-cache")
    if files():
        raise Failure("--no-cache left files in the cache")
    runs.train("written.glsd", *args)
    written = files()
    runs.train("found.glsd", *args)
    found = files()
    if len(written) != 3 or found != written:
        raise Failure(f"the cache holds {written}, then {found}: not the file and its two parts, written once")
    if not runs.bytes("copied.glsd") == runs.bytes("written.glsd") == runs.bytes("found.glsd"):
        raise Failure("the model depends on where the split is kept")
    if len(sizes) != 1:
        raise Failure(f"the parts differ: {sizes}")
    runs.train("found.glsd", *args, "--epochs", "2", "--resume")
    runs.train("copied.glsd", *args, "--epochs", "2", "--resume", "--no-cache")
    if runs.bytes("found.glsd") != runs.bytes("copied.glsd") or runs.bytes("found.glsd") == runs.bytes("written.glsd") or files() != written:
        raise Failure("going on from a split in the cache or a copy ended with another model")


def levels_predict_the_same(runs):
    runs.train("m.glsd", "--epochs", "2", "--hidden", "64", "--active", "1024")
    answers = {}
    for level in runs.context.usable_levels():
        out, _ = runs.call("predict", "--model", "m.glsd", runs.test_file, env={"GLISSADE_SIMD": level})
        answers[level] = [[pair.split(":")[0] for pair in line.split()] for line in out.splitlines()]
    reference = answers.pop("scalar")
    for level, rows in answers.items():
        differing = [row for row, (a, b) in enumerate(zip(reference, rows)) if a != b]
        if len(rows) != len(reference) or differing:
            raise Failure(f"{level} and scalar differ in the top 5 of {len(differing)} of {len(reference)} rows, first row {differing[:1]}")


def search_by_tables_is_close(runs):
    runs.train("m.glsd", "--epochs", "2", "--hidden", "64", "--active", "1024", "--tables", "24")
    exact, lsh = runs.precision("m.glsd"), runs.precision("m.glsd", "--search", "lsh")
    if lsh < 0.5 * exact:
        raise Failure(f"P@1 {exact:.4f} by exact search, {lsh:.4f} by tables")


def slim_is_smaller_and_predicts(runs):
    for model, args in (("full.glsd", []), ("slim.glsd", ["--slim"])):
        runs.train(model, "--epochs", "1", "--threads", "1", *args)
    if len(runs.bytes("slim.glsd")) >= 0.6 * len(runs.bytes("full.glsd")):
        raise Failure(f"{len(runs.bytes('slim.glsd'))} bytes without, {len(runs.bytes('full.glsd'))} with training state")
    if runs.precision("slim.glsd") != runs.precision("full.glsd"):
        raise Failure("the slim model predicts otherwise")
    _, err = runs.train("slim.glsd", "--epochs", "1", "--resume", expect=2)
    if err.count("\n") != 1 or "slim.glsd" not in err:
        raise Failure(f"stderr is {err!r}")


def peak_kib(runs, *args):
    process = subprocess.Popen([runs.context.glissade, *args], cwd=runs.folder, env=runs.environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise Failure(f"glissade {' '.join(args)} ended with {status}")
    return usage.ru_maxrss


def inference_leaves_training_state_on_disk(runs):
    for model, args in (("full.glsd", []), ("slim.glsd", ["--slim"])):
        runs.train(model, "--epochs", "1", "--hidden", "512", "--sampler", "uniform", "--active", "64", *args)
    state = (len(runs.bytes("full.glsd")) - len(runs.bytes("slim.glsd"))) / 1024
    peaks = {model: peak_kib(runs, "eval", "--model", model, "--test", runs.test_file) for model in ("full.glsd", "slim.glsd")}
    more = peaks["full.glsd"] - peaks["slim.glsd"]
    if state < 50_000 or more > 0.1 * state:
        raise Failure(f"{state:.0f} KiB of training state in the file, {more} KiB more memory at the peak of eval")


def stopped_within_an_epoch_goes_on_there(runs):
    """SIGTERM in the midst of an epoch; the resumed run ends with the bytes of one without a stop."""
    runs.train_file = str(runs.context.first_rows(runs.folder, 20000))
    args = ["--epochs", "2", "--threads", "1", "--batch", "16"]
    runs.train("whole.glsd", *args)
    process = runs.start("train", "--train", runs.train_file, "--model", "m.glsd", *SMALL, *args, "--checkpoint-steps", "5", "--log-json", "log.jsonl")
    wait_for(process, runs.folder / "log.jsonl")
    while '"checkpoint"' not in (runs.folder / "log.jsonl").read_text():
        if process.poll() is not None:
            raise Failure(process.stderr.read())
        time.sleep(0.002)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=SECONDS)
    found = re.search(r"'(m\.glsd\.checkpoint-\d+)' holds step", err)
    if process.returncode != 143 or not found:
        raise Failure(f"exit status {process.returncode}, stderr {err!r}")
    _, err = runs.call("train", "--train", runs.train_file, "--holdout", "0.5", "--model", "m.glsd", "--resume", "--quiet", expect=2)
    if "holds no rows out, not 0.5 of the rows" not in err or err.count("\n") != 1:
        raise Failure(f"stderr is {err!r}")
    if "samples into the next" not in runs.call("info", "--model", found[1])[0]:
        raise Failure("info does not say where the checkpoint stands")
    # From the named file, under another name; and from the newest, which is the same.
    runs.call("train", "--train", runs.train_file, "--model", "other.glsd", "--resume", found[1], "--threads", "1", "--quiet")
    runs.call("train", "--train", runs.train_file, "--model", "m.glsd", "--resume", "--threads", "1", "--quiet", "--log-json", "log.jsonl")
    for model in ("other.glsd", "m.glsd"):
        if runs.bytes(model) != runs.bytes("whole.glsd"):
            raise Failure(f"{model} differs from the model of a run without a stop")
    left = sorted(path.name for path in runs.folder.glob("m.glsd.*"))
    if left:
        raise Failure(f"left behind when all is done: {left}")
    events = [json.loads(line) for line in (runs.folder / "log.jsonl").read_text().splitlines()]
    if events[-1]["event"] != "done" or not all(event["save_seconds"] >= event["pause_seconds"] >= 0 and event["step"] >= 5 for event in events if event["event"] == "checkpoint"):
        raise Failure(f"events {events}")


def damaged_newest_file_is_passed_over(runs):
    """The newest state has a wrong byte: the run goes on from the one before it and ends with the bytes of one without a stop."""
    runs.train_file = str(runs.context.first_rows(runs.folder, 2000))
    args = ["--epochs", "3", "--threads", "1", "--checkpoint-minutes", "0", "--keep", "3"]
    runs.train("m.glsd", *args)
    whole = runs.bytes("m.glsd")
    first, *later = sorted(runs.folder.glob("m.glsd.checkpoint-*"))
    (runs.folder / "m.glsd").unlink()  # another name of the newest checkpoint
    for path in later:
        damaged = bytearray(path.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        path.write_bytes(damaged)
    _, err = runs.train("m.glsd", *args, "--resume")
    lines = err.splitlines()
    if len(lines) != 2 or not all("is damaged" in line and "looking at" in line for line in lines) or first.name not in lines[1]:
        raise Failure(f"stderr is {err!r}")
    if runs.bytes("m.glsd") != whole:
        raise Failure("going on from the older file ended with another model")
    for path in runs.folder.glob("m.glsd*"):
        path.write_bytes(path.read_bytes()[:-100])
    left = runs.bytes("m.glsd")
    _, err = runs.train("m.glsd", *args, "--resume", expect=1)
    if "truncated" not in err.splitlines()[-1] or runs.bytes("m.glsd") != left:
        raise Failure(f"with no sound file: {err!r}")


def best_epoch_is_kept(runs):
    """A rate that falls apart after a good begin: the best epoch is in the file, and predicts as it was reported."""
    runs.train_file = str(runs.context.first_rows(runs.folder, 4000))
    args = ["--epochs", "40", "--threads", "1", "--holdout", "0.1", "--monitor", "p@1", "--patience", "2", "--learning-rate", "0.05", "--decay", "none"]
    runs.train("m.glsd", *args, "--test", runs.test_file, "--log-json", "log.jsonl")
    events = [json.loads(line) for line in (runs.folder / "log.jsonl").read_text().splitlines()]
    epochs, done = [event for event in events if event["event"] == "epoch"], events[-1]
    best = max(epochs, key=lambda event: event["p@1"])
    if not done["stopped_early"] or len(epochs) >= 40 or len(epochs) != best["epoch"] + 2:
        raise Failure(f"{len(epochs)} epochs, best {best['epoch']}, {done}")
    if f"epochs           {best['epoch']} of 40" not in runs.call("info", "--model", "m.glsd")[0]:
        raise Failure(f"the file does not hold epoch {best['epoch']}")
    if abs(runs.precision("m.glsd") - done["test_p@1"]) > 1e-6:
        raise Failure(f"eval says P@1 {runs.precision('m.glsd')}, training said {done['test_p@1']}")
    runs.train("slim.glsd", *args, "--slim")
    if runs.precision("slim.glsd") != runs.precision("m.glsd") or len(runs.bytes("slim.glsd")) >= 0.6 * len(runs.bytes("m.glsd")):
        raise Failure("the slim file is not the best epoch without its training state")


def checkpoints_are_kept_and_removed(runs):
    runs.train_file = str(runs.context.first_rows(runs.folder, 4000))
    args = ["--epochs", "2", "--threads", "1", "--batch", "16", "--checkpoint-steps", "7"]
    runs.train("m.glsd", *args)
    if list(runs.folder.glob("m.glsd.*")):
        raise Failure("checkpoints stay after a run that was not asked to keep any")
    runs.train("m.glsd", *args, "--keep", "3")
    kept = sorted(path.name for path in runs.folder.glob("m.glsd.*"))
    if len(kept) != 3 or not all(re.fullmatch(r"m\.glsd\.checkpoint-\d{8}", name) for name in kept):
        raise Failure(f"kept {kept}")
    if runs.bytes(kept[-1]) != runs.bytes("m.glsd"):
        raise Failure("the newest checkpoint is not the end of the last epoch")
    for name in kept:
        runs.call("eval", "--model", name, "--test", runs.test_file)


def log_survives_a_kill(runs):
    """Half a line, as a killed process leaves it, does not spoil the log of the run that goes on."""
    runs.train_file = str(runs.context.first_rows(runs.folder, 4000))
    runs.train("m.glsd", "--epochs", "1", "--log-json", "log.jsonl")
    with open(runs.folder / "log.jsonl", "a") as log:
        log.write('{"event":"epo')
    runs.train("m.glsd", "--resume", "--epochs", "1", "--log-json", "log.jsonl")
    events = [json.loads(line)["event"] for line in (runs.folder / "log.jsonl").read_text().splitlines()]
    if events != ["start", "epoch", "done", "start", "done"]:
        raise Failure(f"events {events}")


def stream_is_answered_as_it_comes(runs):
    runs.train("m.glsd", "--epochs", "1")
    process = runs.start("predict", "--model", "m.glsd", "--k", "2", "-", bufsize=1)
    for row in ("1:0.5 7:0.25", "3,4 9:1", ""):
        process.stdin.write(row + "\n")
        process.stdin.flush()
        if len(process.stdout.readline().split()) != 2:
            raise Failure(f"no answer to the row '{row}'")
    process.stdin.close()
    if process.wait(timeout=SECONDS) != 0:
        raise Failure(process.stderr.read())


def all_close(some, others):
    """Whether the rows of two lists have the same labels, with scores that are the same but for rounding."""
    pairs = [([pair.split(":") for pair in a], [pair.split(":") for pair in b]) for a, b in zip(some, others, strict=True)]
    return all([label for label, _ in a] == [label for label, _ in b] and
               all(abs(float(x) - float(y)) <= 1e-4 * float(y) for (_, x), (_, y) in zip(a, b)) for a, b in pairs)


def bad_rows_leave_the_others_alone(runs):
    """Ten of 1,000 rows are bad: the others have the answers that they have without them, in a file and through a pipe."""
    runs.train("m.glsd", "--epochs", "1")
    good = [f"{i * 7 % 90}:1 {90 + i % 10}:0.5" for i in range(1000)]
    bad = {3: "x", 4: "1:", 150: "1:y", 151: "-1:1", 499: "5:nan", 500: "1:2:3", 777: "3:1e38", 778: "\t:1", 998: "a,b 1:1", 999: "1;2"}
    mixed = [bad.get(i, row) for i, row in enumerate(good)]
    (runs.folder / "mixed.txt").write_text("\n".join(mixed) + "\n")
    left = "\n".join(row for i, row in enumerate(good) if i not in bad) + "\n"
    begin = ["predict", "--model", "m.glsd", "--k", "3"]
    expected, _ = runs.call(*begin, "-", stdin=left)
    for source in ("-", "mixed.txt"):
        for form, how in (([], "skip"), ([], "record"), (["--json"], "record")):
            out, err = runs.call(*begin, source, *form, "--on-error", how, stdin="\n".join(mixed))
            lines = out.splitlines()
            if form:
                answers = [json.loads(line) for line in lines]
                if [row["row"] for row in answers] != list(range(1, 1001)) or [row["row"] - 1 for row in answers if "error" in row] != sorted(bad):
                    raise Failure(f"JSON from {source} has errors in other places")
                lines = [" ".join(f"{one['label']}:{one['probability']}" for one in row["answers"]) for row in answers if "error" not in row]
            elif how == "record":
                if [i for i, line in enumerate(lines) if line.startswith("error: ")] != sorted(bad):
                    raise Failure(f"lines from {source} have errors in other places")
                lines = [line for line in lines if not line.startswith("error: ")]
            # Rows that are answered together differ, and so does the order of sums.
            if not all_close([line.split() for line in lines], [line.split() for line in expected.splitlines()]):
                raise Failure(f"{source} {how} {form}: other answers than without the bad rows")
            if "10 of 1,000 rows" not in err:
                raise Failure(err)


def closed_pipe_ends_quietly(runs):
    runs.train("m.glsd", "--epochs", "1")
    process = runs.start("predict", "--model", "m.glsd", runs.test_file)
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    if process.wait(timeout=SECONDS) != -signal.SIGPIPE or err:
        raise Failure(f"status {process.returncode}, stderr {err!r}")


AWKWARD = """hidden = [6, 5]
precision = "bf16"
label-weights = "propensity"
sampler = "lsh:0.25+frequency:0.1"
active = "60%"
correction = "rising"
learning-rate = 0.012345678901234567
epsilon = 1e-20
weight-decay = 5e-324
rehash-period = 1000000000000
bucket-cap = 4294967295
seed = "18446744073709551615"
epochs = 1
"""


def resumed_text_is_deterministic(runs):
    """--deterministic is no part of a model file: whoever goes on says it again, and it counts."""
    (runs.folder / "t.txt").write_text(" ".join(f"word{i * i % 97}" for i in range(600_000)))
    begin = ["--preset", "text8", "--train", "t.txt", "--hidden", "16", "--subsampling", "0", "--quiet", "--deterministic", "on"]
    runs.call("train", *begin, "--model", "first.glsd", "--epochs", "1", "--threads", "1")
    for model, threads in (("one.glsd", "1"), ("two.glsd", "2")):
        runs.call("train", *begin, "--model", model, "--resume", "first.glsd", "--epochs", "3", "--threads", threads)
    if runs.bytes("one.glsd") != runs.bytes("two.glsd"):
        raise Failure("a text that is gone on with --deterministic on depends on the number of threads")


def info_can_be_given_back_as_config(runs):
    data = pathlib.Path(__file__).parent / "fixtures" / "tiny.txt"
    (runs.folder / "given.toml").write_text(AWKWARD)

    def options(model, config):
        runs.call("train", "--quiet", "--preset", "plain", "--train", str(data), "--model", model, "--config", config)
        return [line for line in runs.call("info", "--model", model)[0].splitlines() if " = " in line]

    first = options("a.glsd", "given.toml")
    (runs.folder / "told.toml").write_text("\n".join(first))
    if "hidden = [6,5]" not in first or 'seed = "18446744073709551615"' not in first or 'active = "60%"' not in first:
        raise Failure("\n".join(first))
    if first != options("b.glsd", "told.toml"):
        raise Failure("a model trained with the options that info prints has others")
    if runs.bytes("a.glsd") != runs.bytes("b.glsd"):
        raise Failure("a model trained with the options that info prints is another one")


def terminal_gets_one_line(runs):
    """On a terminal the progress line is rewritten in place."""
    ours, theirs = pty.openpty()
    command = [runs.context.glissade, "train", "--train", runs.train_file, "--model", "m.glsd", "--preset", "plain", "--epochs", "1", "--hidden", "64"]
    process = subprocess.Popen(command, cwd=runs.folder, env=runs.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    text = b""
    try:
        while block := os.read(ours, 65536):
            text += block
    except OSError:  # how Linux says that nobody holds the terminal's other end any more
        pass
    os.close(ours)
    if process.wait(timeout=SECONDS) != 0 or not re.search(rb"\repoch 1/1 +\d+ %[^\n]*ETA[^\n]*\x1b\[K\r", text):
        raise Failure(f"status {process.returncode}, terminal {text!r}")


def converted_data_train_the_same(runs):
    runs.call("convert", runs.train_file, "train.libsvm.gz", "--to", "libsvm")
    runs.call("convert", "train.libsvm.gz", "train.xmc.zst", "--format", "libsvm")
    args = ["--epochs", "1", "--threads", "1", "--seed", "7"]
    runs.train("a.glsd", *args)
    runs.call("train", "--train", "train.xmc.zst", "--model", "b.glsd", *SMALL, *args)
    if runs.bytes("a.glsd") != runs.bytes("b.glsd"):
        raise Failure("data that went through libsvm and back train another model")


def cache_is_cleared(runs):
    """'cache clear' removes the copies, and the next reading makes one."""
    (runs.folder / "a.txt").write_text("1 1 1\n0 0:1\n")
    copies = runs.folder / "copies"
    for _ in range(2):
        runs.call("convert", "a.txt", "b.txt", "--cache-dir", "copies")
        if len(list(copies.iterdir())) != 1:
            raise Failure(f"one copy was expected in {list(copies.iterdir())}")
        (copies / "mine").write_text("")
        _, told = runs.call("cache", "clear", "--cache-dir", "copies", "--limit", "0")
        if [path.name for path in copies.iterdir()] != ["mine"] or "removed 1 file" not in told:
            raise Failure(f"{list(copies.iterdir())} are left: {told}")
        (copies / "mine").unlink()
