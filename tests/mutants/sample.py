"""Which mutants are tried: spread over the lines, the same for the same seed, and hardly others when code elsewhere changes."""

import hashlib
import itertools

from operators import mutants_of

FOLDERS = ["engine/losses", "engine/candidates", "engine/sparse_rows", "engine/topology", "engine/neighbours", "engine/ranking", "engine/samplers", "engine/parameters",
           "engine/batches", "engine/training", "engine/search", "engine/inference", "hashing"]
LEAST = 25  # mutants of a folder


def sources(root, folder):
    return sorted(path.relative_to(root).as_posix() for path in (root / folder).glob("*.cpp"))


def wanted(root, sample):
    """How many mutants of each folder: by its lines of code, but at least LEAST."""
    lines = {folder: sum(len((root / file).read_text().splitlines()) for file in sources(root, folder)) for folder in FOLDERS}
    return {folder: max(LEAST, round(sample * lines[folder] / sum(lines.values()))) for folder in FOLDERS}


def key(seed, mutant):
    what = (seed, mutant.file, mutant.original, mutant.occurrence, mutant.operator, mutant.becomes)
    return hashlib.sha256(repr(what).encode()).hexdigest()


def ranked(texts, seed):
    """All mutants of some files in the order in which they are tried: one of each line, then a second of each line, and so on."""
    by_line = {}
    for file, text in texts.items():
        for mutant in mutants_of(file, text):
            by_line.setdefault((file, mutant.line), []).append(mutant)
    for line in by_line.values():
        line.sort(key=lambda mutant: key(seed, mutant))
    rounds = itertools.zip_longest(*by_line.values())
    return [mutant for each in rounds for mutant in sorted(filter(None, each), key=lambda mutant: key(seed, mutant))]
