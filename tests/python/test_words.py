"""Word vectors with the face of gensim's KeyedVectors, beside what the command line says of them."""

import numpy as np
import pytest
from conftest import command_line

from glissade import GlissadeClassifier, WordVectors

TEXT = "\n".join(["the cat sat on the mat", "the dog sat on the rug", "a cat and a dog", "größer als die Straße", "die Katze saß"] * 60)


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    (folder / "t.txt").write_text(TEXT)
    command_line(folder, "train", "--preset", "text8", "--train", "t.txt", "--model", "w.glsd", "--min-count", "1", "--hidden", "20",
                 "--max-ngram", "4", "--threads", "1", "--quiet")
    return WordVectors.load(folder / "w.glsd"), folder


def test_vectors_are_those_that_are_exported(words):
    vectors, folder = words
    lines = command_line(folder, "export", "--model", "w.glsd", "--vectors", "-").splitlines()
    assert lines[0].split() == [str(len(vectors)), str(vectors.vector_size)] and vectors.vectors.shape == (len(vectors), 20)
    for place, line in enumerate(lines[1:]):
        word, *numbers = line.split(" ")
        assert vectors.index_to_key[place] == word and vectors.key_to_index[word] == place
        assert np.allclose(vectors[word], [float(number) for number in numbers if number], atol=1e-5)


def test_neighbours_are_those_of_the_command_line(words):
    vectors, folder = words
    lines = command_line(folder, "nearest", "--model", "w.glsd", "--k", "5", "cat").splitlines()
    found = vectors.most_similar("cat", topn=5)
    assert [line.split()[1] for line in lines] == [word for word, _ in found]
    assert np.allclose([float(line.split()[0]) for line in lines], [cosine for _, cosine in found], atol=1e-4)


def test_questions_of_gensim(words):
    vectors, _ = words
    assert "cat" in vectors and "unicorn" not in vectors
    assert vectors[["cat", "dog"]].shape == (2, 20)
    assert np.isclose(np.linalg.norm(vectors.get_vector("cat", norm=True)), 1)
    a, b = vectors["cat"].astype(float), vectors["dog"].astype(float)
    assert np.isclose(vectors.similarity("cat", "dog"), a @ b / np.linalg.norm(a) / np.linalg.norm(b), atol=1e-5)
    given = vectors.most_similar(positive=["cat", "rug"], negative=["mat"], topn=100)
    assert len(given) == len(vectors) - 3 and not {"cat", "rug", "mat"} & {word for word, _ in given}
    assert [cosine for _, cosine in given] == sorted((cosine for _, cosine in given), reverse=True)
    unit = [vectors.get_vector(word, norm=True).astype(float) for word in ("cat", "rug", "mat", given[0][0])]
    direction = unit[0] + unit[1] - unit[2]
    assert np.isclose(given[0][1], direction @ unit[3] / np.linalg.norm(direction), atol=1e-5)
    assert {word for word, _ in vectors.most_similar("cat", restrict_vocab=3)} <= set(vectors.index_to_key[:3])
    assert vectors.similar_by_vector(vectors["dog"], 1)[0][0] == "dog"


def test_what_cannot_be_right_is_refused(words, tmp_path):
    vectors, _ = words
    with pytest.raises(KeyError, match="unicorn"):
        vectors["unicorn"]
    for wrong in ({}, {"positive": [np.zeros(20)]}):
        with pytest.raises(ValueError, match="needs words"):
            vectors.most_similar(**wrong)
    GlissadeClassifier(epochs=1, hidden=16).fit(["a b", "c d"] * 20, [["x"], ["y"]] * 20).save(tmp_path / "t.glsd")
    with pytest.raises(RuntimeError, match="holds no words"):
        WordVectors.load(tmp_path / "t.glsd")
    with pytest.raises(FileNotFoundError):
        WordVectors.load(tmp_path / "none.glsd")
