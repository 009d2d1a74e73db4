"""How good lists of items are: each user's measures, their means, and between which values 95 % of the means of resampled users lie."""

import numpy as np

CUTOFFS = (5, 10, 20)
DEPTH = max(CUTOFFS)
RESAMPLES = 1000


def of_users(answers, truths):
    """{measure: value of each user}. `answers`: a row of DEPTH items each, best first, -1 = none. nDCG by the best order that there could be."""
    hits = np.array([[item in truth for item in row] for row, truth in zip(answers.tolist(), truths)], dtype=float)
    sizes = np.array([len(truth) for truth in truths])
    gains = 1 / np.log2(np.arange(DEPTH) + 2)
    measures = {}
    for k in CUTOFFS:
        best = np.cumsum(gains)[np.minimum(sizes, k) - 1]
        measures[f"hr@{k}"] = hits[:, :k].max(axis=1)
        measures[f"ndcg@{k}"] = hits[:, :k] @ gains[:k] / best
        measures[f"recall@{k}"] = hits[:, :k].sum(axis=1) / sizes
    return measures


def coverage(answers, items):
    """Share of all items that somebody is answered."""
    return len(np.setdiff1d(answers, [-1])) / items


def intervals(columns):
    """Of each column of values: (mean, low, high). All are resampled alike, so a difference of two columns is paired."""
    draw = np.random.default_rng(1)
    values = np.stack(columns, axis=1)
    means = np.stack([values[draw.integers(len(values), size=len(values))].mean(axis=0) for _ in range(RESAMPLES)])
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    return list(zip(values.mean(axis=0).tolist(), low.tolist(), high.tolist()))
