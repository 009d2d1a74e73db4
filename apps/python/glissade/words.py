"""Word vectors of a model of running text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _library as lib
from .model import Model, PathLike

Word = Union[str, npt.NDArray[Any]]


class WordVectors:
    """The words of a model of ``glissade train --preset text8`` (or any other of running text) and their vectors, with the face of gensim's
    ``KeyedVectors``. Immutable; its methods may be called from many threads.

    Attributes
    ----------
    vectors : ndarray of shape (words, vector_size), float32
    index_to_key : list of str
        The words, most frequent first.
    key_to_index : dict of str to int
    vector_size : int
    """

    def __init__(self, words: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
        self.index_to_key = list(words)
        self.key_to_index = {word: place for place, word in enumerate(self.index_to_key)}
        self.vectors = vectors
        self.vector_size = int(vectors.shape[1])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        self._units: npt.NDArray[np.float32] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)

    @classmethod
    def load(cls, path: PathLike) -> WordVectors:
        """Read the vectors of a model file.

        Parameters
        ----------
        path : str or path
        """
        model = Model.load(path)
        vectors = np.empty((model.n_labels, model.width), np.float32)
        lib.check(lib.library.glissade_word_vectors(lib.context(), model.handle, vectors.ctypes.data))
        return cls(model.label_names() or [], vectors)

    def __len__(self) -> int:
        return len(self.index_to_key)

    def __contains__(self, word: object) -> bool:
        return word in self.key_to_index

    def __getitem__(self, words: Union[str, Iterable[str]]) -> npt.NDArray[np.float32]:
        """The vector of a word; or those of several, one a row."""
        if isinstance(words, str):
            return self.vectors[self._place(words)]
        return self.vectors[[self._place(word) for word in words]]

    def _place(self, word: str) -> int:
        place = self.key_to_index.get(word)
        if place is None:
            raise KeyError(f"the word {word!r} is not among the {len(self)} words of the model (case counts)")
        return place

    def get_vector(self, word: str, norm: bool = False) -> npt.NDArray[np.float32]:
        """The vector of a word, of length 1 with `norm`."""
        return (self._units if norm else self.vectors)[self._place(word)]

    def similarity(self, first: str, second: str) -> float:
        """The cosine of two words."""
        return float(self._units[self._place(first)] @ self._units[self._place(second)])

    def most_similar(
        self,
        positive: Union[Word, Iterable[Word], None] = None,
        negative: Union[Word, Iterable[Word], None] = None,
        topn: int = 10,
        restrict_vocab: Optional[int] = None,
    ) -> list[tuple[str, float]]:
        """The words nearest to the mean of some words and of the opposite of others.

        Parameters
        ----------
        positive, negative : word, vector, or list of them
            Given words are no answers. "king" and "woman" without "man": ``most_similar(["king", "woman"], ["man"])``.
        topn : int, default=10
        restrict_vocab : int, optional
            Only the first so many words are answers.

        Returns
        -------
        list of (str, float)
            Words and cosines, nearest first.
        """
        direction = np.zeros(self.vector_size, np.float64)
        given = []
        for sign, words in ((1.0, _listed(positive)), (-1.0, _listed(negative))):
            for word in words:
                if isinstance(word, str):
                    given.append(self._place(word))
                    direction += sign * self._units[given[-1]]
                else:
                    vector = np.asarray(word, np.float64)
                    direction += sign * vector / max(float(np.linalg.norm(vector)), 1e-30)
        if not direction.any():
            raise ValueError("most_similar needs words, or vectors that do not cancel out; give positive=... or negative=...")
        return self._nearest(direction, topn, given, restrict_vocab)

    def similar_by_vector(self, vector: npt.NDArray[Any], topn: int = 10) -> list[tuple[str, float]]:
        """The words nearest to a vector."""
        return self.most_similar([vector], topn=topn)

    def _nearest(self, direction: npt.NDArray[np.float64], topn: int, given: list[int], among: Optional[int]) -> list[tuple[str, float]]:
        cosines = self._units[:among] @ (direction / np.linalg.norm(direction)).astype(np.float32)
        cosines[[place for place in given if place < len(cosines)]] = -np.inf
        count = min(topn, len(cosines) - len({place for place in given if place < len(cosines)}))
        if count <= 0:
            return []
        best = np.argpartition(-cosines, count - 1)[:count]
        best = best[np.lexsort((best, -cosines[best]))]
        return [(self.index_to_key[place], float(cosines[place])) for place in best.tolist()]


def _listed(words: Any) -> list[Word]:
    if words is None:
        return []
    return [words] if isinstance(words, str) or isinstance(words, np.ndarray) and words.ndim == 1 else list(words)
