"""What the Python package costs beside the command line, on the same rows with the same options and seed: './dev bench python
[gowalla] [--turns 3] [--rows 100000] [-- any option of glissade train with a value]'.

Training: the process of 'glissade train', which maps its cache of the file and saves the model, beside processes that have matrices and
call Model.train() and save(), or GlissadeClassifier's fit() and save(), which loads scikit-learn. Answers: Model.top_k of that many rows
beside one call of glissade_top_k. In turn; medians. The first training fills the cache and does not count."""

import ctypes
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "peers"))

import trainings  # noqa: E402
import xmc  # noqa: E402


def read(path, out):
    """An XMC file as two CSR matrices in the folder `out`. In a process of its own: a child's peak counts from what its parent has."""
    import numpy as np
    import scipy.sparse as sp

    rows, features, labels = xmc.header(path)
    ids, values, ends, of_labels, label_ends = [], [], [0], [], [0]
    for named, told in xmc.texts(path):
        of_labels += [int(label) for label in named.split(b",") if label]
        label_ends.append(len(of_labels))
        for pair in told.split():
            feature, _, value = pair.partition(b":")
            ids.append(int(feature))
            values.append(float(value or 1))
        ends.append(len(ids))
    x = sp.csr_matrix((np.array(values, np.float32), np.array(ids, np.int32), np.array(ends, np.int32)), (rows, features))
    sp.save_npz(out / "x.npz", x, False)
    sp.save_npz(out / "y.npz", sp.csr_matrix((np.ones(len(of_labels), np.int8), of_labels, label_ends), (rows, labels)), False)


def used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, time.monotonic()


TRAININGS = {"command line": "glissade train", "model": "Model.train(X, Y) and save", "estimator": "GlissadeClassifier.fit(X, Y) and save"}


def child(who, out, site, options, model):
    """A training in this process, by Model or by the estimator; prints what it took."""
    import scipy.sparse as sp

    sys.path.insert(0, site)
    if who == "model":
        from glissade import Model

        def train(X, Y):
            return Model.train(X, Y, **options)
    else:
        from glissade import GlissadeClassifier

        def train(X, Y):
            return GlissadeClassifier(**options).fit(X, Y)

    X, Y = (sp.load_npz(pathlib.Path(out) / name) for name in ("x.npz", "y.npz"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu, wall = used()
    train(X, Y).save(model)
    after, end = used()
    print(json.dumps({"cpu": after - cpu, "wall": end - wall, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "before": before}))


def of_python(who, out, site, options, model):
    done = subprocess.run([sys.executable, __file__, "child", who, str(out), str(site), json.dumps(options), model], capture_output=True, text=True)
    if done.returncode != 0:
        trainings.fail(done.stderr)
    return json.loads(done.stdout)


def of_command_line(glissade, data, options, model):
    words = [word for name, value in options.items() for word in ("--" + name.replace("_", "-"), str(value))]
    wall = time.monotonic()
    process = subprocess.Popen([glissade, "train", *data, "--model", model, "--quiet", *words])
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        trainings.fail("the training failed")
    return {"cpu": usage.ru_utime + usage.ru_stime, "wall": time.monotonic() - wall, "peak": usage.ru_maxrss / 1024}


def answers(out, site, model, turns, rows):
    """CPU seconds of top_k and of one call of the library, over the same rows."""
    import numpy as np
    import scipy.sparse as sp

    sys.path.insert(0, str(site))
    from glissade import Model
    from glissade import _library as lib
    from glissade._rows import features_of

    X = sp.load_npz(out / "x.npz")
    X = sp.vstack([X] * -(-rows // X.shape[0])).tocsr()[:rows]
    loaded = Model.load(model)
    view = features_of(X)
    labels, scores = np.empty((rows, 5), np.uint32), np.empty((rows, 5), np.float32)
    query = lib.Query()
    lib.library.glissade_query_init_sized(ctypes.byref(query), ctypes.sizeof(query))
    query.probabilities = 1

    def call():
        lib.check(lib.library.glissade_top_k(lib.context(), loaded._snapshot.value, view.pointer, ctypes.byref(query), labels.ctypes.data,
                                             scores.ctypes.data))

    loaded.top_k(X[:500], 5)
    took = {"python": [], "call": []}
    for _ in range(turns):
        for name, ask in (("python", lambda: loaded.top_k(X, 5)), ("call", call)):
            cpu, wall = used()
            ask()
            after, end = used()
            took[name].append({"cpu": after - cpu, "wall": end - wall})
    return took


def median(runs, what):
    return statistics.median(run[what] for run in runs)


def main():
    settings, options = trainings.own_arguments(__doc__, ["gowalla"], turns=3, rows=100_000)
    options = {options[i].removeprefix("--").replace("-", "_"): options[i + 1] for i in range(0, len(options), 2)}
    glissade = os.path.join(settings.build, "apps/glissade")
    with tempfile.TemporaryDirectory(prefix="glissade-overhead-") as scratch:
        scratch = pathlib.Path(scratch)
        site = scratch / "site"
        shutil.copytree(trainings.ROOT / "apps/python/glissade", site / "glissade", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(pathlib.Path(settings.build, "engine/c_api/libglissade.so").resolve(), site / "glissade" / "libglissade.so")
        for data in settings.data or ["gowalla"]:
            out = scratch / data
            out.mkdir(parents=True)
            train, _ = trainings.arguments_of(data)
            subprocess.run([sys.executable, __file__, "read", train[1], str(out)], check=True)
            files = {who: str(out / f"{who}.glsd") for who in TRAININGS}
            theirs = files["command line"]
            of_command_line(glissade, train, options, theirs)
            runs = {who: [] for who in TRAININGS}
            for _ in range(int(settings.turns)):
                for who, took in runs.items():
                    alone = who == "command line"
                    took.append(of_command_line(glissade, train, options, theirs) if alone else of_python(who, out, site, options, files[who]))
            same = len({pathlib.Path(file).read_bytes() for file in files.values()}) == 1
            print(f"{data}, {settings.turns} turns, medians; the model files {'are equal' if same else 'DIFFER'}\n")
            print("| | CPU s | s | peak MiB | before training MiB |\n|---|---:|---:|---:|---:|")
            for who, took in runs.items():
                before = f"{median(took, 'before'):.0f}" if "before" in took[0] else ""
                print(f"| {TRAININGS[who]} | {median(took, 'cpu'):.1f} | {median(took, 'wall'):.1f} | {median(took, 'peak'):.0f} | {before} |")
            print(f"\n| answers for {int(settings.rows):,} rows | CPU s | s |\n|---|---:|---:|")
            for name, took in answers(out, site, theirs, int(settings.turns), int(settings.rows)).items():
                title = "Model.top_k" if name == "python" else "one call of glissade_top_k"
                print(f"| {title} | {median(took, 'cpu'):.1f} | {median(took, 'wall'):.1f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        read(sys.argv[2], pathlib.Path(sys.argv[3]))
    elif sys.argv[1:2] == ["child"]:
        child(*sys.argv[2:5], json.loads(sys.argv[5]), sys.argv[6])
    else:
        main()
