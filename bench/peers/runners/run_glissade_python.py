"""Glissade from Python: GlissadeClassifier on matrices in memory. Options: 'package' and 'library' of the build, 'options' of the
estimator. The package is put together beside the task, as pip would install it."""

import pathlib
import shutil
import sys

import scipy.sparse

import stages


def classifier(run):
    site = run.folder / "site"
    shutil.rmtree(site, ignore_errors=True)
    shutil.copytree(run.options["package"], site / "glissade", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(pathlib.Path(run.options["library"]).resolve(), site / "glissade" / "libglissade.so")
    sys.path.insert(0, str(site))
    from glissade import GlissadeClassifier, __version__

    run.note(version=f"glissade {__version__}")
    return GlissadeClassifier(random_state=run.seed, n_jobs=run.threads, **run.options["options"])


def main():
    run = stages.task()
    model = classifier(run)
    with run.stage("read"):
        x, y = (scipy.sparse.load_npz(run.forms / f"train-{part}.npz") for part in "xy")
    with run.stage("train"):
        model.fit(x, y)
    model.save(run.model)
    with run.stage("read test"):
        x = scipy.sparse.load_npz(run.forms / "test-x.npz")
    with run.stage("predict"):
        found = model.predict_topk(x, 5)
    run.predicted([label for label in labels if label >= 0] for labels in found.labels)


if __name__ == "__main__":
    main()
