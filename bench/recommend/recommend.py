#!/usr/bin/env python3
"""Glissade beside popularity, item-kNN, and ALS and BPR of the package implicit: which items come next? All tools know the same events, rank all items, and
answer what a user has already, or not, alike. Glissade has its defaults. The others have settings out of a small grid, chosen on other held-out items than
those that are reported."""

import argparse
import dataclasses
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

import numpy as np

import logs
import measures
import rivals

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHOWN = ["hr@5", "ndcg@5", "hr@10", "ndcg@10", "hr@20", "ndcg@20", "recall@20"]
OURS = ("glissade", "glissade-log")


def fail(message):
    print(f"recommend: {message}", file=sys.stderr)
    sys.exit(1)


@dataclasses.dataclass
class Result:
    name: str
    answers: np.ndarray
    train_seconds: float
    answer_seconds: float
    choice_seconds: float = 0.0  # of all settings, training and answering
    settings: str = ""


def timed(work):
    begin = time.monotonic()
    return work(), time.monotonic() - begin


def score(question, answers, measure):
    return measures.of_users(answers, question.truths)[measure].mean()


def run_rival(rival, grid, task, leaves_out, measure, threads):
    """Chosen out of `grid` by `measure` on task.choice, then trained on all that task.final knows."""
    def data(question):
        return rivals.Data(question, len(task.items), leaves_out, threads)

    def tried(settings):
        model = rival(**settings)
        model.fit(data(task.choice))
        found = score(task.choice, model.answer(data(task.choice)), measure)
        print(f"recommend: {rival.name} {settings}: {measure} {found:.4f}", file=sys.stderr)
        return found

    usable = [settings for settings in grid if task.ordered or settings.get("decay", 1.0) == 1.0]
    choice_seconds = 0.0
    chosen = usable[0]
    if len(usable) > 1:
        found, choice_seconds = timed(lambda: [tried(settings) for settings in usable])
        chosen = usable[int(np.argmax(found))]
    model = rival(**chosen)
    _, train_seconds = timed(lambda: model.fit(data(task.final)))
    answers, answer_seconds = timed(lambda: model.answer(data(task.final)))
    return Result(rival.name, answers, train_seconds, answer_seconds, choice_seconds, ", ".join(f"{k} {v}" for k, v in chosen.items()))


class Glissade:
    """One training and one prediction on the command line."""

    def __init__(self, arguments, options, folder):
        self.program, self.folder, self.options = f"{arguments.build}/apps/glissade", folder, options
        self.threads = ["--threads", str(arguments.threads)] if arguments.threads else []

    def run(self, name, train, asked, asked_rows, numbers, separator):
        """`train`: the arguments of the training; `asked`: the file to answer, of `asked_rows` users; `numbers`: of items by name."""
        model = f"{self.folder}/model.glsd"
        command = [self.program, "train", *train, "--model", model, "--slim", "--quiet", *self.threads, *self.options]
        _, train_seconds = timed(lambda: self.call(command))
        question = [self.program, "predict", "--model", model, asked, "--k", str(measures.DEPTH), *self.threads]
        text, answer_seconds = timed(lambda: self.call(question))
        answers = [[numbers[pair.rsplit(":", 1)[0]] for pair in line.split(separator) if pair] for line in text.splitlines()]
        if len(answers) != asked_rows:
            fail(f"'predict' answered {len(answers)} of {asked_rows} users")
        answers = np.array([row + [-1] * (measures.DEPTH - len(row)) for row in answers])
        return Result(name, answers, train_seconds, answer_seconds, settings=" ".join(self.options) or "defaults")

    def call(self, command):
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            fail(f"'{shlex.join(command)}' ended with exit status {done.returncode}")
        return done.stdout


def run_on_log(glissade, task, leaves_out):
    """Straight from a log; of items without an order, one without times."""
    known, asked = f"{glissade.folder}/log.csv", f"{glissade.folder}/asked.csv"
    logs.write_log(known, task.final.histories, range(len(task.final.histories)), task.items)
    logs.write_log(asked, task.final.histories, task.final.asked, task.items)
    train = ["--train", known, "--user", "user", "--item", "item", "--exclude-input", "on" if leaves_out else "off"]
    train += ["--time", "time"] if task.ordered else []
    return glissade.run("Glissade, from the log", train, asked, len(task.final.asked), {name: i for i, name in enumerate(task.items)}, "\t")


def run_on_rows(glissade, rows, asked):
    """From rows of XMC text as they are."""
    train, test, items = rows
    return glissade.run("Glissade, from the rows", ["--train", train], test, asked, {str(item): item for item in range(items)}, " ")


def data_file(name):
    path = pathlib.Path(os.environ.get("GLISSADE_DATA", ROOT / "../shared/data")) / name
    if not path.is_file():
        fail(f"'{path}' is not there; set GLISSADE_DATA, or name a log with --log")
    return str(path)


def read(arguments):
    """The task, and the files of rows if the data are rows."""
    if arguments.log:
        if not arguments.user or not arguments.item:
            fail("a log needs the columns of users and items; give --user COLUMN and --item COLUMN")
        if not pathlib.Path(arguments.log).is_file():
            fail(f"'{arguments.log}' is no file; name another")
        try:
            task = logs.read_log(arguments.log, arguments.user, arguments.item, arguments.time)
        except ValueError as error:
            fail(str(error))
        if not task.final.asked or not task.choice.asked:
            fail(f"'{arguments.log}' has no user with three events, and two of them are held out; give it more")
        return task, None
    if arguments.data == "beauty":
        return logs.read_sequences(data_file("beauty/sequences.txt.zst")), None
    train, test = data_file("gowalla/train.txt.zst"), data_file("gowalla/test.txt.zst")
    task = logs.read_baskets(train, test)
    return task, (train, test, len(task.items))


def table(results, question, items):
    heads = ["tool", "settings", *(head.replace("hr", "HR").replace("ndcg", "nDCG") for head in SHOWN), "coverage@20", "choice s", "train s", "answer s"]
    print(f"| {' | '.join(heads)} |\n|---|---|{'--:|' * (len(heads) - 2)}")
    for result in results:
        found = measures.of_users(result.answers, question.truths)
        cells = [f"{mean:.4f} ±{(high - low) / 2:.4f}" for mean, low, high in measures.intervals([found[name] for name in SHOWN])]
        seconds = [f"{value:.1f}" for value in (result.choice_seconds, result.train_seconds, result.answer_seconds)]
        print(f"| {' | '.join([result.name, result.settings, *cells, f'{measures.coverage(result.answers, items):.2f}', *seconds])} |", flush=True)


def differences(results, question, measure):
    """What the best of Glissade's results has more than each of the others, paired."""
    values = {result.name: measures.of_users(result.answers, question.truths)[measure] for result in results}
    ours = max((name for name in values if name.startswith("Glissade")), key=lambda name: values[name].mean(), default=None)
    others = [name for name in values if not name.startswith("Glissade")]
    if not ours or not others:
        return
    for name, (mean, low, high) in zip(others, measures.intervals([values[ours] - values[name] for name in others])):
        print(f"{ours} less {name}, {measure}: {mean:+.4f} ({low:+.4f} to {high:+.4f})")


def main():
    own, options = sys.argv[1:], []
    if "--" in own:
        own, options = own[: own.index("--")], own[own.index("--") + 1 :]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--data", choices=("beauty", "gowalla"), default="beauty", help="of $GLISSADE_DATA; default beauty")
    parser.add_argument("--log", help="instead: a CSV file with a header; may end in .zst")
    parser.add_argument("--user", metavar="COLUMN")
    parser.add_argument("--item", metavar="COLUMN")
    parser.add_argument("--time", metavar="COLUMN", help="numbers, or dates that sort as texts; default: the order of the file")
    parser.add_argument("--tools", default="glissade,glissade-log,popularity,knn,als,bpr", help="default: all; glissade-log is for rows without an order")
    parser.add_argument("--grid", choices=("all", "few"), default="all", help="settings of the others that are tried; default all")
    parser.add_argument("--measure", default="ndcg@10", help="that settings are chosen by; default ndcg@10")
    parser.add_argument("--threads", type=int, default=0, help="default: all")
    parser.add_argument("--json", metavar="FILE", help="write all means there, too")
    arguments = parser.parse_args(own)
    tools = arguments.tools.split(",")
    if unknown := set(tools) - {*OURS, *rivals.ALL}:
        fail(f"--tools: there is no {', '.join(sorted(unknown))}; there are {', '.join([*OURS, *rivals.ALL])}")
    task, rows = read(arguments)
    leaves_out = not task.repeats()
    histories, asked = task.final.histories, len(task.final.asked)
    seen = "no tool answers what a user has already" if leaves_out else "all tools may answer what a user has already"
    print(f"{len(histories)} users, {sum(map(len, histories))} events known, {len(task.items)} items, all ranked; {asked} users asked; {seen}\n")
    results = []
    with tempfile.TemporaryDirectory(prefix="glissade-recommend-") as folder:
        glissade = Glissade(arguments, options, folder)
        if "glissade" in tools and rows:
            results.append(run_on_rows(glissade, rows, asked))
        if ("glissade-log" if rows else "glissade") in tools:
            results.append(run_on_log(glissade, task, leaves_out))
    threads = arguments.threads or len(os.sched_getaffinity(0))
    for rival in (rivals.ALL[name] for name in rivals.ALL if name in tools):
        grid = rivals.FEW.get(rival.name, rival.settings) if arguments.grid == "few" else rival.settings
        results.append(run_rival(rival, grid, task, leaves_out, arguments.measure, threads))
    table(results, task.final, len(task.items))
    print()
    differences(results, task.final, arguments.measure)
    if arguments.json:
        means = {r.name: {name: float(v.mean()) for name, v in measures.of_users(r.answers, task.final.truths).items()} for r in results}
        pathlib.Path(arguments.json).write_text(json.dumps(means) + "\n")


if __name__ == "__main__":
    main()
