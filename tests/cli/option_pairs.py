"""Each option of a command in each situation, and two at a time: it changes what the command leaves behind, or the command says something about it.

Otherwise somebody asks for something, and nothing happens. A fixed number of the pairs is drawn; GLISSADE_WALK=all takes every one.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile

from runner import Failure

SECONDS = 120
HERE = pathlib.Path(__file__).resolve().parent
DRAWN = 120
TEXT = "a b c a b d\nd a b c\na b c a b d\nd a b c\na b c a b d\nd a b c\n"
FILES = {
    "t.txt": TEXT,
    "v.txt": "a b c d\n",
    "q.txt": "a b c d\n",
    "s.txt": "a\tb\t1\na\tc\t2\nb\tc\t3\n",
    "rows.txt": "2 10 6\n0 0:1 1:1\n1 1:1 2:1\n",
    "features.txt": "".join(f"feature {i}\n" for i in range(10)),
    "texts.csv": "label,text\np,ball hat\nq,shoe blue\n0,feature 1\n1,feature 2 of 3\n",
    "groups.txt": "a\na\nb\nb\nc\nc\n\n\n\nd\ne\ne\n",
    "same.txt": "5 9\n4 8\n",
    "e.csv": "who,what,when,much\n" + "".join(f"u{i % 4},{item},{i},{1 + i % 3}\n" for i, item in enumerate("abcabdabcdabdcab")),
    "items.csv": "what,title,id,more,brand\na,red hat,b,tea cup,x\nb,blue hat,c,tea pot,y\nc,red tea,d,cup,x\nd,tea,a,pot,x\n",
    "config.toml": "learning-rate = 0.004\nmoments = 'bf16'\n",
    "r.csv": "t,u,c,n,l\nred hats,a ball,x,1,p;q\nblue hat,the ball,y,2,q\nred shoe,a b,x,3,p\n\"blue, shoe\",b,y,5,q;r\n",
    "x.jsonl": '{"event":"start"}\n',
    "ex.json": '{"test":"t","evaluation":{},"mistakes":[]}',
    "p.txt": "0:1\n1:1\n2:1\n5:1\n",
    "listed.txt": "a\np\npear tree\n1\n",
}
ROWS = "train --train tiny.txt --model m.glsd --preset plain --hidden 8 --batch 4 --threads 1"
WORDS = "train --train t.txt --model m.glsd --preset text8 --min-count 1 --subsampling 0 --hidden 8 --epochs 2 --threads 1"
SEQUENCES = "train --format sequence --train t.txt --model m.glsd --preset plain --hidden 8 --batch 4 --threads 1"
EVENTS = "train --train e.csv --user who --item what --model m.glsd --preset plain --hidden 8 --batch 4 --threads 1"
RECORDS = "train --train r.csv --text t,u --labels l --model m.glsd --preset plain --hidden 8 --batch 4 --threads 1"
ON = "train --train tiny.txt --model m.glsd --resume --threads 1"
# Some are needed, or show what others do; an option that is asked about is left out first.
SHOWN = " --log-json log.jsonl --keep 9"

Situation = collections.namedtuple("Situation", "name before args stdin", defaults=("",))

TRAIN = [
    Situation("new", [], ROWS + " --epochs 3" + SHOWN),
    Situation("evaluated", [], ROWS + " --epochs 3 --test test.txt" + SHOWN),
    Situation("one epoch", [], ROWS + " --epochs 1 --test test.txt" + SHOWN),
    Situation("watched", [], ROWS + " --epochs 3 --test test.txt --monitor p@1" + SHOWN),
    Situation("from", [ROWS.replace("m.glsd", "f.glsd") + " --epochs 1"], ROWS + " --epochs 2 --from f.glsd" + SHOWN),
    Situation("standard input", [], ROWS.replace("tiny.txt", "-") + " --epochs 2" + SHOWN, "2 10 6\n0 0:1 1:1\n1 1:1 2:1\n"),
    Situation("resumed", [ROWS + " --epochs 1"], ON + " --epochs 3" + SHOWN),
    Situation("resumed with evaluation", [ROWS + " --epochs 1"], ON + " --epochs 3 --test test.txt" + SHOWN),
    Situation("resumed, watched", [ROWS + " --epochs 1 --monitor loss"], ON + " --epochs 3" + SHOWN),
    Situation("over", [ROWS + " --epochs 2"], ON + SHOWN),
    Situation("over, watched", [ROWS + " --epochs 2 --monitor loss --patience 2"], ON + SHOWN),
    Situation("sequences", [], SEQUENCES + " --epochs 3" + SHOWN),
    Situation("sequences resumed", [SEQUENCES + " --epochs 1"], SEQUENCES + " --epochs 3 --resume" + SHOWN),
    Situation("events", [], EVENTS + " --time when --epochs 3" + SHOWN),
    Situation("events without an order", [], EVENTS + " --epochs 3" + SHOWN),
    Situation("events with items", [], EVENTS + " --item-features items.csv --item-text title --epochs 3" + SHOWN),
    Situation("events resumed", [EVENTS + " --time when --epochs 1"], EVENTS + " --time when --epochs 3 --resume" + SHOWN),
    Situation("records", [], RECORDS + " --epochs 3" + SHOWN),
    Situation("records resumed", [RECORDS + " --epochs 1"], RECORDS + " --epochs 3 --resume" + SHOWN),
    Situation("text", [], WORDS + SHOWN),
    Situation("text, evaluated", [], WORDS + " --test v.txt" + SHOWN),
    Situation("text resumed", [WORDS], WORDS.replace("epochs 2", "epochs 3") + " --resume" + SHOWN),
    Situation("text over", [WORDS], WORDS + " --resume" + SHOWN),
]
TRAIN_VALUES = {
    "--test": "test.txt", "--valid": "rows.txt", "--vectors": "tiny.npy", "--test-vectors": "tiny.npy", "--valid-vectors": "tiny.npy", "--holdout": "0.3", "--eval-every": "2", "--eval-rows": "2", "--resume": None, "--from": "model.glsd",
    "--checkpoint-minutes": "1e-9", "--checkpoint-steps": "1", "--checkpoint-epochs": "2", "--keep": "1", "--monitor": "loss", "--patience": "1",
    "--min-delta": "0.5", "--slim": None, "--label-names": "labels.txt", "--feature-names": "features.txt", "--label-text": "texts.csv", "--name-rows": "on", "--repeated-rows": "keep", "--distribute": "data", "--communicate": "coarse", "--wire": "bf16", "--travel-share": "0.5", "--log-json": "log.jsonl",
    "--groups": "groups.txt", "--same-things": "same.txt", "--autotune": "0.002",
    "--quiet": None, "--format": "libsvm", "--id-base": "one", "--no-cache": None, "--cache-dir": "copies",
    "--preset": "few-rows", "--effort": "quick", "--config": "config.toml", "--sequence-key": "on", "--sequence-order": "off", "--sequence-decay": "0.3", "--sequence-window": "1", "--holdout-last": "1",
    "--text": "t", "--categories": "c", "--numbers": "n", "--labels": "c", "--label-separator": ",", "--word-ngrams": "2", "--char-ngrams": "2,3", "--stem": "english",
    "--separate-columns": None, "--min-df": "2", "--max-features": "3", "--no-header": None, "--label-prefix": "p", "--csv-separator": "tab",
    "--user": "what", "--item": "who", "--time": "what", "--split": "time:0.5", "--event-weight": "much", "--event-half-life": "3",
    "--item-features": "items.csv", "--item-key": "id", "--item-text": "more", "--item-categories": "brand",
}
TEXT_VALUES = {**TRAIN_VALUES, "--test": "v.txt", "--valid": "v.txt", "--format": "xmc", "--preset": "text8-slide"}

DATA = {"--format": "libsvm", "--id-base": "one", "--no-cache": None, "--cache-dir": "copies"}
WORD_MODEL = [WORDS]
RECORD_MODEL = [RECORDS + " --epochs 1"]
CACHED = "convert tiny.txt again.txt --cache-dir copies"
SEQUENCE_MODEL = [SEQUENCES + " --epochs 1"]
# Per command: situations, and a value for each of its options that are not needed.
OTHERS = {
    "eval": ([
        Situation("rows", [], "eval --model model.glsd --test test.txt"),
        Situation("text", WORD_MODEL, "eval --model m.glsd --test t.txt"),
        Situation("sequences", SEQUENCE_MODEL, "eval --model m.glsd --test t.txt"),
        Situation("records", RECORD_MODEL, "eval --model m.glsd --test r.csv"),
        Situation("analogies", WORD_MODEL, "eval --model m.glsd --analogies q.txt"),
        Situation("similarities", WORD_MODEL, "eval --model m.glsd --similarity s.txt"),
        Situation("answers", [], "eval --predictions p.txt --test test.txt"),
    ], {**DATA, "--vectors": "tiny.npy", "--search": "lsh", "--propensity": "0.6,2.6", "--json": None, "--calibration": None, "--csv-separator": "tab", "--k": "2,4", "--sequence-key": "on", "--holdout-last": "2", "--exclude-seen": "on", "--item-features": "items.csv", "--among": "2", "--analogies": "q.txt", "--similarity": "s.txt", "--test": "test.txt", "--metrics": "f1", "--by-frequency": None,
        "--predictions": "p.txt", "--against": "model.glsd", "--against-predictions": "p.txt", "--train": "tiny.txt", "--label-names": "labels.txt", "--examples": "e.json",
        "--allow": "listed.txt", "--deny": "listed.txt"}),
    "cache": ([
        Situation("list", [CACHED], "cache list --cache-dir copies"),
        Situation("clear", [CACHED], "cache clear --cache-dir copies"),
    ], {"--older-than": "1", "--limit": "1", "--json": None, "--cache-dir": "none"}),
    "predict": ([
        Situation("a file", [], "predict --model model.glsd test.txt"),
        Situation("standard input", [], "predict --model model.glsd -", "1:1 2:1\n3:1\n"),
        Situation("sequences", SEQUENCE_MODEL, "predict --model m.glsd t.txt"),
        Situation("sequences on standard input", SEQUENCE_MODEL, "predict --model m.glsd -", "a b\nc\n"),
        Situation("records", RECORD_MODEL, "predict --model m.glsd r.csv"),
        Situation("lines of text", RECORD_MODEL, "predict --model m.glsd -", "red hat\nshoe\n"),
        Situation("without names", [ROWS + " --epochs 1"], "predict --model m.glsd test.txt"),
        Situation("events", [EVENTS + " --epochs 1"], "predict --model m.glsd e.csv"),
        Situation("events with items", [EVENTS + " --item-features items.csv --item-text title --epochs 1"], "predict --model m.glsd e.csv"),
        Situation("JSON", [], "predict --model model.glsd test.txt --json"),
    ], {**DATA, "--vectors": "tiny.npy", "--k": "2", "--search": "lsh", "--sequence-key": "on", "--exclude-seen": "on", "--scores": "logit", "--names": None, "--csv-separator": "tab", "--query": "a b", "--item-features": "items.csv",
        "--threshold": "0.9", "--min-labels": "1", "--explain": None, "--json": None, "--output": "tsv", "--keys": None, "--on-error": "skip",
        "--allow": "listed.txt", "--deny": "listed.txt"}),
    # It does not end by itself: tests/serve shows what its options do.
    "serve": ([], {"--host": "127.0.0.1", "--port": "0", "--learn": None, "--token-file": "p.txt", "--queue": "1", "--connections": "1", "--max-body": "1",
                   "--timeout": "1", "--learn-rate": "0.1", "--refit": "100", "--keep-events": "100", "--new-words": "2"}),
    "nearest": ([Situation("a word", WORD_MODEL, "nearest --model m.glsd a")], {"--k": "1"}),
    "analogy": ([Situation("words", WORD_MODEL, "analogy --model m.glsd a b c")], {"--k": "0"}),
    "export": ([Situation("words", WORD_MODEL, "export --model m.glsd --vectors v.vec")], {}),
    "info": ([
        Situation("nothing", [], "info"),
        Situation("a model", [], "info --model model.glsd"),
        Situation("an estimate", [], "info --estimate --train tiny.txt --preset plain --hidden 100"),
        Situation("data", [], "info --data test.txt"),
    ], {**DATA, "--model": "model.glsd", "--data": "test.txt", "--json": None, "--estimate": None, "--train": "tiny.txt", "--test": "test.txt", "--holdout": "0.3", "--preset": "few-rows", "--effort": "quick",
        "--config": "config.toml"}),
    "prune": ([
        Situation("a size", [], "prune --model model.glsd --out p.glsd --size 90%"),
        Situation("rows", [], "prune --model model.glsd --out p.glsd --size 90% --rows test.txt"),
        Situation("sizes", [], "prune --model model.glsd --sizes 90%,95% --rows test.txt"),
    ], {**DATA, "--size": "91%", "--sparsity": "70%", "--steps": "1,2,3,4,5", "--sizes": "95%", "--rows": "test.txt", "--choose": None, "--refit": None}),
    "report": ([Situation("a log", [], "report x.jsonl")], {"--out": "x.html", "--examples": "ex.json"}),
    "convert": ([
        Situation("a file", [], "convert tiny.txt out.txt"),
        Situation("standard input", [], "convert - out.txt", "2 10 6\n0 0:1 1:1\n1 1:1 2:1\n"),
    ], {**DATA, "--to": "libsvm", "--merge": None, "--slim": None}),
    "generate": ([Situation("a shape", [], "generate --shape 30x20x10 --out g")],
                 {"--seed": "2", "--test-samples": "5", "--features-per-sample": "3", "--labels-per-sample": "1.5"}),
}
NEEDED = {"--help", "--version", "--vectors", "--shape", "--out"}  # nothing works without
UNSEEN = {"--threads": "results do not depend on it", "--strict": "all texts are UTF-8"}
# What is not told because it is as it was, or because only the results of training decide whether it shows.
EXPECTED = {
    ("watched", "--checkpoint-epochs"): "the best epochs are written anyway",
    ("resumed, watched", "--monitor"): "the run watches this already",
    ("over, watched", "--monitor"): "the run watches this already",
    ("resumed, watched", "--checkpoint-epochs"): "the best epochs are written anyway",
}
# Likewise of two options: the first is there, the second is asked about.
EXPECTED_PAIRS = {
    ("--from", "--label-names"): "that model has these names already",
    ("--keep", "--checkpoint-epochs"): "only the last file stays, whenever others were written",
    ("--keep", "--checkpoint-steps"): "only the last file stays",
    ("--keep", "--checkpoint-minutes"): "only the last file stays",
    ("--monitor", "--checkpoint-epochs"): "the best epochs are written anyway",
    ("--checkpoint-steps", "--checkpoint-minutes"): "each step has a checkpoint already, if the last one is written by then",
    ("--checkpoint-minutes", "--checkpoint-steps"): "each step has a checkpoint already, if the last one is written by then",
    ("--quiet", "--no-cache"): "the copy is there from the run before, and what was read from where is not told",
    ("--quiet", "--preset"): "the data choose the same one, and it is not told",
}


def run(context):
    with tempfile.TemporaryDirectory(prefix="glissade-pairs-") as folder:
        walk = Walk(context, pathlib.Path(folder))
        walk.prepare()
        context.case("options: every option of every command is walked", walk.check_complete)
        context.case("options: each of train does something or is told, in every situation", walk.check_train)
        context.case("options: each of the other commands does something or is told", walk.check_others)
        context.case("options: each of train does something or is told beside another", walk.check_pairs)


class Walk:
    def __init__(self, context, folder):
        self.context = context
        self.folder = folder
        self.environment = context.clean_environment(folder)
        self.environment.pop("GLISSADE_CACHE")
        self.runs = 0
        self.outcomes = {}

    def prepare(self):
        start = self.folder / "start"
        shutil.copytree(HERE / "fixtures", start)
        for name, content in FILES.items():
            (start / name).write_text(content)
        self.call(start, "train --train tiny.txt --model model.glsd --preset plain --label-names labels.txt --hidden 8 --epochs 2 --seed 3 --threads 1".split())
        for number, situation in enumerate(self.situations()):
            place = self.folder / f"situation-{number}"
            shutil.copytree(start, place)
            for line in situation.before:
                done = self.call(place, line.split())
                if done.returncode != 0:
                    raise Failure(f"{line}: {done.stderr.decode()}")

    def situations(self):
        return TRAIN + [situation for situations, _ in OTHERS.values() for situation in situations]

    def call(self, folder, args, stdin=""):
        self.runs += 1
        environment = {**self.environment, "GLISSADE_CACHE": str(folder / "cache")}
        return subprocess.run([self.context.glissade, *args], cwd=folder, env=environment, input=stdin.encode(), capture_output=True, timeout=SECONDS)

    def outcome(self, situation, args):
        """Status, what was printed but for numbers, and the files: nothing of it depends on how long anything took."""
        start = self.folder / f"situation-{self.situations().index(situation)}"
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            place = pathlib.Path(scratch) / "run"
            shutil.copytree(start, place)
            done = self.call(place, args, situation.stdin)
            files = {str(path.relative_to(place)): content(path) for path in sorted(place.rglob("*"))}
        out = OUTPUTS.get(args[0], str)(done.stdout.decode())
        return done.returncode, out, numberless(done.stderr.decode()), files

    def known(self, situation, args):
        """The outcome, of several that ask for the same only once."""
        key = (situation.name, *args)
        if key not in self.outcomes:
            self.outcomes[key] = self.outcome(situation, args)
        return self.outcomes[key]

    def silent(self, situation, args, option, value):
        """What is wrong if the option, in this situation and beside these arguments, changes nothing; "" otherwise."""
        base = without(args, option)
        before = self.known(situation, base)
        if before[0] != 0:
            return ""  # the others are refused already
        more = [*base, option] if value is None else [*base, option, value]
        if self.outcome(situation, more) != before:
            return ""
        return f"{situation.name}: glissade {' '.join(more)}: {option} does nothing, and nobody says so"

    def check_all(self, asked):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            wrong = [line for line in pool.map(lambda one: self.silent(*one), asked) if line]
        if wrong:
            raise Failure("\n".join([f"{len(wrong)} of {len(asked)}", *wrong]))
        print(f"options: {len(asked)} walked, {self.runs} runs so far", flush=True)

    def check_complete(self):
        for command, values in [("train", TRAIN_VALUES), *((command, values) for command, (_, values) in OTHERS.items())]:
            text = self.call(self.folder, [command, "--help"]).stdout.decode()
            known = {found for found, kind in re.findall(r"^  (?:-\w,)?(--[\w-]+)\S*(?: (\S+))?", text, re.MULTILINE) if kind != "VALUE"}
            missing = known - set(values) - NEEDED - set(UNSEEN) - ({"--train", "--model"} if command != "info" else set())
            if missing:
                raise Failure(f"{command} has {', '.join(sorted(missing))}, which this walk does not know; give each a value here")

    def check_train(self):
        self.check_all([(situation, situation.args.split(), option, value) for situation in TRAIN for option, value in values_of(situation).items()
                        if not is_expected(situation, option)])

    def check_others(self):
        self.check_all([(situation, situation.args.split(), option, value) for situations, values in OTHERS.values() for situation in situations
                        for option, value in values.items() if option not in situation.args.split()])

    def check_pairs(self):
        pairs = [(situation, [*without(situation.args.split(), first), first, *([value] if value else [])], option, values_of(situation)[option])
                 for situation in TRAIN for first, value in values_of(situation).items() for option in values_of(situation)
                 if first != option and (first, option) not in EXPECTED_PAIRS and "--resume" not in (first, option) and not is_expected(situation, option)]
        if os.environ.get("GLISSADE_WALK") != "all":
            pairs = random.Random(19).sample(pairs, DRAWN)
        self.check_all(pairs)


def values_of(situation):
    return TEXT_VALUES if "t.txt" in situation.args.split() else TRAIN_VALUES


def is_expected(situation, option):
    """The option says again what the situation says, or is one of EXPECTED."""
    return (situation.name, option) in EXPECTED or (option in ("--resume", "--from") and option in situation.args.split())


def without(args, option):
    """The arguments without an option and its value."""
    if option not in args:
        return args
    at = args.index(option)
    behind = at + 1 if at + 1 == len(args) or args[at + 1].startswith("--") else at + 2
    return args[:at] + args[behind:]


def timeless(text):
    """What `eval` prints, without the time it took."""
    return re.sub(r'[\d.]+ ms/sample|"(seconds|ms_per_sample)":[\d.e-]+', "", text)


def memoryless(text):
    """What `info` prints, without the memory that is free."""
    return re.sub(r"^(available|memory|held already|needed) .*", "", text, flags=re.MULTILINE)


def speedless(text):
    """What `prune` prints, without the time a row took."""
    return re.sub(r" +\d+\.\d{3}(?=  )", "", text)


OUTPUTS = {"eval": timeless, "info": memoryless, "prune": speedless}


def numberless(text):
    """Without times and speeds, which differ from run to run."""
    keep = [line if "warning" in line else re.sub(r"\d[\d.,e+-]*", "#", line) for line in text.splitlines()]
    return re.sub(r"# (KiB|MiB|GiB|B|s|min|h)\b", "#", "\n".join(keep))


def content(path):
    if path.is_dir():
        return "folder"
    if path.name != "log.jsonl":
        return path.read_bytes()
    kinds = set()
    for line in path.read_text().splitlines():
        event = json.loads(line)
        if event["event"] != "progress":
            evaluated = event.get("p@1") is not None
            kinds.add((event["event"], event.get("epoch"), evaluated, str([part.get("role") for part in event.get("data", [])])))
    return sorted(str(kind) for kind in kinds)
