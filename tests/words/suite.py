"""Exported word vectors as gensim reads them. Needs gensim: './dev bench words' installs it into .venv/words."""

import json
import pathlib
import subprocess
import tempfile

from runner import ROOT, Failure, Skip

PYTHON = ROOT / ".venv" / "words" / "bin" / "python"
# Words of more than one byte a character, and a text long enough for vectors that are no longer what they started from.
LINES = ["the cat and the dog", "größer als die Straße", "日本 の 文字 です", "café naïve 😀 the"] * 50
READ = """
import json, sys
from gensim.models import KeyedVectors
out = {}
for path in sys.argv[1:]:
    vectors = KeyedVectors.load_word2vec_format(path, binary=path.endswith(".bin"), unicode_errors="strict")
    out[path] = {"words": list(vectors.index_to_key), "width": vectors.vector_size, "first": [float(x) for x in vectors[0]],
                 "last": [float(x) for x in vectors[len(vectors) - 1]], "nearest": vectors.most_similar("cat", topn=3)}
print(json.dumps(out))
"""


def run(context):
    context.case("words: gensim loads both formats and finds the same neighbours", lambda: check_gensim(context))


def check_gensim(context):
    if not PYTHON.exists() or subprocess.run([PYTHON, "-c", "import gensim"], capture_output=True).returncode != 0:
        raise Skip("gensim is not there; './dev bench words --help' installs it")
    with tempfile.TemporaryDirectory(prefix="glissade-words-") as folder:
        folder = pathlib.Path(folder)
        (folder / "t.txt").write_text("\n".join(LINES), encoding="utf-8")
        environment = context.clean_environment(folder)

        def call(*command):
            return subprocess.run([context.glissade, *command], cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=True).stdout

        call("train", "--preset", "text8", "--train", "t.txt", "--model", "w.glsd", "--min-count", "1", "--hidden", "20", "--max-ngram", "4", "--quiet")
        for name in ("v.txt", "v.bin"):
            call("export", "--model", "w.glsd", "--vectors", name)
        done = subprocess.run([PYTHON, "-c", READ, "v.txt", "v.bin"], cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(done.stderr)
        read = json.loads(done.stdout)
        text, binary = read["v.txt"], read["v.bin"]
        if text != binary:
            raise Failure(f"the two formats differ:\n{text}\n{binary}")
        if set(text["words"]) != {word for line in LINES for word in line.split()} or text["width"] != 20:
            raise Failure(f"gensim reads {text['words']}, {text['width']} wide")
        ours = [line.split("  ") for line in call("nearest", "--model", "w.glsd", "--k", "3", "cat").splitlines()]
        for (cosine, word), (their_word, their_cosine) in zip(ours, text["nearest"]):
            if word != their_word or abs(float(cosine) - their_cosine) > 1e-4:
                raise Failure(f"nearest to 'cat': {ours} here, {text['nearest']} in gensim")
