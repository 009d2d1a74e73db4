"""What Glissade is compared with: popularity, neighbours of items, and the matrix factorisations of the package implicit. Each has a small grid of
settings. All rank all items."""

import dataclasses
import itertools
import os
import warnings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # implicit has threads of its own

import numpy as np
import scipy.sparse
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender

from measures import DEPTH

warnings.filterwarnings("ignore", module="implicit")  # it converts its own matrices, and says so
NEIGHBOURS = {"cosine": CosineRecommender, "tf-idf": TFIDFRecommender, "BM25": BM25Recommender}


def grid(**values):
    return [dict(zip(values, chosen)) for chosen in itertools.product(*values.values())]


def matrix(histories, items, decay=1.0):
    """Users x items. An event that is a places back counts decay^a; events of the same item add up."""
    ends = np.cumsum([0] + [len(history) for history in histories])
    columns = np.fromiter(itertools.chain.from_iterable(histories), dtype=np.int32, count=ends[-1])
    ages = np.repeat(ends[1:], np.diff(ends)) - 1 - np.arange(ends[-1])
    values = (decay ** ages).astype(np.float32)
    rows = scipy.sparse.csr_matrix((values, columns, ends), shape=(len(histories), items))
    rows.sum_duplicates()
    return rows


@dataclasses.dataclass
class Data:
    """What is known, for tools that take a matrix."""

    question: object
    items: int
    leaves_out: bool  # what a user has already is not answered
    threads: int

    def recommend(self, model, decay=1.0):
        known = matrix([self.question.histories[user] for user in self.question.asked], self.items, decay)
        return model.recommend(np.array(self.question.asked), known, N=DEPTH, filter_already_liked_items=self.leaves_out)[0]


class Popularity:
    name = "popularity"
    settings = [{}]

    def fit(self, data):
        self.order = np.argsort(-np.asarray(matrix(data.question.histories, data.items).sum(axis=0)).ravel(), kind="stable")

    def answer(self, data):
        answers = np.full((len(data.question.asked), DEPTH), -1)
        for row, user in enumerate(data.question.asked):
            seen = set(data.question.histories[user]) if data.leaves_out else ()
            found = list(itertools.islice((item for item in self.order if item not in seen), DEPTH))
            answers[row, : len(found)] = found
        return answers


class ItemNeighbours:
    """`decay` weighs a user's items by their age when answers are looked for; neighbours are those of all users' whole histories."""

    name = "item-kNN"
    settings = grid(weights=list(NEIGHBOURS), k=[100, 500, 2000], decay=[1.0, 0.7, 0.5])

    def __init__(self, weights, k, decay):
        self.weights, self.k, self.decay = weights, k, decay

    def fit(self, data):
        self.model = NEIGHBOURS[self.weights](K=self.k, num_threads=data.threads)
        self.model.fit(matrix(data.question.histories, data.items), show_progress=False)

    def answer(self, data):
        return data.recommend(self.model, self.decay)


class Factors:
    """A matrix factorisation of implicit."""

    def __init__(self, **settings):
        self.chosen = settings

    def fit(self, data):
        self.model = self.made(num_threads=data.threads, random_state=1, **self.chosen)
        self.model.fit(matrix(data.question.histories, data.items), show_progress=False)

    def answer(self, data):
        return data.recommend(self.model)


class Squares(Factors):
    name = "implicit ALS"
    settings = grid(factors=[64, 256], regularization=[0.01, 1.0], alpha=[1.0, 10.0, 40.0], iterations=[15])

    def made(self, **settings):
        return AlternatingLeastSquares(use_gpu=False, **settings)


class Pairs(Factors):
    name = "implicit BPR"
    settings = grid(factors=[64, 128], learning_rate=[0.01, 0.05], regularization=[0.001, 0.01], iterations=[150])

    def made(self, **settings):
        return BayesianPersonalizedRanking(use_gpu=False, **settings)


# For data that take long: the settings that are kept of each grid.
FEW = {"item-kNN": grid(weights=list(NEIGHBOURS), k=[500], decay=[1.0, 0.7]),
       "implicit ALS": grid(factors=[256], regularization=[0.01], alpha=[1.0, 10.0, 40.0], iterations=[15]),
       "implicit BPR": grid(factors=[128], learning_rate=[0.01, 0.05], regularization=[0.001], iterations=[150])}
ALL = {"popularity": Popularity, "knn": ItemNeighbours, "als": Squares, "bpr": Pairs}
