"""Runs one program to its end or its time limit, and says what it used. Standard library only."""

import dataclasses
import os
import signal
import subprocess
import time


@dataclasses.dataclass
class Ended:
    status: int  # exit status; negative: the signal that ended it
    timed_out: bool
    seconds: float
    cpu_seconds: float
    peak_mib: float  # the largest resident set of the program, or of a program that it waited for


def run(command, log, limit, environment=None):
    """Output goes to the file `log`. The caller should be small: a child's peak counts from what its parent had at the fork."""
    started = time.monotonic()
    with open(log, "w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
    timed_out = False
    try:
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if not timed_out and time.monotonic() - started > limit:
                timed_out = True
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.1)
    except BaseException:  # interrupted: nothing may run on behind our back
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    return Ended(process.returncode, timed_out, time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
