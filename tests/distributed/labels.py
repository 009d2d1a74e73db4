"""train --distribute labels: ranks that share the rows of a model out."""

import json
import os
import signal

from runner import Failure
from serve.server import Server

ROWS = 2000
LABELS = ["--distribute", "labels"]
VARIANTS = {
    "softmax, uniform draws": [],
    "sigmoids, all labels": ["--loss", "bce", "--sampler", "full"],
    "frequent labels, two hidden layers": ["--sampler", "frequency", "--hidden", "16,12"],
    "sparse paths, centroids, averages, the decoupled loss": ["--preset", "short-text", "--hidden", "16", "--active", "128", "--epochs", "2", "--fan-in", "16",
                                                              "--neighbours", "10", "--row-epochs", "1"],
    "sets per sample, large steps, clipped gradients": ["--scope", "sample", "--batch", "192", "--reference-batch", "96", "--clip-norm", "0.1"],
}
# Each rank looks for rows among its own: their sets differ with the ranks, as those of another seed.
OWN_ROWS = {
    "tables": ["--sampler", "lsh:0.4+frequency:0.2", "--tables", "8", "--k", "5", "--rehash-period", "300", "--rehash-threshold", "0.02"],
    "a learned table, sets per sample": ["--sampler", "lsh-learned", "--scope", "sample"],
    "the best rows": ["--sampler", "exact:0.5+frequency:0.2"],
}


def check_alike(ranks, args):
    alone, _ = ranks.trained(0, "--parts", "1", *args)
    for count in (1, 2, 3, 4):
        epochs, _ = ranks.trained(count, *LABELS, *args)
        for mine, other in zip(epochs, alone, strict=True):
            if abs(mine["loss"] - other["loss"]) > 1e-4 * other["loss"] or mine["steps"] != other["steps"]:
                raise Failure(f"{count} ranks: loss {mine['loss']} in epoch {mine['epoch']}, one process {other['loss']}")
            if abs(mine["p@1"] - other["p@1"]) > 0.02:
                raise Failure(f"{count} ranks: P@1 {mine['p@1']}, one process {other['p@1']}")


def check_close(ranks, args):
    alone = ranks.trained(0, "--parts", "1", *args)[0][-1]
    for count in (2, 4):
        mine = ranks.trained(count, *LABELS, *args)[0][-1]
        if abs(mine["loss"] - alone["loss"]) > 0.05 * alone["loss"] or abs(mine["p@1"] - alone["p@1"]) > 0.04:
            raise Failure(f"{count} ranks: {mine}, one process {alone}")


def check_usual(ranks):
    """What mpirun starts shares rows out, unless an option is given that is about gradients of rows."""
    for args, line in (([], "2 ranks share the rows of"), (["--communicate", "sparse"], "2 ranks share each step of")):
        done = ranks.done(ranks.command(2, *ranks.train(*args, "--distribute", "auto")))
        if line not in done.stderr:
            raise Failure(done.stderr)


def check_halves(ranks):
    """Sums of rounded numbers differ with the ranks, in the last bits that 16 bits have."""
    loss = [ranks.trained(count, *LABELS, "--precision", "bf16-mixed")[0][-1]["loss"] for count in (1, 3)]
    if abs(loss[0] - loss[1]) > 5e-3 * loss[0]:
        raise Failure(f"losses of 1 and 3 ranks: {loss}")


def check_same_bytes(ranks):
    if ranks.trained(3, *LABELS)[1] != ranks.trained(3, *LABELS)[1]:
        raise Failure("two runs of 3 ranks with one seed differ")


def check_bytes_sent(ranks):
    """Sums of the hidden layer there and back, for 96 samples of 32 floats, whatever the shape."""
    epoch = ranks.trained(2, *LABELS)[0][0]
    at_least, steps = 2 * 96 * 32 * 4, epoch["steps"]
    for rank in epoch["ranks"]:
        if not at_least * 0.9 < rank["bytes_sent"] / steps:
            raise Failure(f"{rank['bytes_sent'] / steps} bytes a step, less than sums take")


def check_refusals(ranks, expect_line):
    def refused(*args):
        return ranks.run(ranks.command(2, *ranks.train(*LABELS, *args)))

    expect_line(refused("--batches", "similar"), 2, "option 'batches': similar samples cannot be shared out by labels")
    if (ranks.folder / "m.glsd").exists():
        raise Failure("a run that was refused has written a model")


def check_resumed(ranks):
    """What 2 ranks have trained goes on with 3, and by one process, to the same end but for rounding."""
    ends = []
    for count, more in ((3, LABELS), (0, ["--parts", "1"])):
        ranks.forget()
        ranks.trained(2, *LABELS)
        ends.append(ranks.trained(count, *more, "--epochs", "4", "--resume")[0][-1])
    if [end["epoch"] for end in ends] != [4, 4] or abs(ends[0]["loss"] - ends[1]["loss"]) > 1e-4 * ends[1]["loss"]:
        raise Failure(f"3 ranks {ends[0]}\none process {ends[1]}")


def shards(ranks, name="m.glsd"):
    return sorted(path.name for path in ranks.folder.glob(f"{name}*.shard-*"))


def check_files(ranks, expect_line):
    """Shards answer as the merged file does, whoever reads them."""
    ranks.trained(3, *LABELS, "--keep", "1")
    if len(shards(ranks)) != 3:
        raise Failure(f"3 ranks left {shards(ranks)}")
    test = ranks.rows
    answers = {}
    for name, command in (("3 ranks", ranks.command(3, ranks.context.glissade)), ("2 ranks", ranks.command(2, ranks.context.glissade)),
                          ("one process", [ranks.context.glissade])):
        answers[name] = (ranks.done([*command, "predict", "--model", "m.glsd", test, "--k", "3", "--search", "exact"]).stdout,
                         ranks.done([*command, "eval", "--model", "m.glsd", "--test", test, "--json", "--search", "exact"]).stdout)
    ranks.done([ranks.context.glissade, "convert", "--merge", "m.glsd", "whole.glsd"])
    answers["merged"] = tuple(ranks.done([ranks.context.glissade, command, "--model", "whole.glsd", *rest, "--search", "exact"]).stdout
                              for command, rest in (("predict", [test, "--k", "3"]), ("eval", ["--test", test, "--json"])))
    labels = {name: [[pair.split(":")[0] for pair in line.split()] for line in text.splitlines()] for name, (text, _) in answers.items()}
    wanted = labels["one process"]
    for name, found in labels.items():
        same = sum(one == two for one, two in zip(found, wanted, strict=True))
        if len(found) != ROWS or same < 0.99 * ROWS:
            raise Failure(f"{name}: {same} of {len(found)} rows are answered as by one process")
    precision = {name: json.loads(text)["precision"][0] if "precision" in json.loads(text) else json.loads(text)["p@1"] for name, (_, text) in answers.items()}
    if max(precision.values()) - min(precision.values()) > 0.002 or min(precision.values()) < 0.02:
        raise Failure(f"P@1: {precision}")
    expect_line(ranks.run(ranks.command(2, ranks.context.glissade, "predict", "--model", "m.glsd", test, "--search", "tables")), 2, "search by tables")
    (ranks.folder / shards(ranks)[1]).unlink()
    expect_line(ranks.run([ranks.context.glissade, "predict", "--model", "m.glsd", test]), 1, "put all of its files back from a copy")


def check_served(ranks, children):
    """Two processes answer over HTTP what one predicts from the same shards."""
    ranks.trained(2, *LABELS, "--preset", "short-text", "--hidden", "16", "--epochs", "1", "--fan-in", "16", "--neighbours", "10", "--row-epochs", "1")
    row = ranks.rows.read_text().splitlines()[1].split(" ", 1)[1]
    question = {"input": {"features": {feature: float(value) for feature, value in (pair.split(":") for pair in row.split())}}, "k": 3}
    answers = {}
    for name, launcher in (("two processes", ranks.command(2)), ("one process", [])):
        with Server(ranks.context, ranks.folder, "--model", "m.glsd", launcher=launcher, environment=ranks.environment) as server:
            answers[name] = [one["label"] for one in server.good("/v1/predict", question)["answers"][0]]
            if name == "two processes":
                status, answer = server.post("/v1/predict", {**question, "explain": True})
                if status != 400 or "an explanation needs all rows in one process" not in answer["error"]:
                    raise Failure(f"explain among ranks: {status} {answer}")
                os.kill(children(server.process)[0], signal.SIGTERM)  # mpirun itself would end with 1
                if server.process.wait(60) != 0:
                    raise Failure("the server did not end well")
    if answers["two processes"] != answers["one process"] or len(answers["one process"]) != 3:
        raise Failure(str(answers))


def check_killed(ranks, start_and_wait, children):
    """A rank is killed in the midst of an epoch: the run goes on from the checkpoint, to the end of one that nobody killed."""
    process = start_and_wait(ranks, 3, *LABELS)
    os.kill(children(process)[2], signal.SIGKILL)
    process.communicate(timeout=60)
    checkpoint = [path for path in ranks.folder.glob("m.glsd.checkpoint-*") if ".shard-" not in path.name and ".tmp" not in path.name]
    if process.returncode == 0 or not checkpoint:
        raise Failure(f"status {process.returncode}, checkpoints {checkpoint}")
    ranks.done(ranks.command(3, *ranks.train("--quiet", "--epochs", "12", "--resume", *LABELS)))
    resumed = (ranks.folder / "m.glsd").read_bytes()
    if len(shards(ranks)) != 3:
        raise Failure(f"behind the run there are {shards(ranks)}")
    ranks.forget()
    ranks.done(ranks.command(3, *ranks.train("--quiet", "--epochs", "12", *LABELS)))
    if (ranks.folder / "m.glsd").read_bytes() != resumed:
        raise Failure("the resumed run ended with another model than one that nobody killed")


def add_cases(case, expect_line, start_and_wait, children):
    for name, args in VARIANTS.items():
        case(f"1 to 4 ranks share rows out and learn what one process learns: {name}", check_alike, args)
    for name, args in OWN_ROWS.items():
        case(f"ranks that share rows out look for them among their own: {name}", check_close, args)
    case("what mpirun starts shares rows out", check_usual)
    case("ranks share rows of 16 bits out", check_halves)
    case("the same ranks and seed that share rows out, the same bytes", check_same_bytes)
    case("what ranks send that share rows out", check_bytes_sent)
    case("more ranks go on with rows that fewer have shared out", check_resumed)
    case("shards answer as one file does", check_files, expect_line)
    case("two processes serve a model that they share out", check_served, children)
    case("a rank that shares rows out is killed within an epoch", check_killed, start_and_wait, children)
    case("what cannot be shared out is refused", check_refusals, expect_line)
