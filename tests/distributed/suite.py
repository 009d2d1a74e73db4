"""Runs of several processes under Open MPI's mpirun, on this machine: one thread each, over shared memory."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import distributed.labels as labels
from runner import Failure, Skip

SECONDS = 120
ROWS = 2000
COMMON = ["--preset", "plain", "--hidden", "16", "--active", "128", "--learning-rate", "0.02", "--epochs", "2", "--batch", "96",
          "--threads", "1", "--precision", "fp32", "--holdout", "0.1", "--eval-rows", "all", "--feature-dropout", "0.1", "--hidden-dropout", "0.1"]
PARTS = ["--parts", "12"]  # of a batch, for what several processes share of it
# What a step may be made of, each with its own state.
VARIANTS = {
    "uniform draws": [],
    "tables, accumulated batches": ["--sampler", "lsh:0.4+frequency:0.2", "--tables", "8", "--k", "5", "--rehash-period", "300", "--rehash-threshold", "0.02",
                                    "--accumulate", "2", "--batch", "48"],
    "a learned table, sets per sample": ["--sampler", "lsh-learned", "--scope", "sample", "--parts", "12"],
    "sparse paths, two hidden layers": ["--sampler", "in-batch", "--hidden", "16,12", "--fan-in", "16", "--neighbours", "10", "--row-epochs", "1"],
}


class Ranks:
    """Where mpirun is, what it is to start, and what came of it."""

    def __init__(self, context, folder):
        self.context = context
        self.folder = pathlib.Path(folder)
        self.environment = context.clean_environment(folder)
        self.rows = context.first_rows(self.folder, ROWS)

    def command(self, ranks, *program):
        return ["mpirun", "--oversubscribe", "--allow-run-as-root", "--bind-to", "none", "-np", str(ranks), *map(str, self.sharing_parts(program))]

    def sharing_parts(self, program):
        """Ranks share parts of batches where a command does not say what they share."""
        return [*program, "--distribute", "data"] if "train" in program and not {"--distribute", "--communicate"} & set(program) else [*program]

    def train(self, *args, model="m.glsd"):
        usual = [*COMMON[2 if "--preset" in args else 0:], *([] if "labels" in args else PARTS)]
        return [self.context.glissade, "train", "--train", self.rows, "--model", model, *usual, *args]

    def run(self, command):
        return subprocess.run(list(map(str, command)), cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=SECONDS, check=False)

    def done(self, command):
        out = self.run(command)
        if out.returncode != 0:
            raise Failure(f"status {out.returncode}\n{out.stderr}")
        return out

    def trained(self, ranks, *args):
        """Log events of a whole run, the bytes of its model; 0 ranks: without mpirun."""
        command = self.train("--quiet", "--log-json", "log.jsonl", *args)
        self.done(self.command(ranks, *command) if ranks else command)
        events = [json.loads(line) for line in (self.folder / "log.jsonl").read_text().splitlines()]
        return [event for event in events if event["event"] == "epoch"], (self.folder / "m.glsd").read_bytes()

    def forget(self):
        for path in self.folder.glob("m.glsd*"):
            path.unlink()


def own_lines(text):
    return [line for line in text.splitlines() if line.startswith("glissade: ")]


def expect_line(done, status, words):
    lines = own_lines(done.stderr)
    if done.returncode != status or len(lines) != 1 or words not in lines[0]:
        raise Failure(f"status {done.returncode} instead of {status}, or not the one line '{words}':\n{done.stderr}")


def check_operations(ranks, count):
    done = ranks.done(ranks.command(count, ranks.context.build / "tests" / "distributed" / "rank-operations"))
    if done.stdout != f"{count} ranks agree\n":
        raise Failure(done.stdout + done.stderr)


def check_alike(ranks, args):
    """1 to 4 ranks learn what one process learns of the same parts."""
    alone, _ = ranks.trained(0, *args)
    for count in (1, 2, 3, 4):
        epochs, _ = ranks.trained(count, *args)
        for mine, other in zip(epochs, alone, strict=True):
            if abs(mine["loss"] - other["loss"]) > 1e-4 * other["loss"]:
                raise Failure(f"{count} ranks: loss {mine['loss']} in epoch {mine['epoch']}, one process {other['loss']}")
            if mine["steps"] != other["steps"] or mine["samples"] != other["samples"]:
                raise Failure(f"{count} ranks: {mine['steps']} steps, one process {other['steps']}")
            if abs(mine["p@1"] - other["p@1"]) > 0.02:
                raise Failure(f"{count} ranks: P@1 {mine['p@1']}, one process {other['p@1']}")
            if len(mine.get("ranks", [])) != (count if count > 1 else 0) or any(rank["bytes_sent"] == 0 for rank in mine.get("ranks", [])):
                raise Failure(f"{count} ranks are {mine.get('ranks')} in the log")


def check_same_bytes(ranks):
    args = VARIANTS["tables, accumulated batches"]
    first, again = ranks.trained(3, *args)[1], ranks.trained(3, *args)[1]
    if first != again:
        raise Failure("two runs of 3 ranks with one seed differ")


def check_ways(ranks):
    """What travels is less from way to way, and half of it in 16 bits; the model stays as good."""
    sent, answers = {}, {}
    for way in (["dense"], ["sparse"], ["coarse"], ["coarse", "--wire", "bf16"]):
        epochs = ranks.trained(3, "--batch", "24", "--hidden", "64", "--communicate", *way)[0]
        sent[way[-1]] = sum(rank["bytes_sent"] for epoch in epochs for rank in epoch["ranks"])
        answers[way[-1]] = epochs[-1]["p@1"]
        if any(epoch["ranks_steps"] != epoch["steps"] for epoch in epochs):
            raise Failure(f"{epochs[0]['ranks_steps']} steps of {epochs[0]['steps']} are counted")
    if not sent["dense"] > 5 * sent["sparse"] > 5 * 1.3 * sent["coarse"] or sent["bf16"] > 0.8 * sent["coarse"]:
        raise Failure(f"bytes sent: {sent}")
    if max(answers.values()) - min(answers.values()) > 0.05 or min(answers.values()) < 0.02:
        raise Failure(f"P@1: {answers}")


def check_usual_parts(ranks):
    """Without --parts a run of 2 ranks is that of one process with two parts."""
    command = [argument for argument in ranks.train("--log-json", "log.jsonl") if argument not in ("--parts", "12")]
    done = ranks.done(ranks.command(2, *command))
    if "2 ranks share each step of 96 samples, in parts of 48" not in done.stderr or done.stderr.count("epoch 2/2 done") != 1:
        raise Failure(done.stderr)
    loss = json.loads((ranks.folder / "log.jsonl").read_text().splitlines()[-2])["loss"]
    alone = ranks.trained(0, "--parts", "2")[0][-1]["loss"]
    if abs(loss - alone) > 1e-4 * alone:
        raise Failure(f"loss {loss}, one process with --parts 2 {alone}")


def check_refusals(ranks):
    """Ranks that do not fit each other: one line, and nothing is written."""
    def two(first, second):
        ranks.forget()
        done = ranks.run([*ranks.command(1, *first), ":", "-np", "1", *ranks.sharing_parts(second)])
        if (ranks.folder / "m.glsd").exists():
            raise Failure("a run that was refused has written a model")
        return done

    expect_line(two(ranks.train(), ranks.train("--learning-rate", "0.03")), 2, "rank 1 has another option --learning-rate than rank 0: '0.03', not '0.02'")
    other = ranks.folder / "other.txt"
    lines = ranks.rows.read_text().splitlines(keepends=True)
    other.write_text("".join([lines[0], *lines[2:], lines[1]]))
    swapped = [other if argument == ranks.rows else argument for argument in ranks.train()]
    expect_line(two(ranks.train(), swapped), 2, "rank 1 has another content of --train than rank 0")
    expect_line(two(ranks.train(), ["env", "GLISSADE_SIMD=scalar", *ranks.train()]), 2, "rank 1 has another instruction set (GLISSADE_SIMD) than rank 0: 'scalar'")
    # One that fails alone says so itself.
    gone = [ranks.folder / "none.txt" if argument == ranks.rows else argument for argument in ranks.train()]
    done = two(ranks.train(), gone)
    if done.returncode != 1 or "rank 1: cannot read" not in done.stderr or [line for line in own_lines(done.stderr)[1:] if "interrupted while" not in line]:
        raise Failure(f"status {done.returncode}\n{done.stderr}")
    expect_line(ranks.run(ranks.command(2, *gone)), 1, "none.txt")
    expect_line(ranks.run(ranks.command(2, *ranks.train("--autotune", "1"))), 2, "--autotune searches in one process")
    few = ["2" if before == "--parts" else argument for before, argument in zip([None, *ranks.train()], ranks.train())]
    expect_line(ranks.run(ranks.command(3, *few)), 2, "the 2 parts of a step (accumulate 1, parts 2) are too few for 3 ranks")


def children(process):
    """The processes that mpirun has started, by rank."""
    found = {}
    tasks = pathlib.Path(f"/proc/{process.pid}/task").glob("*/children")
    for pid in " ".join(task.read_text() for task in tasks).split():
        variables = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        found.update({int(one.split(b"=")[1]): int(pid) for one in variables if one.startswith(b"OMPI_COMM_WORLD_RANK=")})
    return found


def start_and_wait_for_steps(ranks, count, *args):
    """A run in the midst of its steps, that has a checkpoint behind it."""
    ranks.forget()
    command = ranks.command(count, *ranks.train("--quiet", "--epochs", "12", "--checkpoint-steps", "5", "--keep", "2", *args))
    process = subprocess.Popen(list(map(str, command)), cwd=ranks.folder, env=ranks.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + SECONDS
    while not [path for path in ranks.folder.glob("m.glsd.checkpoint-*") if path.name.split("-")[-1].isdigit() and ".tmp" not in path.name and ".shard-" not in path.name]:
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise Failure(f"no checkpoint came\n{process.communicate()[1]}")
        time.sleep(0.02)
    return process


def check_killed(ranks, victim):
    process = start_and_wait_for_steps(ranks, 3)
    start = time.monotonic()
    os.kill(children(process)[victim], signal.SIGKILL)
    _, err = process.communicate(timeout=SECONDS)
    seconds = time.monotonic() - start
    if process.returncode == 0 or seconds > 10:
        raise Failure(f"status {process.returncode} after {seconds:.1f} s\n{err}")
    if "rank %d with PID" % victim not in err or "signal 9" not in err or len(own_lines(err)) > 1:
        raise Failure(err)
    # The same number of ranks ends with the bytes of a run that nobody killed.
    ranks.done(ranks.command(3, *ranks.train("--quiet", "--epochs", "12", "--resume")))
    resumed = (ranks.folder / "m.glsd").read_bytes()
    ranks.forget()
    ranks.done(ranks.command(3, *ranks.train("--quiet", "--epochs", "12")))
    if (ranks.folder / "m.glsd").read_bytes() != resumed:
        raise Failure("the resumed run ended with another model than one that nobody killed")


def check_signal(ranks):
    """SIGTERM for rank 0 saves what is trained; all ranks end, and another number of ranks goes on."""
    process = start_and_wait_for_steps(ranks, 2)
    os.kill(children(process)[0], signal.SIGTERM)
    _, err = process.communicate(timeout=SECONDS)
    lines = own_lines(err)
    # What holds the state is a checkpoint, or the model file where an epoch had just ended.
    if process.returncode != 128 + signal.SIGTERM or "m.glsd" not in lines[-1] or "go on with --resume" not in lines[-1]:
        raise Failure(f"status {process.returncode}\n{err}")
    epochs = ranks.trained(4, "--epochs", "12", "--resume")[0]
    if epochs[-1]["epoch"] != 12:
        raise Failure(f"the resumed run ended after epoch {epochs[-1]['epoch']}")


def check_no_mpi_needed(context):
    for binary in (context.glissade, context.build / "engine" / "c_api" / "libglissade.so"):
        out = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
        if "mpi" in out:
            raise Failure(f"{binary} is linked with MPI:\n{out}")
    if module(context.build).exists() and "libmpi" not in subprocess.run(["ldd", module(context.build)], capture_output=True, text=True, check=True).stdout:
        raise Failure("the module is not linked with MPI, so this test sees nothing")


def check_without_module(ranks):
    """A program that lies alone finds no module."""
    alone = ranks.folder / "alone" / "bin"
    alone.mkdir(parents=True)
    shutil.copy(ranks.context.glissade, alone)
    command = [alone / "glissade", *ranks.train()[1:]]
    ranks.forget()
    expect_line(ranks.run(ranks.command(2, *command)), 1, "OMPI_COMM_WORLD_RANK is set, so MPI started this process, but this Glissade was built or installed without")
    ranks.done(ranks.command(1, *command, "--quiet"))  # one process needs none
    ranks.done([*command, "--quiet"])
    if not pathlib.Path(ranks.folder / "m.glsd").exists():
        raise Failure("there is no model")


def module(build):
    return build / "engine" / "communication" / "libglissade_mpi.so"


def skip_without_mpi(context):
    if shutil.which("mpirun") is None:
        raise Skip("mpirun is not installed (openmpi-bin)")
    if not module(context.build).exists():
        raise Skip(f"{context.build} was built without MPI (libopenmpi-dev)")


def run(context):
    with tempfile.TemporaryDirectory(prefix="glissade-ranks-") as folder:
        ranks = Ranks(context, folder)

        def case(name, function, *args):
            def guarded():
                skip_without_mpi(context)
                ranks.forget()
                function(ranks, *args)
            context.case(f"distributed: {name}", guarded)

        context.case("distributed: nothing but the module is linked with MPI", lambda: check_no_mpi_needed(context))
        for count in (2, 3, 4):
            case(f"the operations of {count} ranks", check_operations, count)
        for name, args in VARIANTS.items():
            case(f"1 to 4 ranks learn what one process learns: {name}", check_alike, args)
        case("the same ranks and seed, the same bytes", check_same_bytes)
        case("what travels is as little as was asked for", check_ways)
        case("a batch has as many parts as there are ranks", check_usual_parts)
        case("ranks that do not fit each other are refused", check_refusals)
        for victim in (1, 0):
            case(f"rank {victim} is killed, the run ends and is resumed", check_killed, victim)
        case("a signal saves what was trained, and more ranks go on", check_signal)
        case("mpirun without the module", check_without_module)
        labels.add_cases(case, expect_line, start_and_wait_for_steps, children)
