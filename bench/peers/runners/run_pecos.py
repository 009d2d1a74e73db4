"""PECOS XR-Linear: clusters labels by the features of their samples, then linear models down the tree. Its command line's defaults."""

from pecos.utils import smat_util
from pecos.xmc import Indexer, LabelEmbeddingFactory
from pecos.xmc.xlinear.model import XLinearModel

import stages


def best_first(y):
    for row in range(y.shape[0]):
        begin, end = y.indptr[row], y.indptr[row + 1]
        order = (-y.data[begin:end]).argsort(kind="stable")
        yield y.indices[begin:end][order]


def main():
    run = stages.task()
    run.note(version=stages.distribution_version("libpecos"))
    with run.stage("read"):
        x = XLinearModel.load_feature_matrix(str(run.forms / "train-x.npz"))
        y = XLinearModel.load_label_matrix(str(run.forms / "train-y.npz"), for_training=True)
    with run.stage("train"):
        embedding = LabelEmbeddingFactory.create(y, x, method="pifa")
        clusters = Indexer.gen(embedding, indexer_type="hierarchicalkmeans", nr_splits=16, max_leaf_size=100, seed=run.seed, threads=run.threads)
        model = XLinearModel.train(x, y, C=clusters, threads=run.threads, threshold=0.1, **run.options)
    model.save(run.model)
    del x, y, embedding, clusters, model
    model = XLinearModel.load(run.model, is_predict_only=True)  # the form that is fast to predict with
    with run.stage("read test"):
        x = smat_util.load_matrix(str(run.forms / "test-x.npz"))
    with run.stage("predict"):
        predicted = model.predict(x, beam_size=10, only_topk=5, threads=run.threads)
    run.predicted(best_first(predicted.tocsr()))


if __name__ == "__main__":
    main()
