"""Data sets as corpora and vocabularies in Annif's own formats."""

import gzip
import json
import math
import pathlib
import random
import re
import subprocess

URI = "http://example.org/subject/"
TEST_ROWS = 5_000


def lines(packed):
    """Lines of a Zstandard file."""
    return subprocess.run(["zstd", "-dcq", packed], capture_output=True, text=True, check=True).stdout.splitlines()


def write_corpus(path, rows):
    """Rows of a text and URIs, one a line."""
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as file:
        for text, uris in rows:
            file.write(" ".join(text.split()) + "\t" + " ".join(f"<{uri}>" for uri in uris) + "\n")


def divided(train, test, holdout, rows=None):
    """`rows` training rows and some test rows, drawn at random; with `holdout`, a tenth of the training rows is the test."""
    draw = random.Random(1)
    draw.shuffle(train)
    train = train[:rows]
    if holdout:
        tenth = len(train) // 10
        return train[tenth:], train[:tenth][:TEST_ROWS]
    draw.shuffle(test)
    return train, test[:TEST_ROWS]


# ------------------------------------------------------------------------------------------------------------- rows of ids


def xmc(path):
    """(labels, [(feature, value)]) of each row."""
    rows = []
    for line in lines(path)[1:]:
        labels, *entries = line.split(" ")
        rows.append(([int(label) for label in labels.split(",")],
                     [(int(feature), float(value)) for feature, value in (entry.split(":") for entry in entries)]))
    return rows


def texts_of(rows, words, counted):
    """The words of each row in the order of their ids, each as often as its value says: (1 + ln tf) ln(N / df), to one length."""
    seen = [0] * len(words)
    for _, entries in counted:
        for feature, _ in entries:
            seen[feature] += 1
    rarity = [math.log(len(counted) / max(1, count)) or 1e-9 for count in seen]
    for labels, entries in rows:
        shares = [value / rarity[feature] for feature, value in entries]
        least = min(shares)
        times = [max(1, min(20, round(math.exp(share / least - 1)))) for share in shares]
        yield " ".join(" ".join([words[feature]] * count) for (feature, _), count in zip(entries, times)), labels


def yso(data, folder, holdout, rows):
    source = data / "yso-finna-en"
    words, uris = lines(source / "vocab.txt.zst"), lines(source / "labels.txt.zst")
    train, test = xmc(source / "train.txt.zst"), xmc(source / "test.txt.zst")
    counted = train + test
    train, test = divided(train, test, holdout, rows)
    for name, part in (("train", train), ("test", test)):
        write_corpus(folder / f"{name}.tsv.gz", ((text, [uris[label] for label in labels]) for text, labels in texts_of(part, words, counted)))
    vocabulary = folder / "vocabulary.tsv"
    vocabulary.write_text("".join(f"<{uri}>\t{uri.rsplit('/', 1)[1]}\n" for uri in uris))
    return vocabulary


# ------------------------------------------------------------------------------------------------------------------- texts


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def write_skos(path, uris):
    """Names such as "biology, biological science (n)" as a label and other labels."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n")
        for name, uri in uris.items():
            first, *others = re.sub(r" \(\w+\)$", "", name).split(", ")
            more = "".join(f"; skos:altLabel {quoted(other)}@en" for other in others)
            file.write(f"<{uri}> a skos:Concept; skos:prefLabel {quoted(first)}@en{more} .\n")


def wordnet(data, folder, holdout, rows):
    source = data / "wordnet-text"
    parts = []
    for name in ("train", "test"):
        entries = map(json.loads, lines(source / f"{name}.jsonl.zst"))
        parts.append([(f"{', '.join(one['words'])}. {one['definition']}. {'. '.join(one['examples'])}", one["related"]) for one in entries])
    uris = {}
    for part in parts:
        for _, related in part:
            for name in related:
                uris.setdefault(name, f"{URI}{len(uris)}")
    for name, part in zip(("train", "test"), divided(*parts, holdout, rows)):
        write_corpus(folder / f"{name}.tsv.gz", ((text, [uris[label] for label in related]) for text, related in part if related))
    write_skos(folder / "vocabulary.ttl", uris)
    return folder / "vocabulary.ttl"


CORPORA = {"yso-finna-en": yso, "wordnet-text": wordnet}


def make(name, data, folder, holdout=False, rows=None):
    """Write train.tsv.gz, test.tsv.gz and the vocabulary of a data set into `folder`; the path of the vocabulary."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return CORPORA[name](pathlib.Path(data), folder, holdout, rows)
