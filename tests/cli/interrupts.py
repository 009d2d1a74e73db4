"""Signals that meet a run of the command line, and files that vanish under it: what is said, what is kept, how soon it ends."""

import os
import pty
import re
import signal
import subprocess
import time

from runner import Failure
from cli.scenarios import SECONDS, SMALL, run_checks, wait_for

NOTHING_YET = "; nothing to save yet\n"
ACKNOWLEDGED = r"{}: stopping after this step, to save the state; a second (?:Ctrl-C|signal) ends at once\n"


def run(context):
    run_checks(context, (signal_to_the_group_spares_the_saver, killed_saver_is_named, hangup_saves_and_nohup_goes_on, second_signal_ends_at_once,
                         interrupted_while_data_are_read, interrupted_in_each_activity, interrupted_before_a_watched_epoch_is_judged, model_cut_short_under_predict, cache_cut_short_under_training))


def wait_until(process, condition, what):
    """Waits for something that the process brings about."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failure(f"{what} did not come; exit status {process.returncode}: {process.stderr.read()}")
        time.sleep(0.002)


def ends_with(process, status, pattern):
    """The text on standard error, all of which matches."""
    _, err = process.communicate(timeout=SECONDS)
    if process.returncode != status or not re.fullmatch(pattern, err):
        raise Failure(f"exit status {process.returncode}, expected {status}; stderr\n{err}is not like\n{pattern}")
    return err


def no_temporary_files(runs):
    left = [path.name for path in runs.folder.iterdir() if ".tmp" in path.name]
    if left:
        raise Failure(f"left behind: {left}")


def with_a_saver_at_work(runs):
    """A training in a process group of its own whose child is writing a checkpoint; the model is wide, so that this takes its time."""
    runs.call("generate", "--shape", "2000x20000x40000", "--test-samples", "10", "--out", "wide")
    process = runs.start("train", "--train", "wide.train.txt", "--preset", "plain", "--hidden", "128", "--epochs", "200", "--batch", "256", "--checkpoint-steps",
                         "1", "--model", "m.glsd", "--quiet", start_new_session=True)
    wait_until(process, lambda: children(process) and list(runs.folder.glob("m.glsd*.tmp-*")), "a checkpoint under way")
    return process


def children(process):
    return [int(number) for number in open(f"/proc/{process.pid}/task/{process.pid}/children").read().split()]


def signal_to_the_group_spares_the_saver(runs):
    """What docker, systemd and SLURM do: the saver is spared, no memory is blamed, nothing stays behind."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        process = with_a_saver_at_work(runs)
        os.killpg(process.pid, number)
        err = ends_with(process, 128 + number, r"glissade: interrupted; '.*' holds .*; go on with --resume\n")
        no_temporary_files(runs)
        runs.call("info", "--model", re.search("'(.*)' holds", err)[1])
        for path in runs.folder.glob("m.glsd*"):
            path.unlink()


def killed_saver_is_named(runs):
    """A saver that something else kills: the message says by what, and what it had written goes."""
    for _ in range(10):  # now and then it is done just before it is killed
        process = with_a_saver_at_work(runs)
        for child in children(process):
            os.kill(child, signal.SIGKILL)
        process.send_signal(signal.SIGTERM)
        killed = r"glissade: '.*' cannot be written: the process that saves it was ended by SIGKILL; check the free memory; training goes on\n"
        err = ends_with(process, 143, rf"({killed})?glissade: interrupted; .*\n")
        no_temporary_files(runs)
        if err.count("\n") == 2:
            return
    raise Failure("no saver was killed")


def long_run(runs, *args, **options):
    return runs.start("train", "--train", runs.train_file, "--model", "m.glsd", *SMALL[:-1], "--epochs", "500", *args, **options)


def hangup_saves_and_nohup_goes_on(runs):
    process = long_run(runs, "--quiet")
    wait_for(process, runs.folder / "m.glsd")
    process.send_signal(signal.SIGHUP)
    ends_with(process, 129, r"glissade: interrupted; .* holds .*; go on with --resume\n")
    process = long_run(runs, "--quiet", "--resume", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    time.sleep(0.3)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    if process.poll() is not None:
        raise Failure(f"a hang-up that nohup ignores ended the run with {process.returncode}: {process.stderr.read()}")
    process.kill()
    process.communicate()


def second_signal_ends_at_once(runs):
    """Both signals wait for a stopped process, so that both come before any step ends."""
    process = long_run(runs)
    wait_for(process, runs.folder / "m.glsd")
    process.send_signal(signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    err = process.communicate(timeout=SECONDS)[1]
    if process.returncode not in (-signal.SIGINT, -signal.SIGTERM) or "interrupted" in err:
        raise Failure(f"exit status {process.returncode}: {err}")
    if len(re.findall("(?m)^" + ACKNOWLEDGED.format("(?:SIGINT|SIGTERM)"), err)) != 1:
        raise Failure(f"the first signal is not acknowledged by one line:\n{err}")
    # What the killed run was writing goes with the next one.
    process = long_run(runs, "--quiet", "--resume")
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=SECONDS)
    no_temporary_files(runs)


def interrupted_while_data_are_read(runs):
    """The data come from a pipe that says nothing more."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        pipe = runs.folder / f"pipe-{number}"
        os.mkfifo(pipe)
        process = runs.start("train", "--train", pipe.name, "--format", "xmc", "--model", "m.glsd")
        with open(pipe, "w") as data:
            data.write("2 2 2\n0 0:1\n")
            data.flush()
            start = time.monotonic()
            process.send_signal(number)
            ends_with(process, 128 + number, "glissade: interrupted while reading the data" + NOTHING_YET)
            if time.monotonic() - start > 3:
                raise Failure(f"the end came after {time.monotonic() - start:.1f} s")
    if (runs.folder / "m.glsd").exists():
        raise Failure("there is a model")


CUT_SHORT = r"glissade: '[^']*/{}' was cut short or rewritten while it was in use, or its disk failed; replace a file by renaming a new one \(mv\), never in place\n"


def model_cut_short_under_predict(runs):
    """One line that names the file and says how to replace it, not a crash by SIGBUS."""
    runs.train("m.glsd", "--epochs", "1", "--hidden", "64")
    process = runs.start("predict", "--model", "m.glsd", "--k", "2", "-")
    process.stdin.write("1:0.5 7:0.25\n")
    process.stdin.flush()
    process.stdout.readline()
    os.truncate(runs.folder / "m.glsd", 4096)
    process.stdin.write("3:1\n")
    process.stdin.flush()
    ends_with(process, 1, CUT_SHORT.format("m.glsd"))
    # Another SIGBUS is none of this handler's business.
    process = long_run(runs, "--quiet")
    time.sleep(0.2)
    process.send_signal(signal.SIGBUS)
    ends_with(process, -signal.SIGBUS, "")


def cache_cut_short_under_training(runs):
    """The cache of the data that training reads from."""
    process = long_run(runs, "--quiet")
    wait_for(process, runs.folder / "m.glsd")
    cached, = [path for path in (runs.folder / "cache").rglob("*") if path.is_file() and path.stat().st_size > 1 << 20]
    os.truncate(cached, 4096)
    ends_with(process, 1, CUT_SHORT.format(re.escape(cached.name)))


# Long enough on one thread, also on a fast machine, that each activity is seen on the progress line, which is drawn five times a second.
SPARSE = ["--preset", "long-text", "--hidden", "256", "--active", "8192", "--epochs", "1", "--threads", "1", "--deterministic", "on"]
# What the progress line says, and what is kept when a signal comes while it says so.
NOTHING = r"glissade: interrupted while [a-z ]+; nothing to save yet"  # the next activity may have begun
STATE = r"glissade: interrupted; '(?P<file>m\.glsd\.checkpoint-\d+)' holds step \d+, [\d,]+ samples into epoch 1; go on with --resume"
ACTIVITIES = {
    "learning feature weights": NOTHING,
    "training sparse rows": NOTHING,
    r"\d %  [\d,]+ samples/s": STATE,
    "weighing paths|training the ranker": STATE,
}
MOST_SECONDS = 3  # 1 on a free machine


class Terminal:
    """A run whose standard error is a terminal, as the progress line wants it."""

    def __init__(self, runs, *args):
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen([runs.context.glissade, *args], cwd=runs.folder, env=runs.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        self.text = ""

    def read(self):
        """False at the end."""
        try:
            block = os.read(self.ours, 65536)
        except OSError:  # how Linux says that nobody holds the terminal's other end any more
            block = b""
        self.text += block.decode()
        return bool(block)

    def interrupt_at(self, pattern):
        """SIGINT once the line says `pattern`; seconds from then to the end, None if it never said so."""
        sent = None
        while self.read():
            if sent is None and re.search(pattern, self.text):
                sent = time.monotonic()
                self.process.send_signal(signal.SIGINT)
        os.close(self.ours)
        self.process.wait(timeout=SECONDS)
        return None if sent is None else time.monotonic() - sent


def interrupted_in_each_activity(runs):
    """Whatever goes on: acknowledged by one line, at an end within a second, a state or the word that there is none; and the run that goes
    on from the state ends with the bytes of one that nobody stopped."""
    runs.call("generate", "--shape", "8000x10000x10000", "--features-per-sample", "40", "--labels-per-sample", "3", "--test-samples", "10", "--out", "d")
    train = ["train", "--train", "d.train.txt", *SPARSE]
    runs.call(*train, "--model", "whole.glsd", "--quiet")
    for activity, last_words in ACTIVITIES.items():
        for _ in range(4):  # an activity may come to its end while the signal is on its way
            run = Terminal(runs, *train, "--model", "m.glsd")
            seconds = run.interrupt_at(activity)
            if run.process.returncode != 0:
                break
        lines = [line.split("\x1b[K")[-1] for line in re.split(r"[\r\n]+", run.text) if line.split("\x1b[K")[-1]]
        kept = re.fullmatch(last_words, lines[-1])
        if seconds is None or run.process.returncode != 130 or not kept:
            raise Failure(f"'{activity}': status {run.process.returncode}, {seconds} s, last words {lines[-1]!r}")
        if sum("stopping after this step" in line for line in lines) != 1:
            raise Failure(f"'{activity}': the signal is not acknowledged once: {lines}")
        print(f"interrupted while {activity}: {seconds:.2f} s to the end", flush=True)
        if seconds > MOST_SECONDS:
            raise Failure(f"'{activity}': the end came after {seconds:.1f} s")
        if "file" not in kept.groupdict():
            if list(runs.folder.glob("m.glsd*")):
                raise Failure(f"'{activity}': something was written: {list(runs.folder.glob('m.glsd*'))}")
            continue
        runs.call("train", "--train", "d.train.txt", "--model", "m.glsd", "--resume", "--threads", "1", "--quiet")
        if runs.bytes("m.glsd") != runs.bytes("whole.glsd"):
            raise Failure(f"'{activity}': the run that went on ended with other bytes")
        (runs.folder / "m.glsd").unlink()


def interrupted_before_a_watched_epoch_is_judged(runs):
    """The state says that the epoch was not evaluated; the resumed run does that first, and chooses the same best epoch."""
    runs.call("generate", "--shape", "8000x10000x10000", "--features-per-sample", "40", "--labels-per-sample", "3", "--test-samples", "20000", "--out", "d")
    data = ["--train", "d.train.txt", "--valid", "d.test.txt", "--threads", "1", "--quiet"]
    train = ["train", *data, "--preset", "plain", "--hidden", "32", "--epochs", "2", "--deterministic", "on", "--monitor", "p@1"]
    runs.call(*train, "--model", "whole.glsd")
    for delay in (0.2, 0.4, 0.6, 0.8, 1.0, 1.3, 1.6, 2, 3, 4):
        process = runs.start(*train, "--model", "m.glsd", "--log-json", "log.jsonl")
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=SECONDS)[1]
        if "holds the end of epoch 1" in err and '"event":"epoch"' not in (runs.folder / "log.jsonl").read_text():
            break
        for path in runs.folder.glob("m.glsd*"):
            path.unlink()
    else:
        raise Failure("no signal came while the first epoch was evaluated")
    if process.returncode != 130 or (runs.folder / "m.glsd").exists():
        raise Failure(f"status {process.returncode}, {err}")
    runs.call("train", *data, "--model", "m.glsd", "--resume", "--log-json", "log.jsonl")
    if runs.bytes("m.glsd") != runs.bytes("whole.glsd"):
        raise Failure("the run that went on ended with other bytes")
    if (runs.folder / "log.jsonl").read_text().count('"event":"epoch"') != 2:
        raise Failure("the log does not hold both epochs")
