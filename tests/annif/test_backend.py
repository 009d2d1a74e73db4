"""The backend by Annif's own objects."""

import os
import pathlib
import subprocess
import sys

import annif.backend
import annif.parallel
import glissade_annif
import numpy as np
import pytest
from annif.corpus import Document, DocumentList
from annif.exception import ConfigurationException, NotEnabledException, NotInitializedException, NotSupportedException
from annif.registry import AnnifRegistry
from annif.vocab import VocabFileTSV
from glissade_annif.backend import GlissadeBackend


@pytest.fixture(scope="module", params=["words", "analyzed"])
def trained(request, library, tmp_path_factory):
    """A trained project. Tests that change it have projects of their own."""
    project = library.registry(tmp_path_factory.mktemp(request.param)).get_project(request.param)
    project.train(library.corpus(project, "train.tsv.gz"))
    return project


def suggested(project, text, limit=5, params=None):
    """URIs, best first."""
    found = project.suggest([Document(text=text)], {"glissade": {"limit": limit, **(params or {})}})[0]
    return [project.subjects[one.subject_id].uri for one in found]


def test_annif_knows_the_backend():
    assert annif.backend.get_backend("glissade") is GlissadeBackend
    with pytest.raises(ValueError, match="No such backend"):
        annif.backend.get_backend("glisade")


def test_documents_of_training_are_answered_with_their_subjects(library, trained):
    assert trained.is_trained and trained.modification_time is not None
    right = sum(suggested(trained, text, 1)[0] in uris for text, uris in library.train_rows[:200])
    assert right > 150
    right = sum(bool({*suggested(trained, text, 5)} & {*uris}) for text, uris in library.test_rows)
    assert right > 70  # chance: 7


def test_a_batch_gives_what_its_documents_give_one_by_one(library, trained):
    texts = [text for text, _ in library.test_rows[:40]]
    whole = trained.suggest([Document(text=text) for text in texts])
    assert whole.array.shape == (40, len(trained.subjects)) and whole.array.dtype == np.float32
    for row, text in enumerate(texts):
        one = trained.suggest([Document(text=text)])
        assert np.allclose(one.array.toarray()[0], whole.array[[row]].toarray()[0], rtol=1e-4, atol=1e-7)
    assert 0 < whole.array.data.min() and whole.array.data.max() <= 1
    assert (np.diff(whole.array.indptr) == 100).all()


def test_limits_are_kept(library, trained):
    text = library.test_rows[0][0]
    assert len(suggested(trained, text, 3)) == 3
    assert suggested(trained, text, 3) == suggested(trained, text, 10)[:3]
    assert suggested(trained, text, 0) == []
    assert len(suggested(trained, text, 5000)) == len(trained.subjects)


def test_texts_without_words_have_no_suggestions(trained):
    assert suggested(trained, "") == suggested(trained, " \n") == []
    suggested(trained, "zzxxqq")  # words that nobody knows: whatever it is, no error


def test_the_model_is_mapped(library, trained):
    suggested(trained, library.test_rows[0][0])
    path = os.path.join(trained.datadir, GlissadeBackend.MODEL_FILE)
    assert any(line.rstrip().endswith(path) for line in open("/proc/self/maps"))


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_other_processes_answer_the_same(library, trained, method, monkeypatch):
    monkeypatch.setattr(annif.parallel, "MP_START_METHOD", method)
    batches = [[Document(text=text) for text, _ in library.test_rows[begin : begin + 20]] for begin in range(0, 60, 20)]
    trained.initialize(parallel=True)
    asked = annif.parallel.ProjectSuggestMap(trained.registry, [trained.project_id], None, 10, 0.0)
    jobs, pool = annif.parallel.get_pool(2)
    with pool(jobs) as workers:
        found = workers.map(asked.suggest_batch, batches)
    for (sets, _), batch in zip(found, batches):
        assert np.allclose(sets[trained.project_id].array.toarray(), trained.suggest(batch).filter(10).array.toarray(), rtol=1e-4, atol=1e-7)


def test_a_project_that_was_not_trained_says_so(library, tmp_path):
    project = library.registry(tmp_path).get_project("words")
    assert not project.is_trained
    with pytest.raises(NotInitializedException, match="not trained"):
        project.suggest([Document(text="x")])
    with pytest.raises(NotInitializedException, match="not found"):
        project.backend.suggest([Document(text="x")])
    with pytest.raises(NotInitializedException, match="train with documents first"):
        project.train("cached")
    for documents in ([], [Document(text="a text without subjects")]):
        with pytest.raises(NotSupportedException, match="without documents"):
            project.train(DocumentList(documents))
    with pytest.raises(NotInitializedException, match="not found"):
        project.learn(DocumentList([]))


def test_documents_are_kept_for_another_training(library, tmp_path):
    project = library.registry(tmp_path).get_project("plain")
    project.train(library.corpus(project, "train.tsv.gz"))
    path = pathlib.Path(project.datadir, GlissadeBackend.MODEL_FILE)
    first, text = path.read_bytes(), library.test_rows[0][0]
    project.train("cached")
    assert path.read_bytes() == first
    project.train("cached", {"glissade": {"epochs": 3}}, jobs=1)
    assert path.read_bytes() != first and project.backend.model().epochs_done == 3
    assert project.backend.model().label_name(0) == project.subjects[0].labels["en"]
    assert suggested(project, text)


@pytest.mark.parametrize(("params", "message"), [
    ({"epoch": 3}, "epoch"), ({"epochs": "many"}, "epochs"), ({"features": "letters"}, "choose words or analyzer"),
    ({"preset": "best"}, "preset"), ({"stemmer": "klingon"}, "klingon"), ({"word_ngrams": "two"}, "two")])
def test_what_does_not_exist_is_refused(library, tmp_path, params, message):
    project = library.registry(tmp_path).get_project("plain")
    with pytest.raises(ConfigurationException, match=message):
        project.train(library.corpus(project, "train.tsv.gz"), {"glissade": params})
    assert not project.is_trained


def test_subjects_that_are_left_out_are_not_suggested(library, tmp_path):
    project = library.registry(tmp_path).get_project("excluding")
    project.train(library.corpus(project, "train.tsv.gz"))
    left_out = project.subjects._subject_index[1].uri
    for text, _ in library.train_rows[:100]:
        found = suggested(project, text, 200)
        assert left_out not in found and len(found) == len(library.uris) - 1


def test_learning_goes_on(library, tmp_path):
    registry = library.registry(tmp_path)
    project = registry.get_project("words")
    project.train(library.corpus(project, "train.tsv.gz"))
    news = [Document(text=f"{word} deep blue whale", subject_set=annif.corpus.SubjectSet([3])) for word in ("abysmal", "abrupt", "able") * 10]
    assert suggested(project, "deep blue whale", 1) != [project.subjects[3].uri]
    project.learn(DocumentList(news))
    assert suggested(project, "deep blue whale", 1) == [project.subjects[3].uri]
    # A subject that the vocabulary did not have before.
    (tmp_path / "more.tsv").write_text("".join(library.vocabulary_lines) + "<http://example.org/whale>\twhale song\n")
    registry.get_vocab("wordnet").load_vocabulary(VocabFileTSV(str(tmp_path / "more.tsv"), "en"))
    project = AnnifRegistry(str(library.folder / "projects.cfg"), str(tmp_path), False).get_project("words")
    whale = project.subjects.by_uri("http://example.org/whale")
    assert whale == len(library.uris)
    project.learn(DocumentList([Document(text="the song of a humpback under water", subject_set=annif.corpus.SubjectSet([whale]))] * 30))
    assert suggested(project, "song under water", 1) == ["http://example.org/whale"]
    assert project.backend.model().label_name(whale) == "whale song"


def test_learning_needs_to_be_allowed(library, tmp_path, caplog):
    project = library.registry(tmp_path).get_project("plain")
    project.train(library.corpus(project, "train.tsv.gz"))
    news = DocumentList([Document(text="deep blue whale", subject_set=annif.corpus.SubjectSet([3]))] * 30)
    with pytest.raises(NotEnabledException):
        project.learn(news)
    project.config["allow_learn"] = "true"  # after a training that kept no state for it
    with caplog.at_level("WARNING"):
        project.learn(news)
    assert "train again" in caplog.text
    assert suggested(project, "deep blue whale", 1) == [project.subjects[3].uri]


def test_a_web_server_has_the_backend():
    program = "import glissade_annif; app = glissade_annif.create_app(); import annif.backend; print(annif.backend.get_backend('glissade').name)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True,
                          env={**os.environ, "ANNIF_CONFIG": "annif.default_config.TestingConfig"})
    assert done.stdout.split() == ["glissade"]
    assert glissade_annif.__version__


def test_other_flask_programs_are_left_alone():
    program = "import sys, importlib.metadata as m; [e.load() for e in m.entry_points(group='flask.commands')]; print('annif' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
