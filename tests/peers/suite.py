"""bench/peers without its tools: reading, scoring, time limits and tables, with the standard library."""

import gzip
import json
import math
import pathlib
import subprocess
import sys
import tempfile

from runner import ROOT, Failure, Skip

sys.path.append(str(ROOT / "bench" / "peers"))

import child  # noqa: E402
import forms  # noqa: E402
import report  # noqa: E402
import scoring  # noqa: E402
import tools  # noqa: E402
import xmc  # noqa: E402

TEXT = b"4 3 5\n1,2 0:1 2:0.5\n 1:2\n0:3\n4\n"
LABELS = [[1, 2], [], [], [4]]
FEATURES = [[(0, 1.0), (2, 0.5)], [(1, 2.0)], [(0, 3.0)], []]


def run(context):
    for check in (reader_understands_rows, reader_unpacks, reader_refuses, matrices_hold_the_rows, weights_follow_the_equation, scores_by_hand,
                  scores_refuse, scores_as_glissade, child_is_measured, child_is_stopped, tools_are_chosen, table_says_what_failed, same_precision_is_compared):
        with tempfile.TemporaryDirectory(prefix="glissade-peers-") as folder:
            takes = {"context": context, "folder": pathlib.Path(folder)}
            wanted = check.__code__.co_varnames[:check.__code__.co_argcount]
            context.case(f"peers: {check.__name__.replace('_', ' ')}", lambda: check(*(takes[name] for name in wanted)))


def same(what, got, expected):
    if got != expected:
        raise Failure(f"{what}: {got!r}, expected {expected!r}")


def near(what, got, expected):
    if not math.isclose(got, expected, rel_tol=1e-6, abs_tol=1e-9):
        raise Failure(f"{what}: {got!r}, expected {expected!r}")


def refused(call, error, part):
    try:
        call()
    except error as caught:
        if part in str(caught):
            return
        raise Failure(f"'{caught}' does not say '{part}'")
    raise Failure(f"accepted what it must refuse with '{part}'")


def written(folder, data, name="data.txt"):
    (folder / name).write_bytes(data)
    return folder / name


def reader_understands_rows(folder):
    path = written(folder, TEXT)
    same("header", xmc.header(path), (4, 3, 5))
    same("labels", list(xmc.labels_of(path)), LABELS)
    same("features", list(xmc.features_of(path)), FEATURES)
    same("with carriage returns", list(xmc.features_of(written(folder, TEXT.replace(b"\n", b"\r\n")))), FEATURES)
    same("head", len(list(xmc.texts(path, 2))), 2)


def reader_unpacks(folder):
    same("gz", list(xmc.labels_of(written(folder, gzip.compress(TEXT), "data.gz"))), LABELS)
    packed = subprocess.run(["zstd", "-q", "-c"], input=TEXT, stdout=subprocess.PIPE, check=True).stdout
    same("zst", list(xmc.labels_of(written(folder, packed, "data.zst"))), LABELS)


def reader_refuses(folder):
    refused(lambda: xmc.header(written(folder, b"1,2 0:1\n")), xmc.BadData, "must be 'N D L'")
    refused(lambda: xmc.header(written(folder, b"")), xmc.BadData, "must be 'N D L'")
    refused(lambda: list(xmc.texts(written(folder, b"5" + TEXT[1:]))), xmc.BadData, "promises 5 rows, but there are 4")


def matrices_hold_the_rows(folder):
    try:
        import scipy.sparse  # noqa: F401
    except ImportError:
        raise Skip("this Python has no scipy")
    x, y = forms.matrices(xmc.texts(written(folder, TEXT)), 3, 5)
    same("features", x.toarray().tolist(), [[1, 0, 0.5], [0, 2, 0], [3, 0, 0], [0, 0, 0]])
    same("labels", y.toarray().tolist(), [[0, 1, 1, 0, 0], [0] * 5, [0] * 5, [0, 0, 0, 0, 1]])


def weights_follow_the_equation():
    """1 + (ln N - 1) (B + 1)^A exp(-A ln(n + B)) with A = 0.55, B = 1.5."""
    weights = scoring.label_weights([0, 10], 1000)
    near("a label never seen", weights[0], 1 + (math.log(1000) - 1) * 2.5**0.55 * math.exp(-0.55 * math.log(1.5)))
    near("one seen ten times", weights[1], 1 + (math.log(1000) - 1) * 2.5**0.55 * math.exp(-0.55 * math.log(11.5)))
    same("too few samples to say", scoring.label_weights([1, 2], 2), [1.0, 1.0])
    same("counts", scoring.count_labels(LABELS, 5), ([0, 1, 1, 0, 1], 4))


def scores_by_hand():
    """The second row has no labels and does not count; the third finds nothing; short rows of predictions are as good as wrong ones."""
    predicted = [[1, 0, 2, 3, 4], [0, 1, 2, 3, 4], [3]]
    got = scoring.scores(predicted, [[1, 2], [], [0]], [1.0, 2.0, 4.0, 1.0, 1.0])
    same("samples", got["samples"], 2)
    for key, expected in {"p@1": 1 / 2, "p@3": 2 / 3 / 2, "p@5": 2 / 5 / 2, "psp@1": 2 / (4 + 1), "psp@3": 6 / (6 + 1), "psp@5": 6 / 7}.items():
        near(key, got[key], expected)


def scores_refuse():
    refused(lambda: scoring.scores([[1]], [[1], [2]], [1.0] * 3), ValueError, "argument 2 is longer")
    refused(lambda: scoring.scores([[1, 1]], [[1]], [1.0] * 3), ValueError, "predicted twice")


def scores_as_glissade(context, folder):
    """What 'glissade eval' says of a small model is what scoring.py says of its predictions."""
    data = {part: str(context.sample / f"{part}.txt.zst") for part in ("train", "test")}
    environment = context.clean_environment(folder)

    def glissade(*words):
        done = subprocess.run([context.glissade, *words], cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"glissade {' '.join(words)}\n{done.stderr}")
        return done.stdout

    glissade("train", "--train", data["train"], "--model", "m.glsd", "--preset", "plain", "--hidden", "32", "--epochs", "1", "--seed", "1", "--quiet")
    expected = json.loads(glissade("eval", "--model", "m.glsd", "--test", data["test"], "--json"))
    lines = glissade("predict", "--model", "m.glsd", "--k", "5", data["test"]).splitlines()
    predicted = [[int(pair.partition(":")[0]) for pair in line.split()] for line in lines]
    counts, samples = scoring.count_labels(xmc.labels_of(data["train"]), xmc.header(data["train"])[2])
    got = scoring.scores(predicted, xmc.labels_of(data["test"]), scoring.label_weights(counts, samples))
    for key, value in got.items():
        near(key, value, expected[key])


# A child's peak counts from what its caller had at the fork, and other suites may have made this process large: a small one calls.
CALLER = """
import dataclasses, json, pathlib, sys
sys.path.append(sys.argv[1])
import child
holds_64 = [sys.executable, "-c", "x = b'1' * (64 << 20); print('here'); raise SystemExit(3)"]
print(json.dumps(dataclasses.asdict(child.run(holds_64, pathlib.Path(sys.argv[2]), 60))))
"""


def child_is_measured(folder):
    done = subprocess.run([sys.executable, "-c", CALLER, child.__file__.rsplit("/", 1)[0], str(folder / "log")], check=True, capture_output=True, text=True)
    ended = json.loads(done.stdout)
    same("exit status", (ended["status"], ended["timed_out"]), (3, False))
    same("output", (folder / "log").read_text(), "here\n")
    if not 64 <= ended["peak_mib"] < 256:
        raise Failure(f"a peak of {ended['peak_mib']:.0f} MiB for a process that holds 64")


def child_is_stopped(folder):
    ended = child.run([sys.executable, "-c", "import time; time.sleep(60)"], folder / "log", 0.2)
    same("timed out, by signal", (ended.timed_out, ended.status), (True, -9))
    if ended.seconds > 30:
        raise Failure(f"stopped after {ended.seconds:.1f} s, not after 0.2")


def tools_are_chosen():
    some = [tools.Tool(name, "", "", "", {}) for name in ("glissade", "glissade-wide", "pecos")]
    names = lambda wanted: [tool.name for tool in tools.chosen(some, wanted)]  # noqa: E731
    same("all", names(None), ["glissade", "glissade-wide", "pecos"])
    same("by family", names(["glissade"]), ["glissade", "glissade-wide"])
    same("by name", names(["glissade-wide"]), ["glissade-wide"])
    refused(lambda: names(["pecs"]), KeyError, "pecs")


def table_says_what_failed():
    failed = report.row({"tool": "pecos", "status": "out of time", "why": "not done after 60 s"})
    same("as many cells as titles", len(failed), len(report.TITLES))
    same("why", failed[-1], "out of time: not done after 60 s")


def same_precision_is_compared():
    curve = lambda *points: [{"seconds": s, "cpu_seconds": c, "p@1": p} for s, c, p in points]  # noqa: E731
    lines = report.same_precision([{"tool": "glissade", "curve": curve((1, 2, 0.1), (2, 4, 0.3))},
                                   {"tool": "torch-cpu-fp32", "curve": curve((20, 10, 0.2), (40, 20, 0.4))}])
    same("lines", lines[1], "| P@1 | torch-cpu-fp32 s | glissade s | times faster | by CPU seconds |")
    same("half of the best", lines[3], "| 20.00 | 20.0 | 2.0 | 10.0 | 2.5 |")
    same("the best", lines[6], "| 40.00 | 40.0 | never | - | - |")
