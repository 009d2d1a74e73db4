"""Questions about cooking and their tags, in fastText's form: the first 12,404 lines to train, the other 3,000 to test."""

import re

import wordnet

FOLDERS = ("cooking",)
TRAINED = 12404
LABEL = re.compile(r"__label__(\S+)")


def lines(data, part):
    every = wordnet.lines(data / "cooking/cooking.stackexchange.txt.zst")
    return every[:TRAINED] if part == "train" else every[TRAINED:]


def texts(data, part):
    """One text per row of `part`, "train" or "test"."""
    return [LABEL.sub("", line).strip() for line in lines(data, part)]


def words(data, part, folder):
    """A file of the rows with their words."""
    path = folder / f"cooking-{part}.txt"
    path.write_text("\n".join(lines(data, part)) + "\n")
    return path


def bare(data, part, folder):
    """A file of the rows with their labels alone, as numbers."""
    numbers = {}
    rows = {}
    for name in ("train", "test"):
        rows[name] = [[numbers.setdefault(label, len(numbers)) for label in LABEL.findall(line)] for line in lines(data, name)]
    path = folder / f"cooking-{part}-bare.txt"
    path.write_text("\n".join([f"{len(rows[part])} 1 {len(numbers)}", *(",".join(map(str, row)) for row in rows[part])]) + "\n")
    return path
