"""What `eval --examples` tells of mistakes, how `report` draws it, and `eval` of labels that may be answers. Each takes the runs of scenarios.py."""

import json
import re

from runner import Failure

HOSTILE = "</script><script>alert(1)</script> <!-- \"quoted\" 'single' & \\ red"


def mistakes_of(answers, truth):
    """Number, best label and probability of rows whose first answer is wrong, the most probable first."""
    wrong = [(row, own[0]) for row, (own, labels) in enumerate(zip(answers, truth)) if labels and own[0]["name"] not in labels]
    return [(row, best["name"], best["probability"]) for row, best in sorted(wrong, key=lambda one: (-one[1]["probability"], one[0]))]


def examples_are_the_worst_mistakes(runs):
    """Of 80 records more than 50 are wrong: what is shown follows from what predict answers, and no text breaks the page."""
    words = ["red", "blue", "green", "small", "large", "hat", "shoe"]
    rows = [{"t": f"{words[i % 7]} {words[i * 3 % 5]}", "l": [f"l{i % 4}"]} for i in range(80)]
    test = [{"t": f"{words[i % 7]} {words[i * 3 % 5]} {'x' * (i % 3)}", "l": [f"l{(i * 7 + i // 4) % 5}"] if i % 9 else []} for i in range(100)]
    test[10]["t"] = HOSTILE
    test[11]["t"] = "red " + "\u00e9" * 4_000_000
    for name, records in (("train.jsonl", rows), ("test.jsonl", test)):
        (runs.folder / name).write_text("".join(json.dumps(record) + "\n" for record in records))
    runs.call("train", "--quiet", "--train", "train.jsonl", "--text", "t", "--labels", "l", "--model", "m.glsd", "--preset", "plain", "--hidden", "8",
              "--epochs", "3", "--threads", "1", "--log-json", "run.jsonl")
    runs.call("eval", "--model", "m.glsd", "--test", "test.jsonl", "--examples", "e.json")
    told = json.loads((runs.folder / "e.json").read_text(encoding="utf-8"))
    answers = [json.loads(line)["answers"] for line in runs.call("predict", "--model", "m.glsd", "--output", "json", "test.jsonl")[0].splitlines()]
    expected = mistakes_of(answers, [record["l"] for record in test])
    if len(expected) <= 50 or len(told["mistakes"]) != 50:
        raise Failure(f"{len(told['mistakes'])} of {len(expected)} mistakes are told")
    for one, (row, name, probability) in zip(told["mistakes"], expected):
        text = test[row]["t"]
        shown = text if len(text) < 500 else text[:252] + "\u2026"  # 4 bytes and 248 letters of two
        if one["row"] != row + 1 or one["answers"][0]["label"] != name or abs(one["answers"][0]["probability"] - probability) > 1e-3 * probability:
            raise Failure(f"row {row + 1}, {name} {probability} should be where {one} is")
        known = [label if label != "l4" else "(unknown to the model)" for label in test[row]["l"]]
        if one["text"] != shown.strip() and one["text"] != shown or one["labels"] != known or [a["true"] for a in one["answers"]] != [a["label"] in known for a in one["answers"]]:
            raise Failure(f"row {row + 1}, {test[row]['l']}, is told as {one}")
    if told["evaluation"]["samples"] != 100 or not told["evaluation"]["by_frequency"]:
        raise Failure(f"the scores are {told['evaluation']}")
    # Whatever its texts are, the page has the two elements of data and the script.
    told["mistakes"][0]["text"] = HOSTILE
    (runs.folder / "hostile.json").write_text(json.dumps(told))
    page = runs.call("report", "run.jsonl", "--examples", "hostile.json", "--examples", "e.json")[0]
    if page.count("<script") != 3 or page.count("</script>") != 3 or "alert(1)</" in page:
        raise Failure("a text ends an element of the page")
    text = re.search(r'<script type="application/json" id="examples">(.*?)</script>', page, re.DOTALL).group(1)
    if json.loads(text) != [told, json.loads((runs.folder / "e.json").read_text(encoding="utf-8"))]:
        raise Failure("the page holds other examples than the files")


def examples_of_ids_are_features(runs):
    """Features with names are told by these, those of the largest values first; others by their ids."""
    (runs.folder / "rows.txt").write_text("3 4 2\n0 0:1 1:2\n1 2:1 3:2\n0 0:1 3:1\n")
    (runs.folder / "asked.txt").write_text("2 4 2\n1 0:1 1:-2\n1 2:1 3:2\n")
    (runs.folder / "features.txt").write_text("red\nblue\n<b>\nhat\n")
    for more, text in ((["--feature-names", "features.txt"], "blue, red"), ([], "1:-2, 0:1")):
        runs.call("train", "--quiet", "--train", "rows.txt", "--model", "m.glsd", "--preset", "plain", "--hidden", "8", "--epochs", "40", "--threads", "1",
                  "--weighting", "given", *more)
        runs.call("eval", "--model", "m.glsd", "--test", "asked.txt", "--examples", "e.json")
        told = json.loads((runs.folder / "e.json").read_text())["mistakes"]
        if [(one["row"], one["text"], one["labels"]) for one in told] != [(1, text, ["1"])]:
            raise Failure(f"told are {told}")


def permitted_labels_are_scored(runs):
    """eval with lists scores what predict with these lists answers; the answers go through a file here."""
    runs.train("m.glsd", "--epochs", "1")
    labels = json.loads(runs.call("eval", "--model", "m.glsd", "--test", runs.test_file, "--examples", "e.json", "--json")[0])
    (runs.folder / "some.txt").write_text("".join(f"{label}\n" for label in range(0, 2000, 2)))
    seen = []
    for lists in (["--allow", "some.txt"], ["--deny", "some.txt"]):
        scored = json.loads(runs.call("eval", "--model", "m.glsd", "--test", runs.test_file, "--json", *lists)[0])
        (runs.folder / "a.txt").write_text(runs.call("predict", "--model", "m.glsd", *lists, runs.test_file)[0])
        told = json.loads(runs.call("eval", "--predictions", "a.txt", "--test", runs.test_file, "--train", runs.train_file, "--json")[0])
        differ = [name for name in told if told[name] != scored[name] and not (name == "propensity" or isinstance(told[name], (dict, list)))]
        if differ or told["interval_95"] != scored["interval_95"]:
            raise Failure(f"{lists}: {differ} of {scored} are otherwise than those of the answers, {told}")
        seen.append(scored["p@1"])
    if not 0 < seen[0] < labels["p@1"] or not 0 < seen[1] < labels["p@1"] or not 0 < scored["candidates_share"] <= 1:
        raise Failure(f"P@1 {seen} of {labels['p@1']}")
