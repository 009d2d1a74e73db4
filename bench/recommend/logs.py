"""Logs of events as what is asked of all tools alike: whose history is known, and which items come next. Items and users are numbers."""

import csv
import dataclasses
import itertools
import random
import subprocess

TRAINING_BASKETS_HELD_BACK = 8  # of the baskets to train on one in so many is for choices


@dataclasses.dataclass
class Question:
    """What is known: the history of each user, oldest first. What is asked: the next items (truths) of some of these users (asked)."""

    histories: list
    asked: list
    truths: list


@dataclasses.dataclass
class Task:
    """The same log twice: `choice` for settings, `final` for what is reported. Nothing of final.truths is in choice."""

    items: list  # names
    choice: Question
    final: Question
    ordered: bool  # the order of a history means something

    def repeats(self):
        """Whether a user has something twice in what is trained on."""
        return any(len(set(history)) < len(history) for history in self.final.histories)


def lines_of(path):
    command = ["zstdcat", path] if path.endswith(".zst") else ["cat", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield from (line.rstrip("\n") for line in process.stdout)
    if process.returncode != 0:
        raise OSError(f"'{path}' cannot be read")


def without_last(sequences):
    """The last item of each sequence is asked for; a sequence of one item stays as it is."""
    asked = [user for user, items in enumerate(sequences) if len(items) > 1]
    return Question([items[:-1] if len(items) > 1 else items for items in sequences], asked, [{sequences[user][-1]} for user in asked])


def numbered(sequences):
    numbers = {}
    return [[numbers.setdefault(item, len(numbers)) for item in items] for items in sequences], list(numbers)


def last_items(sequences, ordered=True):
    """The last item of each is the test; settings are chosen on the one before, without the last."""
    sequences, names = numbered(sequences)
    final = without_last(sequences)
    return Task(names, without_last(final.histories), final, ordered)


def read_sequences(path):
    """Lines 'user item item ...'."""
    return last_items([line.split()[1:] for line in lines_of(path)])


def read_log(path, user, item, time):
    """A CSV file with a header. Without a time the order of the file counts."""
    rows = csv.DictReader(lines_of(path))
    wanted = [column for column in (user, item, time) if column]
    if missing := [column for column in wanted if column not in (rows.fieldnames or [])]:
        raise ValueError(f"'{path}' has no column '{missing[0]}'; its columns are: {', '.join(rows.fieldnames or [])}")
    events = [tuple(row[column] for column in wanted) for row in rows]
    if time:
        try:
            events.sort(key=lambda event: float(event[2]))
        except ValueError:
            events.sort(key=lambda event: event[2])
    users = {}
    for event in events:
        users.setdefault(event[0], []).append(event[1])
    return last_items(list(users.values()))


def read_rows(path):
    """(features, labels) of each row of XMC text, without values."""
    for line in itertools.islice(lines_of(path), 1, None):
        labels, *features = line.split(" ")
        yield [int(pair.split(":")[0]) for pair in features], [int(label) for label in labels.split(",") if label]


def read_baskets(train, test):
    """Rows of XMC text whose features and labels are the same items. Rows of a training basket, split in other ways, are one user with all items of
    it. A test row is a user of whom the features are known; the labels are asked for. Nothing is in an order, so users' items are shuffled."""
    folds = {}
    for features, labels in read_rows(train):
        folds.setdefault(tuple(sorted(features + labels)), (features, labels))
    asked_rows = list(read_rows(test))
    draw = random.Random(1)

    def question(whole, parted):
        histories = [list(items) for items in whole] + [list(features) for features, _ in parted]
        for history in histories:
            draw.shuffle(history)
        return Question(histories, list(range(len(whole), len(histories))), [set(labels) for _, labels in parted])

    held_back = list(folds)[::TRAINING_BASKETS_HELD_BACK]
    others = [basket for basket in folds if basket not in set(held_back)]
    final = question(list(folds), asked_rows)
    count = 1 + max(max(max(features, default=0), max(labels, default=0)) for features, labels in [*folds.values(), *asked_rows])
    return Task([str(item) for item in range(count)], question(others, [folds[basket] for basket in held_back]), final, ordered=False)


def write_log(path, histories, users, names):
    """A CSV file of what is known of `users`; time is the place in the history."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["user", "item", "time"])
        for user in users:
            writer.writerows((user, names[item], place) for place, item in enumerate(histories[user]))
