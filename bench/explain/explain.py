"""Are reasons for answers true? Of some test rows: how far the shares of a score are from the score; in how many rows the first
answer loses probability, and score, once the feature that is named first is taken out of the row and `predict` is asked again; and seconds a row."""

import argparse
import json
import random
import subprocess
import sys
import time

MOST = "1000"  # labels that 'predict' prints: an answer that is beyond has lost


def predict(options, rows, *arguments):
    command = [f"{options.build}/apps/glissade", "predict", "--model", options.model, "-", *arguments]
    done = subprocess.run(command, input="".join(f"{row}\n" for row in rows), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"explain: {done.stderr.strip()}")
    return done.stdout.splitlines()


def features_of(row):
    return [pair for pair in row.split() if ":" in pair]


def rows_of(options):
    """Rows of two features or more, drawn evenly."""
    text = subprocess.run(["zstdcat", "-f", options.test], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()[1:]
    rows = [row for row in text if len(features_of(row)) > 1]
    return random.Random(options.seed).sample(rows, min(options.rows, len(rows)))


def scores_of(options, rows, labels, kind):
    """The label's score in each row."""
    found = []
    for line, label in zip(predict(options, rows, "--k", MOST, "--scores", kind), labels, strict=True):
        answers = dict(pair.split(":") for pair in line.split())
        found.append(float(answers.get(str(label), "-inf")))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--test", required=True, help="XMC text with a header, plain or .zst")
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1, help="which rows")
    parser.add_argument("--build", default="build")
    options = parser.parse_args()
    rows = rows_of(options)
    start = time.monotonic()
    answers = [json.loads(line)["answers"][0] for line in predict(options, rows, "--explain", "--json", "--k", "1")]
    seconds = time.monotonic() - start
    error = max(abs(one["base"] + sum(one["shares"].values()) - one["score"]) for one in answers)
    named = [one["features"][0]["feature"] for one in answers]
    without = [" ".join(pair for pair in features_of(row) if int(pair.split(":")[0]) != feature) for row, feature in zip(rows, named, strict=True)]
    labels = [one["label"] for one in answers]
    falls = []
    for kind in ("probability", "logit"):
        pairs = zip(scores_of(options, rows, labels, kind), scores_of(options, without, labels, kind), strict=True)
        falls.append(sum(after < before for before, after in pairs))
    print("| rows | largest error of a sum of shares | probability falls | score falls | s per row |")
    print("|---:|---:|---:|---:|---:|")
    print(f"| {len(rows)} | {error:.1e} | {100 * falls[0] / len(rows):.0f} % | {100 * falls[1] / len(rows):.0f} % | {seconds / len(rows):.3f} |")


if __name__ == "__main__":
    main()
