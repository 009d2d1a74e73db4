"""What the tests share: a small library of described words, its vocabulary, Annif's own objects."""

import os
import pathlib
import subprocess

import corpora
import punkt
import pytest
from annif.corpus import DocumentFileTSV
from annif.registry import AnnifRegistry
from annif.vocab import VocabFileTSV

SAMPLE = pathlib.Path(os.environ["GLISSADE_SAMPLE"])
ROWS, TEST_ROWS = 2400, 200
PROJECTS = """
[words]
name=Words
language=en
backend=glissade
vocab=wordnet
epochs=6
allow_learn=true

[analyzed]
name=Words by an analyzer
language=en
backend=glissade
features=analyzer
analyzer=snowball(english)
vocab=wordnet
epochs=6
allow_learn=true

[plain]
name=Without learning
language=en
backend=glissade
vocab=wordnet
epochs=1

[excluding]
name=Without a subject
language=en
backend=glissade
vocab=wordnet(exclude={0}1)
epochs=1

[wrong]
name=An option that does not exist
language=en
backend=glissade
vocab=wordnet
epoch=3
"""


class Library:
    """Projects, a vocabulary and documents, in one folder."""

    def __init__(self, folder):
        self.folder = folder
        texts = corpora.lines(SAMPLE / "test_text.txt.zst")
        rows = corpora.lines(SAMPLE / "test.txt.zst")[1:]
        names = corpora.lines(SAMPLE / "labels.txt.zst")
        labels = [[int(label) for label in row.split(" ")[0].split(",")] for row in rows]
        often = {}
        for row in labels:
            for label in row:
                often[label] = often.get(label, 0) + 1
        common = sorted(often, key=lambda label: -often[label])[:150]
        self.uris = {label: f"{corpora.URI}{place}" for place, label in enumerate(common)}
        chosen = [(text, [self.uris[label] for label in row if label in self.uris]) for text, row in zip(texts, labels)]
        chosen = [(text, uris) for text, uris in chosen if uris]
        self.test_rows, self.train_rows = chosen[:TEST_ROWS], chosen[TEST_ROWS : TEST_ROWS + ROWS]
        corpora.write_corpus(folder / "train.tsv.gz", self.train_rows)
        corpora.write_corpus(folder / "test.tsv.gz", self.test_rows)
        self.vocabulary_lines = [f"<{self.uris[label]}>\t{names[label]}\n" for label in common]
        self.vocabulary = folder / "vocabulary.tsv"
        self.vocabulary.write_text("".join(self.vocabulary_lines))
        (folder / "projects.cfg").write_text(PROJECTS.replace("{0}", corpora.URI))

    def registry(self, data):
        """Annif's projects with a vocabulary, in the folder `data`."""
        registry = AnnifRegistry(str(self.folder / "projects.cfg"), str(data), False)
        registry.get_vocab("wordnet").load_vocabulary(VocabFileTSV(str(self.vocabulary), "en"))
        return registry

    def corpus(self, project, name):
        return DocumentFileTSV(str(self.folder / name), project.subjects)

    def annif(self, *arguments, stdin=None, status=0):
        """The real command, in the folder; (standard output, standard error)."""
        command = pathlib.Path(os.sys.executable).with_name("annif")
        done = subprocess.run([command, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True, input=stdin)
        assert done.returncode == status, done.stderr
        return done.stdout, done.stderr


@pytest.fixture(scope="session", autouse=True)
def tokenizer():
    punkt.write(os.environ["NLTK_DATA"])


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    return Library(tmp_path_factory.mktemp("library"))
