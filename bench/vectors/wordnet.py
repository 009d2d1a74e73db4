"""Texts of the rows of wordnet-related, of which the data set has word ids alone: wordnet-text has the same entries as JSON lines, in the same
order, and more of them. A row's text is the next entry that has its words."""

import json
import re
import subprocess

FOLDERS = ("wordnet-related", "wordnet-text")
WORD = re.compile(r"[a-z]+")
AT_LEAST = 0.8  # of the words of row and entry together are in both
LOOK_AHEAD = 60  # entries


def lines(path):
    return subprocess.run(["zstdcat", str(path)], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()


def text_of(entry):
    return f"{', '.join(entry['words'])}: {'; '.join([entry['definition'], *entry['examples']])}".replace("\n", " ")


def words_of_rows(path, vocabulary):
    for line in lines(path)[1:]:
        yield {vocabulary[int(pair.split(":")[0])] for pair in line.split(" ")[1:]}


def texts(data, part):
    """One text per row of `part`, "train" or "test"."""
    vocabulary = lines(data / "wordnet-related/vocab.txt.zst")
    known = set(vocabulary)
    entries = [json.loads(line) for line in lines(data / f"wordnet-text/{part}.jsonl.zst")]
    words = [known.intersection(WORD.findall(text_of(entry).lower())) for entry in entries]
    at, found = 0, []
    for number, row in enumerate(words_of_rows(data / f"wordnet-related/{part}.txt.zst", vocabulary)):
        row = {word for word in row if not word.startswith("xpos")}  # parts of speech
        alike = [len(row & words[i]) / max(1, len(row | words[i])) for i in range(at, min(at + LOOK_AHEAD, len(words)))]
        if not alike:
            raise SystemExit(f"wordnet: row {number} of {part} has no entry left")
        step = next((i for i, share in enumerate(alike) if share >= AT_LEAST), 0 if not row else alike.index(max(alike)))
        found.append(text_of(entries[at + step]))
        at += step + 1
    return found


def words(data, part, folder):
    """The file of the rows with their words."""
    return data / f"wordnet-related/{part}.txt.zst"


def bare(data, part, folder):
    """A file of the same rows with their labels alone."""
    rows = lines(words(data, part, folder))
    count, _, labels = rows[0].split(" ")
    path = folder / f"wordnet-{part}-bare.txt"
    path.write_text("\n".join([f"{count} 1 {labels}", *(row.split(" ")[0] for row in rows[1:])]) + "\n")
    return path
