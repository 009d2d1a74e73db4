"""Installs the build into an empty prefix, builds programs in C and C++ against it through pkg-config and CMake, by g++ and by clang,
and lets them predict and learn."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from runner import ROOT, Failure, Skip

HERE = pathlib.Path(__file__).resolve().parent
MESON = "/usr/bin/meson" if os.path.exists("/usr/bin/meson") else "meson"
ROW = ["12:0.5", "40:0.25", "900:0.8"]


COMPILERS = [("gcc", "g++"), ("clang", "clang++")]


def run(context):
    with tempfile.TemporaryDirectory(prefix="glissade-consumer-") as scratch:
        at = Installed(context, pathlib.Path(scratch))
        for c, cxx in COMPILERS:
            context.case(f"consumer: a C++ program by {cxx} and pkg-config predicts and learns", lambda: at.check_cpp(cxx))
            context.case(f"consumer: a C99 program by {c} and pkg-config answers and learns", lambda: at.check_c(c))
            context.case(f"consumer: CMake finds Glissade for {c} and {cxx}", lambda: at.check_cmake(c, cxx))
    context.case("consumer: libglissade.so exports what glissade/c.h declares, and nothing else", lambda: check_exports(context))


def call(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=600, **options)
    if done.returncode != 0:
        raise Failure(f"{' '.join(str(part) for part in command)}\nended with {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def need(program):
    if shutil.which(program) is None:
        raise Skip(f"there is no {program}")


class Installed:
    """The build, installed into an empty folder when it is first needed, with a small model."""

    def __init__(self, context, scratch):
        self.context = context
        self.scratch = scratch
        self.environment = context.clean_environment(scratch)
        self.model = None

    def make(self):
        if self.model is not None:
            return
        package = install(self.context, self.scratch, self.environment)
        self.libraries = package.parent
        self.environment["PKG_CONFIG_PATH"] = str(package)
        self.environment["LD_LIBRARY_PATH"] = str(self.libraries)
        self.model = train(self.context, self.scratch, self.environment)

    def check_cpp(self, cxx):
        need(cxx)
        self.make()
        build = self.scratch / f"project-{cxx}"
        call(MESON, "setup", build, HERE / "project", env={**self.environment, "CXX": cxx})
        call("ninja", "-C", build, env=self.environment)
        self.check_answers(build / "consumer")

    def check_answers(self, program):
        predicted = call(program, self.model, "7", *ROW, env=self.environment).splitlines()
        if predicted[0].split() != self.expected():
            raise Failure(f"the consumer predicts {predicted[0]}, the command line {self.expected()}")
        if len(predicted) != 2 or len(predicted[1].split()) != 5:
            raise Failure(f"after a training step the consumer printed {predicted[1:]}")

    def expected(self):
        answers = subprocess.run([self.context.glissade, "predict", "--model", self.model, "-"], input=" ".join(ROW) + "\n", capture_output=True,
                                 text=True, env=self.environment, check=True).stdout
        return [pair.split(":")[0] for pair in answers.split()]

    def check_c(self, c):
        need(c)
        self.make()
        program = self.scratch / f"program-{c}"
        flags = call("pkg-config", "--cflags", "--libs", "glissade-c", env=self.environment).split()
        if any("openmp" in flag for flag in flags):
            raise Failure(f"glissade-c.pc passes on {flags}")
        call(c, "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", HERE / "c" / "program.c", "-o", program, *flags, env=self.environment)
        self.check_program(program)

    def check_program(self, program):
        saved = self.scratch / "saved.glsd"
        printed = call(program, self.model, saved, env=self.environment).splitlines()
        if printed[0].split() != self.expected():
            raise Failure(f"the program answers {printed[0]}, the command line {self.expected()}")
        call(self.context.glissade, "info", "--model", saved, env=self.environment)

    def check_cmake(self, c, cxx):
        need("cmake")
        need(cxx)
        self.make()
        build, source = self.scratch / f"cmake-{cxx}", self.scratch / f"cmake-source-{cxx}"
        shutil.copytree(HERE / "c", source)
        shutil.copy(HERE / "project" / "main.cpp", source)
        call("cmake", "-S", source, "-B", build, f"-DCMAKE_C_COMPILER={c}", f"-DCMAKE_CXX_COMPILER={cxx}", f"-DCMAKE_PREFIX_PATH={self.libraries.parent}",
             f"-DGlissade_DIR={self.libraries}/cmake/Glissade", env=self.environment)
        call("cmake", "--build", build, env=self.environment)
        self.check_program(build / "program")
        self.check_answers(build / "consumer")


def check_exports(context):
    found = call("nm", "-D", "--defined-only", context.build / "engine" / "c_api" / "libglissade.so").split("\n")
    exported = {line.split()[-1].split("@")[0] for line in found if " T " in line}
    header = (ROOT / "engine" / "include" / "glissade" / "c.h").read_text()
    declared = set(re.findall(r"GLISSADE_API [\w* ]*?\b(glissade_\w+)\(", header))
    listed = set((ROOT / "engine" / "c_api" / "exported.txt").read_text().split())
    for name, other in (("glissade/c.h", declared), ("engine/c_api/exported.txt", listed)):
        if exported != other:
            raise Failure(f"libglissade.so and {name} differ in {sorted(exported ^ other)}")


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
