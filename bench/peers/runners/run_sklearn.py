"""scikit-learn's OneVsRestClassifier: a linear SVM by stochastic gradient descent for each label, over all samples. Its rows are made
sparse as soon as they are trained, else they would need labels x features doubles."""

import joblib
import numpy
import scipy.sparse
import sklearn
from sklearn.linear_model import SGDClassifier
from sklearn.multiclass import OneVsRestClassifier

import stages

BLOCK = 512  # test rows whose scores by all labels are held at once


class SparseRow(SGDClassifier):
    """An SGDClassifier whose weights are kept sparse."""

    def fit(self, X, y, **more):
        return super().fit(X, y, **more).sparsify()


def best(scores, count):
    places = numpy.argpartition(-scores, count - 1, axis=1)[:, :count]
    order = numpy.argsort(-numpy.take_along_axis(scores, places, 1), axis=1, kind="stable")
    return numpy.take_along_axis(places, order, 1)


def main():
    run = stages.task()
    run.note(version=f"scikit-learn {sklearn.__version__}")
    with run.stage("read"):
        x, y = (scipy.sparse.load_npz(run.forms / f"train-{part}.npz") for part in "xy")
    told = numpy.flatnonzero(numpy.diff(y.tocsc().indptr))  # labels that a training row has: others have nothing to learn from
    model = OneVsRestClassifier(SparseRow(random_state=run.seed, **run.options), n_jobs=run.threads)
    with run.stage("train"), joblib.parallel_config(backend="threading"):  # whose time counts as this process's
        model.fit(x, y.tocsc()[:, told].tocsr())
    joblib.dump(model, run.model)
    with run.stage("read test"):
        x = scipy.sparse.load_npz(run.forms / "test-x.npz")
    weights = scipy.sparse.vstack([one.coef_ for one in model.estimators_]).T.tocsr()
    bias = numpy.array([one.intercept_[0] for one in model.estimators_])
    with run.stage("predict"):
        rows = [told[best((x[first:first + BLOCK] @ weights).toarray() + bias, 5)] for first in range(0, x.shape[0], BLOCK)]
    run.predicted(numpy.concatenate(rows))


if __name__ == "__main__":
    main()
