"""Training documents, as they are kept for ``annif train --cached``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import annif.util
import numpy as np
import scipy.sparse as sp

FILE = "glissade-train.jsonl"


class Documents(NamedTuple):
    """Texts, and an indicator matrix of their subjects."""

    texts: list[str]
    subjects: Any


def indicator(rows: list[list[int]], subjects: int) -> Any:
    """Row i has the subjects rows[i]."""
    ends = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    ids = np.fromiter((subject for row in rows for subject in row), np.int32, int(ends[-1]))
    return sp.csr_matrix((np.ones(len(ids), np.int8), ids, ends), shape=(len(rows), subjects))


def read(corpus: Any) -> Iterator[tuple[str, list[int]]]:
    """Documents with a text and subjects; others teach nothing."""
    for document in corpus.documents:
        subjects = sorted(document.subject_set)
        if document.text.strip() and subjects:
            yield document.text, subjects


def gathered(rows: Iterator[tuple[str, list[int]]], subjects: int) -> Documents:
    texts, labels = [], []
    for text, ids in rows:
        texts.append(text)
        labels.append(ids)
    return Documents(texts, indicator(labels, subjects))


def keep(documents: Documents, folder: str) -> None:
    """Write the documents to the project's folder."""

    def write(kept: Documents, path: str) -> None:
        with open(path, "w", encoding="utf-8") as file:
            for row, text in enumerate(kept.texts):
                ids = kept.subjects.indices[kept.subjects.indptr[row] : kept.subjects.indptr[row + 1]]
                file.write(json.dumps([text, ids.tolist()], ensure_ascii=False) + "\n")

    annif.util.atomic_save(documents, folder, FILE, method=write)


def kept(folder: str, subjects: int) -> Documents | None:
    """What keep() wrote, or None."""
    path = os.path.join(folder, FILE)
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return gathered((tuple(json.loads(line)) for line in file), subjects)
