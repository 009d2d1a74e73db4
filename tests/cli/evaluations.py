"""What `eval` says, computed once more from the definitions: of a model's predictions, of answers in a file, of two models."""

import json
import math
import pathlib
import random
import subprocess
import tempfile

from runner import Failure

LABELS, FEATURES = 30, 40
CUTOFFS = [1, 2, 7]


def run(context):
    with tempfile.TemporaryDirectory(prefix="glissade-eval-") as folder:
        shop = Shop(context, pathlib.Path(folder))
        for test in (shop.model_is_scored, shop.answers_are_scored_as_the_model, shop.frequencies_add_up, shop.differences_are_those_of_the_parts,
                     shop.another_program_is_scored):
            context.case(f"evaluations: {test.__name__.replace('_', ' ')}", test)


class Shop:
    """A small data set, with rare labels and rows without any, and two models of it."""

    def __init__(self, context, folder):
        self.context, self.folder = context, folder
        self.environment = context.clean_environment(folder)
        draw = random.Random(4)
        self.train, self.test = self.rows(draw, 300), self.rows(draw, 120)
        for name, rows in (("train", self.train), ("test", self.test)):
            lines = [f"{','.join(map(str, labels))} {' '.join(f'{f}:1' for f in features)}\n" for labels, features in rows]
            (folder / f"{name}.txt").write_text(f"{len(rows)} {FEATURES} {LABELS}\n" + "".join(lines))
        for name, epochs in (("a", "3"), ("b", "1")):
            self.glissade("train", "--train", "train.txt", "--model", f"{name}.glsd", "--preset", "plain", "--hidden", "8", "--epochs", epochs, "--threads", "1",
                          "--repeated-rows", "keep", "--quiet")

    @staticmethod
    def rows(draw, count):
        out = []
        for _ in range(count):
            labels = sorted({min(int(draw.paretovariate(0.7)) - 1, LABELS - 1) for _ in range(draw.randrange(4))})
            features = sorted({label % FEATURES for label in labels} | {draw.randrange(FEATURES) for _ in range(3)})
            out.append((labels, features))
        return out

    def glissade(self, *words, stdin=None):
        done = subprocess.run([self.context.glissade, *words], cwd=self.folder, env=self.environment, input=stdin, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise Failure(f"glissade {' '.join(words)}\nended with {done.returncode}: {done.stderr}")
        return done.stdout

    def eval(self, *words, stdin=None):
        cutoffs = ",".join(map(str, CUTOFFS))
        return json.loads(self.glissade("eval", *words, "--test", "test.txt", "--json", "--k", cutoffs, stdin=stdin))

    def answers(self, model, *words):
        lines = self.glissade("predict", "--model", model, "test.txt", "--k", "7", *words).splitlines()
        return [[int(pair.split(":")[0]) for pair in line.split()] for line in lines]

    def counts(self):
        counts = [0] * LABELS
        for labels, _ in self.train:
            for label in labels:
                counts[label] += 1
        return counts

    def reference(self, answers):
        """The definitions, with nothing spared."""
        counts, rows = self.counts(), len(self.train)
        scale = (math.log(rows) - 1) * 2.5 ** 0.55
        weight = [1 + scale * math.exp(-0.55 * math.log(count + 1.5)) for count in counts]
        scored = [(answer, set(labels)) for answer, (labels, _) in zip(answers, self.test, strict=True) if labels]
        out = {}
        for k in CUTOFFS:
            hits = [[label in labels for label in answer[:k]] for answer, labels in scored]
            mean = lambda values: sum(values) / len(scored)
            gain = lambda flags: sum(1 / math.log2(rank + 2) for rank, flag in enumerate(flags) if flag)
            out[f"p@{k}"] = mean(sum(row) / k for row in hits)
            out[f"recall@{k}"] = mean(sum(row) / len(labels) for row, (_, labels) in zip(hits, scored))
            out[f"hr@{k}"] = mean(any(row) for row in hits)
            out[f"ndcg@{k}"] = mean(gain(row) / gain([True] * min(k, len(labels))) for row, (_, labels) in zip(hits, scored))
            out[f"f1@{k}"] = mean(2 * sum(row) / (k + len(labels)) for row, (_, labels) in zip(hits, scored))
            out[f"mrr@{k}"] = mean(1 / (row.index(True) + 1) if True in row else 0 for row in hits)
            found = sum(weight[label] for answer, labels in scored for label in answer[:k] if label in labels)
            out[f"psp@{k}"] = found / sum(sum(sorted((weight[label] for label in labels), reverse=True)[:k]) for _, labels in scored)
            out[f"coverage@{k}"] = len({label for answer, _ in scored for label in answer[:k]}) / LABELS
        return out

    def model_is_scored(self):
        compare(self.eval("--model", "a.glsd"), self.reference(self.answers("a.glsd")))

    def answers_are_scored_as_the_model(self):
        (self.folder / "p.txt").write_text(self.glissade("predict", "--model", "a.glsd", "test.txt", "--k", "7"))
        whole, answers = self.eval("--model", "a.glsd"), self.eval("--predictions", "p.txt", "--train", "train.txt")
        differ = [key for key in answers if answers[key] != whole[key]]
        missing = sorted(set(whole) - set(answers))
        if differ or missing != ["candidates_share", "ms_per_sample", "search", "seconds"]:
            raise Failure(f"answers of the model are scored otherwise: {differ}, without {missing}")

    def frequencies_add_up(self):
        said, answers = self.eval("--model", "a.glsd"), self.answers("a.glsd")
        counts = self.counts()
        scored = [(answer, labels) for answer, (labels, _) in zip(answers, self.test) if labels]
        for bucket in said["by_frequency"]:
            inside = {label for label in range(LABELS) if bucket["least"] <= counts[label] <= bucket["most"]}
            expected = {"labels": len(inside), "true": sum(label in inside for _, labels in scored for label in labels)}
            for k in CUTOFFS:
                expected[f"answered@{k}"] = sum(label in inside for answer, _ in scored for label in answer[:k])
                expected[f"found@{k}"] = sum(label in inside and label in labels for answer, labels in scored for label in answer[:k])
            if {key: bucket[key] for key in expected} != expected:
                raise Failure(f"bucket {bucket} should be {expected}")
        if sum(bucket["labels"] for bucket in said["by_frequency"]) != LABELS:
            raise Failure("the buckets do not hold all labels")

    def differences_are_those_of_the_parts(self):
        both = self.eval("--model", "a.glsd", "--against", "b.glsd")
        first, second = self.reference(self.answers("a.glsd")), self.reference(self.answers("b.glsd"))
        compare(both, first)
        compare(both["against"], second)
        compare(both["difference"], {key: first[key] - second[key] for key in first})
        hits = lambda model: [label in labels for answer, (labels, _) in zip(self.answers(model), self.test) if labels for label in answer[:1]]
        pairs = list(zip(hits("a.glsd"), hits("b.glsd")))
        if [both["difference"][name] for name in ("better", "worse")] != [sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)]:
            raise Failure(f"rows that are better or worse are counted wrongly: {both['difference']}")
        low, high = both["difference"]["interval_95"]["p@1"]
        if not low <= both["difference"]["p@1"] <= high:
            raise Failure("a difference lies outside of its interval")

    def another_program_is_scored(self):
        """Answers of several lengths, as JSON, from standard input; the order is that of the scores."""
        draw = random.Random(9)
        answers, lines = [], []
        for _ in self.test:
            answer = draw.sample(range(LABELS), draw.randrange(9))
            scores = [1 / (rank + 1) for rank in range(len(answer))]
            mixed = draw.sample(list(zip(answer, scores)), len(answer))
            answers.append(answer)
            lines.append(json.dumps({"labels": [label for label, _ in mixed], "scores": [score for _, score in mixed]}) + "\n")
        compare(self.eval("--predictions", "-", "--train", "train.txt", stdin="".join(lines)), self.reference(answers))


def compare(said, expected):
    wrong = {key: (said.get(key), value) for key, value in expected.items() if abs(said.get(key, math.inf) - value) > 1e-6}
    if wrong:
        raise Failure(f"eval says, and the definition: {wrong}")
