"""What comes next: logs of events in all forms, the command line's model byte for byte, its answers."""

import numpy as np
import pandas as pd
import pytest
from conftest import command_line

from glissade import GlissadeClassifier, ItemRecommender, Model


def events(users=300, seed=3, repeats=False):
    """Users walk through one of ten rings of items, each at its own pace in time; rows of the log are shuffled."""
    draw = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        ring, at = draw.integers(0, 10), draw.integers(0, 8)
        length = draw.integers(2, 7)
        for step in range(length):
            item = f"item {ring}-{at % 8}"
            rows.append((f"user{user}", item, 1_600_000_000 + 86_400 * int(draw.integers(0, 30)) + step * 3_000_000, float(draw.integers(1, 5))))
            at += 0 if repeats and draw.random() < 0.3 else 1
    order = draw.permutation(len(rows))
    return pd.DataFrame([rows[i] for i in order], columns=["user", "item", "time", "weight"])


@pytest.fixture(scope="module")
def log():
    return events()


@pytest.fixture(scope="module")
def model(log):
    return ItemRecommender(epochs=6, hidden=32).fit(log)


@pytest.mark.parametrize(("columns", "more", "options"), [
    (["user", "item", "time"], {}, []),
    (["user", "item"], {}, []),
    (["user", "item", "weight"], {}, []),
    (["user", "item", "time"], {"ordered": False}, ["--sequence-order", "off"]),
    (["user", "item"], {"decay": 0.5, "window": 3}, ["--sequence-decay", "0.5", "--sequence-window", "3"]),
    (["user", "item", "time", "weight"], {"half_life": "30d"}, ["--event-half-life", "30d"]),
    (["user", "item", "time"], {"exclude_input": False, "random_state": 4}, ["--exclude-input", "off", "--seed", "4"])])
@pytest.mark.parametrize("repeats", [False, True])
def test_the_same_file_as_the_command_line(tmp_path, columns, more, options, repeats):
    log = events(repeats=repeats)[columns]
    log.to_csv(tmp_path / "log.csv", index=False)
    names = [part for name in columns for part in ({"weight": "--event-weight"}.get(name, f"--{name}"), name)]
    command_line(tmp_path, "train", "--train", "log.csv", *names, *options, "--epochs", "2", "--model", "c.glsd", "--quiet")
    ItemRecommender(epochs=2, **more).fit(log).save(tmp_path / "p.glsd")
    assert (tmp_path / "p.glsd").read_bytes() == (tmp_path / "c.glsd").read_bytes()


def test_answers_are_those_of_the_command_line(log, model, tmp_path):
    model.save(tmp_path / "m.glsd")
    log.to_csv(tmp_path / "log.csv", index=False)
    printed = command_line(tmp_path, "predict", "--model", "m.glsd", "--k", "3", "log.csv").splitlines()
    users = list(dict.fromkeys(log["user"]))
    found = model.recommend(users, 3)
    assert len(printed) == len(users)
    for row, line in enumerate(printed):
        items = [pair.rsplit(":", 1)[0] for pair in line.split("\t")]
        assert [name.split(": ")[-1] for name in items] == found.labels[row].tolist(), line


def test_what_comes_next_is_learned(log, model):
    rings = [[f"item {ring}-{at % 8}" for at in range(start, start + 3)] for ring in range(10) for start in range(8)]
    best = model.recommend([ring[:2] for ring in rings], 1).labels[:, 0]
    assert np.mean(best == [ring[2] for ring in rings]) > 0.8
    assert model.items_[0] == log["item"].iloc[0] and len(model.items_) == 80


def test_logs_in_other_forms_are_the_same_log(log):
    answers = []
    rows = list(log.drop(columns="weight").itertuples(index=False, name=None))
    dated = log.assign(time=pd.to_datetime(log["time"], unit="s")).drop(columns="weight")
    texts = dated.assign(time=dated["time"].dt.strftime("%Y-%m-%dT%H:%M:%S"))
    named = dated.rename(columns={"user": "who"})
    for form in (log.drop(columns="weight"), rows, dated, texts, list(dated.itertuples(index=False, name=None)), named):
        user = "who" if hasattr(form, "columns") and "who" in form.columns else "user"
        answers.append(ItemRecommender(epochs=1, hidden=16, user=user).fit(form).recommend([["item 1-1"]], 5))
    for one in answers[1:]:
        assert np.array_equal(one.labels, answers[0].labels) and np.array_equal(one.scores, answers[0].scores)


def test_a_log_without_an_order_is_of_sets(log, tmp_path):
    log = log.drop(columns="weight")
    sets = ItemRecommender(epochs=6, hidden=32, time=None).fit(log)
    assert sets.model_.data_notes().startswith("format set\n") and sets.model_.options["exclude-input"] == "on"
    others = [ItemRecommender(epochs=6, hidden=32, ordered=ordered).fit(log[["user", "item"]]) for ordered in (None, False)]
    rings = [[f"item {ring}-{at % 8}" for at in range(start, start + 3)] for ring in range(10) for start in range(8)]
    found = sets.recommend(rings, 3).labels
    for other in others:
        assert np.array_equal(found, other.recommend(rings, 3).labels)
    assert np.array_equal(found, sets.recommend([ring[::-1] + ring[:1] for ring in rings], 3).labels)  # neither order nor number counts
    assert not any(item in ring for ring, row in zip(rings, found) for item in row)
    assert np.mean([item.split("-")[0] == ring[0].split("-")[0] for ring, row in zip(rings, found) for item in row]) > 0.9
    sets.save(tmp_path / "s.glsd")
    loaded = ItemRecommender.load(tmp_path / "s.glsd")
    assert loaded.ordered is False and np.array_equal(loaded.recommend(rings, 3).labels, found)
    users = list(dict.fromkeys(log["user"]))[:9]
    assert np.array_equal(loaded.remember(log[["user", "item"]]).recommend(users, 2).labels, sets.recommend(users, 2).labels)


def test_a_log_in_the_order_of_time_is_known_as_one(log):
    in_order = log.sort_values("time", kind="stable")[["user", "item"]]
    assert ItemRecommender(epochs=1, hidden=16).fit(in_order).model_.data_notes().startswith("format sequence\n")
    assert ItemRecommender(epochs=1, hidden=16, ordered=False).fit(in_order).model_.data_notes().startswith("format set\n")


def test_what_was_seen_is_left_out_or_not():
    log = events(repeats=True)
    model = ItemRecommender(epochs=3, hidden=16).fit(log)
    seen = log.groupby("user")["item"].agg(set)
    users = seen.index.tolist()
    without = model.recommend(users, 5, exclude_seen=True).labels
    assert not any(item in seen[user] for user, row in zip(users, without) for item in row)
    assert any(item in seen[user] for user, row in zip(users, model.recommend(users, 5).labels) for item in row)
    only = model.recommend(users, 2, only=["item 0-0", "item 0-1", "item 0-2"]).labels
    assert set(only.ravel()) <= {"item 0-0", "item 0-1", "item 0-2"}


def test_items_that_are_numbers_stay_numbers():
    log = events()
    numbers = log.assign(item=log["item"].str[5:].str.replace("-", "").astype(int), user=log["user"].str[4:].astype(int))
    model = ItemRecommender(epochs=1, hidden=16).fit(numbers)
    assert model.items_.dtype.kind == "i"
    assert model.recommend([3, 5], 2).labels.dtype.kind == "i"
    assert (model.recommend([[11]], 4, only=[12, 13]).labels[0, 2:] == -1).all()


def test_a_file_is_loaded_and_told_of_users(log, model, tmp_path):
    model.save(tmp_path / "m.glsd", training_state=False)
    loaded = ItemRecommender.load(tmp_path / "m.glsd")
    assert np.array_equal(loaded.recommend([["item 2-3"]], 5).labels, model.recommend([["item 2-3"]], 5).labels)
    with pytest.raises(ValueError, match="call remember"):
        loaded.recommend(["user1"])
    users = ["user7", "user1"]
    assert np.array_equal(loaded.remember(log).recommend(users, 5).scores, model.recommend(users, 5).scores)
    new = pd.DataFrame({"user": ["new", "new"], "item": ["item 4-4", "an item that nobody knows"], "time": [1, 2]})
    assert np.array_equal(loaded.remember(new).recommend(["new"], 5).labels, model.recommend([["item 4-4", "what is it"]], 5).labels)
    GlissadeClassifier(epochs=1, hidden=16).fit(["a b", "c d"] * 20, [["x"], ["y"]] * 20).save(tmp_path / "t.glsd")
    with pytest.raises(ValueError, match="not trained on histories"):
        ItemRecommender.load(tmp_path / "t.glsd")
    assert Model.load(tmp_path / "m.glsd").n_labels == 80


@pytest.mark.parametrize(("events", "options", "message"), [
    ([("a", "x")], {}, "at least two"), ([("a", "x"), ("b", "y")], {"ordered": True}, "two events"),
    ([("a", "x"), ("b", "y"), ("b", "y")], {}, "two different items"), ([("a", "x"), ("a", "y")], {"ordered": False, "decay": 1}, "ages"),
    ([], {}, "give tuples"), ([("a",)], {}, "give tuples"),
    ([("a", "x", 1), ("a", "y")], {}, "all alike"), ([("a", "x"), ("a", 3)], {}, "several kinds"),
    ([("a", "x", 1, -1), ("a", "y", 2, 1)], {}, "above 0"), ([("a", "x", "monday"), ("a", "y", "sunday")], {}, "ISO 8601"),
    ([("a", "x"), ("a", "y")], {"half_life": 3}, "needs times"), ([("a", "x", 1), ("a", "y", 2)], {"half_life": "3 moons"}, "half_life"),
    ([("a", None), ("a", "y")], {}, "kind"), ([("a", "x", float("nan")), ("a", "y", 2.0)], {}, "no time"),
    ([("a", "x"), ("a", "y")], {"window": 0}, "window"), ([("a", "x"), ("a", "y")], {"epoch": 3}, "epoch")])
def test_what_cannot_be_right_is_refused(events, options, message):
    with pytest.raises(ValueError, match=message):
        ItemRecommender(**options).fit(events)


def test_questions_that_cannot_be_right_are_refused(log, model):
    for users, options, message in ((["nobody"], {}, "has no events"), (["user1"], {"only": ["x"]}, "no item"), (["user1"], {"k": 0}, "k is 0"),
                                    (["user1"], {"exclude_seen": False}, "exclude_input=False")):
        with pytest.raises(ValueError, match=message):
            model.recommend(users, **options)
    with pytest.raises(ValueError, match="not fitted"):
        ItemRecommender().recommend(["user1"])
    with pytest.raises(ValueError, match="no column 'item'"):
        ItemRecommender().fit(log.drop(columns="item"))
    with pytest.raises(ValueError, match="no column 'when'"):
        ItemRecommender(time="when").fit(log)
