"""sample_weight: what few rows say wins where they count more."""

import numpy as np
import pytest
import scipy.sparse as sp

from glissade import GlissadeClassifier

PLAIN = {"preset": "plain", "hidden": 16, "epochs": 30, "learning_rate": 0.1}


@pytest.fixture(scope="module")
def contradiction():
    """Feature 0 has label 1 in most rows, and label 0 in a few."""
    features = np.arange(400) % 8
    y = np.where(features == 0, np.where(np.arange(400) % 32 == 0, 0, 1), features)
    X = sp.csr_matrix((1 + np.arange(400, dtype=np.float32) / 1000, features, np.arange(401)), shape=(400, 8))
    return X, y, np.where(y == 0, 40.0, 1.0)


@pytest.mark.parametrize("paths", [{}, {"neighbours": 20}, {"fan_in": 24, "row_epochs": 4, "neighbours": 20}])
def test_rows_that_count_more_win(contradiction, paths):
    X, y, weights = contradiction
    asked = X[:1]
    assert GlissadeClassifier(**PLAIN, **paths).fit(X, y).predict(asked).tolist() == [1]
    assert GlissadeClassifier(**PLAIN, **paths).fit(X, y, sample_weight=weights).predict(asked).tolist() == [0]


def test_only_ratios_count_and_zeros_leave_out(contradiction):
    X, y, weights = contradiction
    plain = GlissadeClassifier(**PLAIN)

    def scores(rows, labels, weight=None):
        return plain.fit(rows, labels, sample_weight=weight).model_.top_k(X, 3).scores

    assert np.array_equal(scores(X, y, weights), scores(X, y, (4 * weights).astype(np.int64)))
    assert np.array_equal(scores(X, y, 2.0), scores(X, y))
    kept = np.arange(400) % 3 != 0
    assert np.array_equal(scores(X, y, kept), scores(X[kept], y[kept]))


@pytest.mark.parametrize("weights, message", [
    ([1.0, 2.0], r"sample_weight has the shape \(2,\), X has 400 rows; give one number for each row"),
    (["a"] * 400, "sample_weight is an array of <U1; give numbers"),
    ([-1.0] + [1.0] * 399, "row 0 has the weight -1; give numbers of 0 or more"),
    ([1.0] * 399 + [np.nan], "row 399 has the weight nan; give numbers of 0 or more"),
    ([1e300] + [1.0] * 399, "row 0 has the weight inf; give numbers of 0 or more"),
    ([0] * 400, "all rows have the weight 0"),
])
def test_bad_weights(contradiction, weights, message):
    X, y, _ = contradiction
    with pytest.raises(ValueError, match=message):
        GlissadeClassifier(**PLAIN).fit(X, y, sample_weight=weights)
