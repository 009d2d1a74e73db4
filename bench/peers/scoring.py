#!/usr/bin/env python3
"""P@k and PSP@k of predicted labels, the same for every tool and as 'glissade eval' computes them (engine/evaluation). Standard
library only. As a program: scores a file of predictions, one row of labels per test row, and prints JSON."""

import argparse
import json
import math

import xmc

CUTOFFS = (1, 3, 5)
A, B = 0.55, 1.5  # Jain et al. 2016


def label_weights(counts, samples):
    """1 / propensity of each label, from how many of the training samples carry it."""
    c = max(0.0, math.log(max(samples, 1)) - 1) * (B + 1) ** A
    return [1 + c * (count + B) ** -A for count in counts]


def count_labels(rows, label_count):
    """(how often each label occurs, number of rows)."""
    counts = [0] * label_count
    samples = 0
    for labels in rows:
        samples += 1
        for label in set(labels):
            counts[label] += 1
    return counts, samples


def scores(predictions, rows, weights):
    """Means over the rows that have labels. PSP@k is what was found, over the best that could have been: the sums of both."""
    hits, found, best = ({k: 0.0 for k in CUTOFFS} for _ in range(3))
    scored = 0
    for predicted, labels in zip(predictions, rows, strict=True):
        true = set(labels)
        if not true:
            continue
        if len(set(predicted)) < len(predicted):
            raise ValueError(f"a label is predicted twice: {predicted}")
        scored += 1
        ideal = sorted((weights[label] for label in true), reverse=True)
        for k in CUTOFFS:
            right = [label for label in predicted[:k] if label in true]
            hits[k] += len(right) / k
            found[k] += sum(weights[label] for label in right)
            best[k] += sum(ideal[:k])
    result = {"samples": scored}
    for k in CUTOFFS:
        result[f"p@{k}"] = hits[k] / scored if scored else 0.0
        result[f"psp@{k}"] = found[k] / best[k] if best[k] else 0.0
    return result


def read_predictions(path):
    with open(path) as file:
        for line in file:
            yield [int(label) for label in line.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("train", "test", "predictions"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    counts, samples = count_labels(xmc.labels_of(options.train), xmc.header(options.train)[2])
    print(json.dumps(scores(read_predictions(options.predictions), xmc.labels_of(options.test), label_weights(counts, samples))))


if __name__ == "__main__":
    main()
