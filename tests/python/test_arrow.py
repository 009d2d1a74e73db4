"""Tables and columns of Arrow, and what pandas makes of them."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from glissade import GlissadeClassifier, ItemRecommender, Model


@pytest.fixture(scope="module")
def frame():
    draw = np.random.default_rng(1)
    fruit = draw.integers(0, 2, 200)
    return pd.DataFrame({
        "title": [f"{'apple pear' if one else 'car bus'} item{i % 50}" for i, one in enumerate(fruit)],
        "shop": pd.Categorical([f"shop{i % 3}" for i in range(200)]),
        "price": draw.normal(size=200).round(3),
        "labels": [["fruit"] if one else ["vehicle", "sale"] for one in fruit],
    })


def test_tables_of_records_are_learned_as_frames_are(frame, tmp_path):
    X = frame.drop(columns="labels")
    first = GlissadeClassifier(epochs=2, hidden=16).fit(X, frame["labels"].tolist())
    table = pa.Table.from_pandas(X, preserve_index=False)
    second = GlissadeClassifier(epochs=2, hidden=16).fit(table, pa.array(frame["labels"].tolist()))
    assert second.feature_names_in_.tolist() == ["title", "shop", "price"]
    first.save(tmp_path / "1.glsd")
    second.save(tmp_path / "2.glsd")
    assert (tmp_path / "1.glsd").read_bytes() == (tmp_path / "2.glsd").read_bytes()
    assert np.array_equal(second.predict_topk(table, 2).scores, first.predict_topk(X, 2).scores)
    model = Model.load(tmp_path / "1.glsd")
    assert np.array_equal(model.top_k(table, 2).scores, first.predict_topk(X, 2).scores)
    assert second.score(table, pa.chunked_array([frame["labels"].tolist()])) > 0.85
    with pytest.raises(ValueError, match="no column 'price'"):
        second.predict(table.drop_columns("price"))


def test_columns_of_arrow_in_pandas_are_learned(frame):
    X = frame.drop(columns="labels")
    arrow = pa.Table.from_pandas(X, preserve_index=False).to_pandas(types_mapper=pd.ArrowDtype)
    assert "pyarrow" in str(arrow.dtypes["title"]) and "dictionary" in str(arrow.dtypes["shop"])
    labels = frame["labels"].tolist()
    first, second = (GlissadeClassifier(epochs=1, hidden=16).fit(one, labels).predict_topk(X, 2) for one in (X, arrow))
    assert np.array_equal(first.scores, second.scores)


def test_missing_texts_are_no_words(frame):
    titles = frame["title"].astype(object)
    titles[::7] = None
    plain = GlissadeClassifier(epochs=1, hidden=16).fit(pd.DataFrame({"title": titles, "shop": frame["shop"]}), frame["labels"].tolist())
    names = {plain.model_.feature_name(i) for i in range(plain.model_.n_features)}
    arrow = pd.DataFrame({"title": titles.astype("string[pyarrow]"), "shop": frame["shop"]})
    assert arrow["title"].isna().sum() > 20
    other = GlissadeClassifier(epochs=1, hidden=16).fit(arrow, frame["labels"].tolist())
    assert names == {other.model_.feature_name(i) for i in range(other.model_.n_features)} and "na" not in names


def test_a_column_of_texts_is_enough(frame):
    labels = frame["labels"].tolist()
    titles = frame["title"].tolist()
    expected = GlissadeClassifier(epochs=1, hidden=16).fit(titles, labels).predict_topk(titles[:20], 2).scores
    for texts in (pa.array(titles), pa.chunked_array([titles[:90], titles[90:]]), frame["title"].astype("string[pyarrow]")):
        model = GlissadeClassifier(epochs=1, hidden=16).fit(texts, labels)
        assert np.array_equal(model.predict_topk(texts[:20], 2).scores, expected)


def test_a_table_of_numbers_is_a_matrix(small):
    X, Y, first = small
    names = [f"f{i}" for i in range(X.shape[1])]
    table = pa.table({name: column for name, column in zip(names, X.toarray().T)})
    model = GlissadeClassifier(epochs=3, hidden=32).fit(table, Y)
    assert model.feature_names_in_.tolist() == names
    assert np.array_equal(model.predict_topk(table, 2).labels, GlissadeClassifier(epochs=3, hidden=32).fit(X, Y).predict_topk(X, 2).labels)
    assert GlissadeClassifier(epochs=1, hidden=16).fit(table, pa.array(first)).classes_.tolist() == list(range(12))


def test_events_may_be_a_table():
    events = pd.DataFrame({"user": [f"u{i // 3}" for i in range(90)], "item": [f"i{i % 3}" for i in range(90)],
                           "time": pd.date_range("2024-01-01", periods=90, freq="h")})
    expected = ItemRecommender(epochs=1, hidden=16).fit(events).recommend(["u1", "u2"], 2).scores
    table = pa.Table.from_pandas(events, preserve_index=False)
    zoned = events.assign(time=events["time"].dt.tz_localize("UTC").dt.tz_convert("Europe/Helsinki"))
    for form in (table, table.to_pandas(types_mapper=pd.ArrowDtype), zoned):
        assert np.array_equal(ItemRecommender(epochs=1, hidden=16).fit(form).recommend(["u1", "u2"], 2).scores, expected)


def test_the_history_is_a_frame(small):
    X, Y, _ = small
    model = GlissadeClassifier(epochs=3, hidden=16).fit(X, Y)
    frame = model.history_frame_
    assert frame["epoch"].tolist() == [1, 2, 3] and frame["loss"].tolist() == [one.loss for one in model.history_]
    assert frame["loss"].is_monotonic_decreasing
