"""Installs the build into an empty prefix, builds project/ against it through pkg-config, and lets it predict."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from runner import Failure

HERE = pathlib.Path(__file__).resolve().parent
MESON = "/usr/bin/meson" if os.path.exists("/usr/bin/meson") else "meson"
ROW = ["12:0.5", "40:0.25", "900:0.8"]


def run(context):
    context.case("consumer: an installed library is found, linked, predicts and learns", lambda: check(context))


def call(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=600, **options)
    if done.returncode != 0:
        raise Failure(f"{' '.join(str(part) for part in command)}\nended with {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def check(context):
    with tempfile.TemporaryDirectory(prefix="glissade-consumer-") as scratch:
        scratch = pathlib.Path(scratch)
        environment = context.clean_environment(scratch)
        package = install(context, scratch, environment)
        shutil.copytree(HERE / "project", scratch / "project")
        environment["PKG_CONFIG_PATH"] = str(package)
        call(MESON, "setup", scratch / "project-build", scratch / "project", env=environment)
        call("ninja", "-C", scratch / "project-build", env=environment)
        model = train(context, scratch, environment)
        predicted = call(scratch / "project-build" / "consumer", model, "7", *ROW, env=environment).splitlines()
        expected = subprocess.run([context.glissade, "predict", "--model", model, "-"], input=" ".join(ROW) + "\n", capture_output=True, text=True,
                                  env=environment, check=True).stdout
        if predicted[0].split() != [pair.split(":")[0] for pair in expected.split()]:
            raise Failure(f"the consumer predicts {predicted[0]}, the command line {expected}")
        if len(predicted) != 2 or len(predicted[1].split()) != 5:
            raise Failure(f"after a training step the consumer printed {predicted[1:]}")


def install(context, scratch, environment):
    """The folder of the installed .pc file."""
    call(MESON, "install", "--no-rebuild", "-C", context.build, env={**environment, "DESTDIR": str(scratch / "root")})
    found = list((scratch / "root").rglob("glissade.pc"))
    if len(found) != 1:
        raise Failure(f"{len(found)} files glissade.pc were installed")
    if not list((scratch / "root").rglob("bin/glissade")):
        raise Failure("the command line was not installed")
    return found[0].parent


def train(context, scratch, environment):
    model = scratch / "model.glsd"
    call(context.glissade, "train", "--train", context.sample / "train.txt.zst", "--model", model, "--preset", "plain", "--epochs", "1", "--hidden", "16",
         "--active", "128", "--quiet", env=environment)
    return model
