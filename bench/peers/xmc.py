"""Reads data in XMC text format, plain, .gz or .zst: first 'N D L', then a row per sample, 'label,label feature:value ...'.
Standard library only."""

import contextlib
import gzip
import itertools
import subprocess


class BadData(ValueError):
    """The text is not in XMC format; says where."""


@contextlib.contextmanager
def opened(path):
    """The lines of a file, as bytes, unpacked by the ending of its name."""
    path = str(path)
    if path.endswith(".zst"):
        with subprocess.Popen(["zstd", "-q", "-d", "-c", path], stdout=subprocess.PIPE) as process:
            yield process.stdout
            process.stdout.close()  # a head of the file is enough at times; zstd then ends early
    elif path.endswith(".gz"):
        with gzip.open(path) as file:
            yield file
    else:
        with open(path, "rb") as file:
            yield file


def header(path):
    """(samples, features, labels) as the first line says."""
    with opened(path) as lines:
        return parse_header(path, next(iter(lines), b""))


def parse_header(path, line):
    parts = line.split()
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        raise BadData(f"{path}:1: the first line must be 'N D L', three numbers, and is {line[:60]!r}")
    return tuple(int(part) for part in parts)


def split_row(line):
    """(labels, features) of a row, as text. A row without labels begins with a space, or at once with a feature."""
    line = line.rstrip(b"\r\n")
    labels, _, features = line.partition(b" ")
    if b":" in labels:
        return b"", line
    return labels, features


def texts(path, head=None):
    """The rows as (labels, features) in bytes, at most `head` of them; as many as the header says, or BadData."""
    with opened(path) as lines:
        lines = iter(lines)
        promised = parse_header(path, next(lines, b""))[0]
        wanted = promised if head is None else min(head, promised)
        count = 0
        for line in itertools.islice(lines, wanted):
            yield split_row(line)
            count += 1
        if count < wanted:
            raise BadData(f"{path}: the first line promises {promised} rows, but there are {count}")


def labels_of(path):
    """The labels of each row, as lists of numbers."""
    for labels, _ in texts(path):
        yield [int(label) for label in labels.split(b",") if label]


def features_of(path):
    """The features of each row, as lists of (number, value)."""
    for _, features in texts(path):
        yield [(int(feature), float(value)) for feature, _, value in (pair.partition(b":") for pair in features.split())]
