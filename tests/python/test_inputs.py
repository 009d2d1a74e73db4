"""Inputs of all kinds, by hypothesis: an answer, or an exception with one line. Never a crash, and nothing read out of bounds."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glissade import GlissadeClassifier

FEATURES, LABELS = 60, 12
DTYPES = [np.float32, np.float64, np.float16, np.int8, np.int32, np.int64, np.uint8, np.bool_, np.complex64, object, "U3"]
FUZZ = settings(max_examples=150, deadline=None, derandomize=True, database=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
REFUSALS = (ValueError, TypeError, MemoryError)


@pytest.fixture(scope="module")
def model(small):
    X, Y, _ = small
    return GlissadeClassifier(epochs=1, hidden=8).fit(X, Y)


def refused_or_done(act):
    try:
        return act()
    except REFUSALS as error:
        assert str(error).strip()
        return None


@st.composite
def matrices(draw, features=FEATURES):
    """CSR matrices that may be wrong in any way that arrays can be wrong in."""
    rows = draw(st.integers(0, 6))
    width = draw(st.sampled_from([features, features, features, features + 1, features - 1, 0, 2**31 - 1, 2**40]))
    counts = draw(st.lists(st.integers(0, 5), min_size=rows, max_size=rows))
    total = sum(counts)
    ids = draw(st.lists(st.integers(0, features - 1) | st.sampled_from([-1, features, 2**31 - 1, 2**33, -(2**63), 2**63 - 1]) if draw(st.booleans())
                        else st.integers(0, features - 1), min_size=total, max_size=total))
    values = draw(st.lists(st.floats(-100, 100) | st.sampled_from([0.0, np.nan, np.inf, -np.inf, 1e300, 1e38]) if draw(st.booleans())
                           else st.floats(0, 3), min_size=total, max_size=total))
    kind = draw(st.sampled_from([np.int32, np.int64]))
    with np.errstate(all="ignore"):
        ids = np.array(ids, np.int64).astype(kind)
        data = np.array(values, np.float64).astype(draw(st.sampled_from([np.float32, np.float64, np.int32, np.bool_])))
    ends = np.concatenate([[0], np.cumsum(counts)]).astype(kind)
    damage = draw(st.sampled_from(["none"] * 6 + ["end", "start", "down", "short", "far"]))
    if damage == "end":
        ends[-1] += 7
    elif damage == "start":
        ends[0] = 1
    elif damage == "down" and rows > 1:
        ends[1] = total + 3
    elif damage == "short":
        ids = ids[: total // 2]
    elif damage == "far":
        ends[-1] = np.iinfo(kind).max
    matrix = sp.csr_matrix((rows, features), dtype=data.dtype)
    matrix.indptr, matrix.indices, matrix.data = ends, ids, data
    matrix._shape = (rows, width)
    return matrix


@FUZZ
@given(matrix=matrices())
def test_damaged_matrices_are_refused_when_asked(model, matrix):
    found = refused_or_done(lambda: model.predict_topk(matrix, 3))
    assert found is None or found.labels.shape == (matrix.shape[0], 3)


@settings(FUZZ, max_examples=60)
@given(matrix=matrices(), target=matrices(LABELS))
def test_damaged_matrices_are_refused_in_training(matrix, target):
    refused_or_done(lambda: GlissadeClassifier("plain", epochs=1, hidden=4).fit(matrix, target))


@settings(FUZZ, max_examples=60)
@given(matrix=matrices(LABELS))
def test_damaged_candidates_are_refused(model, small, matrix):
    X = small[0]
    refused_or_done(lambda: model.decision_function(X[: matrix.shape[0]], matrix))
    refused_or_done(lambda: model.predict_topk(X[: matrix.shape[0]], 2, exclude=matrix))


@FUZZ
@given(data=st.data())
def test_arrays_of_any_shape_and_type(model, data):
    shape = data.draw(st.sampled_from([(0, FEATURES), (3, FEATURES), (3, FEATURES - 1), (3, 0), (FEATURES,), (2, 3, FEATURES), ()]))
    dtype = data.draw(st.sampled_from(DTYPES))
    fill = data.draw(st.sampled_from([0, 1, -1, np.nan, np.inf, 1e39]))
    with np.errstate(all="ignore"):
        array = refused_or_done(lambda: np.full(shape, fill).astype(dtype))
    if array is None:
        return
    found = refused_or_done(lambda: model.predict_topk(array, data.draw(st.sampled_from([1, 5, 1000, 0, -1, 1001, 2.5, None]))))
    assert found is None or len(found.labels) == shape[0]


LABEL = st.integers(-(2**70), 2**70) | st.text(max_size=4) | st.none() | st.floats() | st.binary(max_size=2)


@settings(FUZZ, max_examples=80)
@given(y=st.lists(st.lists(LABEL, max_size=3) | LABEL, max_size=5) | st.none() | st.integers() | st.text(max_size=3))
def test_labels_of_any_kind(small, y):
    X = small[0][: len(y) if isinstance(y, list) else 3]
    refused_or_done(lambda: GlissadeClassifier("plain", epochs=1, hidden=4).fit(X, y))


@settings(FUZZ, max_examples=60)
@given(texts=st.lists(st.text(max_size=12) | st.none() | st.integers(), min_size=1, max_size=6))
def test_texts_of_any_kind(texts):
    labels = [["a"] if i % 2 else ["b"] for i in range(len(texts))]
    fitted = refused_or_done(lambda: GlissadeClassifier("plain", epochs=1, hidden=4).fit(texts, labels))
    if fitted is not None:
        assert fitted.predict_topk(texts, 1).labels.shape == (len(texts), 1)


def test_duplicates_are_summed_and_order_does_not_matter(model):
    plain = sp.csr_matrix((np.array([2, 1, 3], np.float32), np.array([1, 5, 9]), np.array([0, 3])), shape=(1, FEATURES))
    other = sp.csr_matrix((1, FEATURES), dtype=np.float32)
    other.data, other.indices, other.indptr = np.array([3, 1, 1, 1], np.float32), np.array([9, 1, 5, 1], np.int32), np.array([0, 4], np.int32)
    assert np.allclose(model.predict_topk(plain, 5).scores, model.predict_topk(other, 5).scores)
    assert other.indices.tolist() == [9, 1, 5, 1]  # the caller's matrix stays as it is


@pytest.mark.parametrize("of_labels", [False, True])
def test_more_columns_than_there_is_room_for(of_labels):
    """The library says what is missing before anything as large as the columns is made."""
    small = sp.csr_matrix((np.ones(3, np.float32), [0, 1, 2], [0, 1, 2, 3]), shape=(3, 4))
    wide = sp.csr_matrix((np.ones(3, np.float32), [0, 1, 2], [0, 1, 2, 3]), shape=(3, 2**31 - 1))
    tracemalloc.start()
    try:
        with pytest.raises(MemoryError, match="not enough memory: training needs about"):
            GlissadeClassifier("plain", epochs=1, hidden=64).fit(*((small, wide) if of_labels else (wide, small)))
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
