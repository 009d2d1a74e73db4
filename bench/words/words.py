"""Word vectors: glissade beside gensim's word2vec and fastText's skip-gram, on the same text with the same settings; as markdown.

Each tool runs in a process of its own, one after another. All vectors are judged by gensim: analogies (3CosAdd, among the 30,000 most
frequent words) and rank correlations of similarity sets.
"""

import argparse
import json
import os
import pathlib
import platform
import resource
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DATA = pathlib.Path(os.environ.get("GLISSADE_DATA", ROOT.parent / "shared" / "data"))
SIMILARITIES = ["EN-WS-353-ALL.txt", "EN-SIMLEX-999.txt", "EN-MEN-TR-3k.txt"]
AMONG = 30000
LINE = 1000  # words in a line of the text for gensim, which splits files by lines
TOOLS = ["glissade", "glissade-words", "gensim", "fasttext", "fasttext-words"]
# With n-grams as fastText has them: its subsampling, rate and power of the negatives' frequency. It draws negatives anew for each context of a
# word; glissade draws once for all contexts of it, three on either side on average, so four times as many are still fewer in all.
OPTIONS = {"glissade": ["--max-ngram", "6", "--subsampling", "1e-4", "--learning-rate", "0.05", "--frequency-power", "0.5"], "glissade-words": []}
SHARED_DRAWS = {"glissade": 4, "glissade-words": 1}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", default=str(DATA / "enwiki-100mb" / "enwiki-100mb.txt.zst"), help="a text, plain or .zst")
    parser.add_argument("--questions", default=str(DATA / "wordsim"), help="folder of questions-words.txt and the similarity sets")
    parser.add_argument("--out", default=str(ROOT / "out" / "words"), help="folder for vectors and results")
    parser.add_argument("--tools", default=",".join(TOOLS), help=f"of {', '.join(TOOLS)}; those with -words use no n-grams")
    parser.add_argument("--dims", type=int, default=200)
    parser.add_argument("--window", type=int, default=5)
    parser.add_argument("--negatives", type=int, default=5)
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--run", help=argparse.SUPPRESS)  # one tool, in this process
    arguments, passed_on = parser.parse_known_args()
    arguments.passed_on = passed_on
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    if arguments.run:
        print(json.dumps(RUNS[arguments.run.split("-")[0]](arguments, arguments.run, out)))
        return
    text = prepare(arguments, out)
    print(f"bench words: {pathlib.Path(arguments.train).name}, {text['words']:,} words, {arguments.dims} dimensions, window {arguments.window}, "
          f"{arguments.negatives} negatives, min-count {arguments.min_count}, {arguments.epochs} epochs, {arguments.threads} threads; {machine()}\n")
    results = [measure(tool, arguments, out, text) for tool in arguments.tools.split(",")]
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    print(table(results))


def machine():
    with open("/proc/cpuinfo") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return f"{len(models)} x {models[0] if models else platform.machine()}"


def prepare(arguments, out):
    """The text as each tool reads it: as it is, unpacked, and in lines."""
    plain, lines = out / "text.txt", out / "text.lines.txt"
    if arguments.train.endswith(".zst"):
        subprocess.run(["zstd", "-q", "-d", "-f", "-o", str(plain), arguments.train], check=True)
    else:
        plain.write_bytes(pathlib.Path(arguments.train).read_bytes())
    words = plain.read_bytes().split()
    with open(lines, "wb") as file:
        for first in range(0, len(words), LINE):
            file.write(b" ".join(words[first:first + LINE]) + b"\n")
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    kept = sum(count for count in counts.values() if count >= arguments.min_count)
    return {"words": len(words), "kept": kept}


def measure(tool, arguments, out, text):
    print(f"{tool} ...", file=sys.stderr, flush=True)
    command = [sys.executable, __file__, *sys.argv[1:], "--run", tool]
    result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])
    result["tool"] = tool
    result["words_per_second"] = text["kept"] * arguments.epochs / result["train_seconds"]
    result.update(judge(out / f"{tool}.bin", arguments))
    print(json.dumps(result), file=sys.stderr, flush=True)
    return result


class Spent:
    """Seconds by the clock, and those that this process and its children had of the processors."""

    def __init__(self, wall, cpu):
        self.wall, self.cpu = wall, cpu

    def __sub__(self, other):
        return Spent(self.wall - other.wall, self.cpu - other.cpu)


def cpu_seconds():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def timed(function):
    start, cpu = time.monotonic(), cpu_seconds()
    value = function()
    return value, Spent(time.monotonic() - start, cpu_seconds() - cpu)


def peak_mib(who):
    return resource.getrusage(who).ru_maxrss / 1024


def run_glissade(arguments, tool, out):
    glissade, model, log = ROOT / "build" / "apps" / "glissade", out / f"{tool}.glsd", out / f"{tool}.log"
    command = [glissade, "train", "--preset", "text8", "--train", out / "text.txt", "--model", model, "--log-json", log, "--slim", "--quiet",
               "--hidden", arguments.dims, "--window", arguments.window, "--negatives", arguments.negatives * SHARED_DRAWS[tool], "--min-count", arguments.min_count,
               "--epochs", arguments.epochs, "--threads", arguments.threads, *OPTIONS[tool], *arguments.passed_on]
    _, total = timed(lambda: subprocess.run([str(part) for part in command], check=True))
    done = json.loads(log.read_text().splitlines()[-1])
    subprocess.run([str(glissade), "export", "--model", str(model), "--vectors", str(out / f"{tool}.bin")], check=True)
    # The program's CPU time has no part of its own for training, so the whole of it stands for that.
    return {"version": "this build", "train_seconds": done["train_seconds"], "train_cpu_seconds": total.cpu, "total_seconds": total.wall,
            "peak_mib": peak_mib(resource.RUSAGE_CHILDREN)}


def run_gensim(arguments, tool, out):
    import gensim
    from gensim.models import Word2Vec
    model = Word2Vec(sg=1, hs=0, vector_size=arguments.dims, window=arguments.window, negative=arguments.negatives, min_count=arguments.min_count,
                     workers=arguments.threads, epochs=arguments.epochs, seed=1)
    lines = str(out / "text.lines.txt")
    _, before = timed(lambda: model.build_vocab(corpus_file=lines))
    _, train = timed(lambda: model.train(corpus_file=lines, total_words=model.corpus_total_words, total_examples=model.corpus_count,
                                         epochs=arguments.epochs))
    peak = peak_mib(resource.RUSAGE_SELF)
    model.wv.save_word2vec_format(str(out / f"{tool}.bin"), binary=True)
    return {"version": gensim.__version__, "train_seconds": train.wall, "train_cpu_seconds": train.cpu, "total_seconds": before.wall + train.wall,
            "peak_mib": peak}


def run_fasttext(arguments, tool, out):
    import fasttext
    ngrams = {"minn": 0, "maxn": 0} if tool.endswith("-words") else {}

    def train(epochs):
        return fasttext.train_unsupervised(str(out / "text.txt"), model="skipgram", dim=arguments.dims, ws=arguments.window, neg=arguments.negatives,
                                           minCount=arguments.min_count, epoch=epochs, thread=arguments.threads, verbose=0, **ngrams)

    # Reading the dictionary and setting up is what is left with no epoch to train.
    _, before = timed(lambda: train(0))
    model, total = timed(lambda: train(arguments.epochs))
    peak = peak_mib(resource.RUSAGE_SELF)
    words = model.get_words()
    with open(out / f"{tool}.bin", "wb") as file:
        file.write(f"{len(words)} {arguments.dims}\n".encode())
        for word in words:
            file.write(word.encode() + b" " + model.get_word_vector(word).astype("float32").tobytes() + b"\n")
    return {"version": "0.9.2", "train_seconds": (total - before).wall, "train_cpu_seconds": (total - before).cpu, "total_seconds": total.wall,
            "peak_mib": peak}


RUNS = {"glissade": run_glissade, "gensim": run_gensim, "fasttext": run_fasttext}


def judge(vectors, arguments):
    from gensim.models import KeyedVectors
    folder = pathlib.Path(arguments.questions)
    vectors = KeyedVectors.load_word2vec_format(str(vectors), binary=True)
    _, sections = vectors.evaluate_word_analogies(str(folder / "questions-words.txt"), restrict_vocab=AMONG)
    right, asked = {"semantic": 0, "syntactic": 0}, {"semantic": 0, "syntactic": 0}
    for section in sections[:-1]:  # the last one is all of them
        kind = "syntactic" if section["section"].startswith("gram") else "semantic"
        right[kind] += len(section["correct"])
        asked[kind] += len(section["correct"]) + len(section["incorrect"])
    out = {kind: 100 * right[kind] / max(1, asked[kind]) for kind in right}
    out["analogies"] = 100 * sum(right.values()) / max(1, sum(asked.values()))
    out["asked"] = sum(asked.values())
    for name in SIMILARITIES:
        out[name] = vectors.evaluate_word_pairs(str(folder / name), restrict_vocab=len(vectors))[1][0]
    out["similarity"] = sum(out[name] for name in SIMILARITIES) / len(SIMILARITIES)
    return out


def table(results):
    head = ["tool", "words/s", "train s", "train CPU s", "total s", "analogies %", "semantic", "syntactic", "WordSim-353", "SimLex-999", "MEN", "mean of three",
            "peak MiB"]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    for r in results:
        cells = [r["tool"], f"{r['words_per_second']:,.0f}", f"{r['train_seconds']:.1f}", f"{r['train_cpu_seconds']:.0f}",
                 f"{r['total_seconds']:.1f}", f"{r['analogies']:.2f}",
                 f"{r['semantic']:.2f}", f"{r['syntactic']:.2f}", *(f"{r[name]:.3f}" for name in SIMILARITIES), f"{r['similarity']:.4f}",
                 f"{r['peak_mib']:,.0f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
