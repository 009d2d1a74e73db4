"""Runs of several processes under Open MPI's mpirun, on this machine: one thread each, over shared memory."""

import pathlib
import shutil
import subprocess
import tempfile

from runner import Failure, Skip

SECONDS = 120


class Ranks:
    """Where mpirun is, and how tests call it."""

    def __init__(self, context, folder):
        self.context = context
        self.folder = pathlib.Path(folder)
        self.environment = context.clean_environment(folder)

    def command(self, ranks, *program):
        return ["mpirun", "--oversubscribe", "--allow-run-as-root", "--bind-to", "none", "-np", str(ranks), *map(str, program)]

    def run(self, command, **options):
        return subprocess.run(command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=SECONDS, check=False, **options)


def check_operations(ranks, count):
    done = ranks.run(ranks.command(count, ranks.context.build / "tests" / "distributed" / "test-communication"))
    if done.returncode != 0 or done.stdout != f"{count} ranks agree\n":
        raise Failure(f"status {done.returncode}\n{done.stdout}{done.stderr}")


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

        def case(name, function):
            def guarded():
                skip_without_mpi(context)
                function()
            context.case(f"distributed: {name}", guarded)

        for count in (2, 3, 4):
            case(f"the operations of {count} ranks", lambda count=count: check_operations(ranks, count))
