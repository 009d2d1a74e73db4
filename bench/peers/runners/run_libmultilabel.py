"""LibMultiLabel's linear trees: labels clustered by the features of their samples, a linear SVM (LIBLINEAR) in each node. The options
of LIBLINEAR and the size of the tree are its command line's defaults."""

import pickle

import numpy
import scipy.sparse
from libmultilabel import linear

import stages

BLOCK = 256  # test rows whose scores by all labels are held at once


def main():
    run = stages.task()
    run.note(version=stages.distribution_version("libmultilabel"))
    with run.stage("read"):
        x, y = (scipy.sparse.load_npz(run.forms / f"train-{part}.npz") for part in "xy")
    options = f"{run.options['liblinear']} -m {run.threads}" if run.options["threads"] else run.options["liblinear"]
    with run.stage("train"):
        model = linear.train_tree(y, x.astype(numpy.float64), options, K=run.options["branches"], dmax=run.options["depth"], verbose=False)
    with open(run.model, "wb") as file:
        pickle.dump(model, file)
    with run.stage("read test"):
        x = scipy.sparse.load_npz(run.forms / "test-x.npz").astype(numpy.float64)
    rows = []
    with run.stage("predict"):
        for first in range(0, x.shape[0], BLOCK):
            scores = numpy.asarray(model.predict_values(x[first:first + BLOCK], run.options["beam"]))
            rows += [numpy.argsort(-one, kind="stable")[:5] for one in scores]
    run.predicted(rows)


if __name__ == "__main__":
    main()
