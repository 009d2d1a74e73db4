"""The real command `annif`, from the vocabulary to learning."""

import re


def measured(output):
    return {name: float(value) for name, value in re.findall(r"^([^:]+):\s+([\d.]+)$", output, re.MULTILINE)}


def test_annif_trains_suggests_evaluates_and_learns(library):
    _, told = library.annif("load-vocab", "wordnet", library.vocabulary, "--language", "en")
    _, told = library.annif("train", "words", "train.tsv.gz")
    assert "training on 2,400 documents" in told and "preset" in told  # what the library tells, too
    text, uris = library.train_rows[5]
    out, _ = library.annif("suggest", "words", "--limit", "3", stdin=text)
    lines = [line.split("\t") for line in out.splitlines()]
    assert len(lines) == 3 and f"<{uris[0]}>" in [line[0] for line in lines]
    assert [float(line[2]) for line in lines] == sorted((float(line[2]) for line in lines), reverse=True)

    one, _ = library.annif("eval", "words", "test.tsv.gz")
    two, _ = library.annif("eval", "words", "--jobs", "2", "test.tsv.gz")
    assert one == two
    found = measured(one)
    assert found["Documents evaluated"] == 200 and found["NDCG@5"] > 0.25

    library.annif("learn", "words", "test.tsv.gz")
    after, _ = library.annif("eval", "words", "test.tsv.gz")
    assert measured(after)["NDCG@5"] > found["NDCG@5"] + 0.1

    out, _ = library.annif("glissade", "words")
    assert re.search(r"^subjects: +150$", out, re.MULTILINE) and re.search(r"^epochs: +6$", out, re.MULTILINE)
    out, _ = library.annif("list-projects")
    assert re.search(r"words +Words +wordnet +en +True", out)


def test_errors_are_lines(library):
    library.annif("load-vocab", "wordnet", library.vocabulary, "--language", "en")
    _, told = library.annif("train", "wrong", "train.tsv.gz", status=1)
    assert told.splitlines()[-1].startswith("Error: Misconfigured backend 'glissade': ") and "epoch" in told
    assert "Traceback" not in told
    _, told = library.annif("suggest", "plain", stdin="a text", status=1)
    assert told.splitlines()[-1] == "Error: Couldn't initialize: Project is not trained."
