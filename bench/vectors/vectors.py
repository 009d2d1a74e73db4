#!/usr/bin/env python3
"""wordnet-related by tf-idf, by sentence vectors of all-MiniLM-L6-v2, and by both: P@k of 'glissade train' on rows held out of training
(--part valid, for choices) or on the test set (--part test), for several seeds. The vectors are made once, in minutes, and kept in out/vectors.
Other options go to 'train'."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import wordnet

ROOT = pathlib.Path(__file__).resolve().parents[2]
HELD_OUT = "0.05"


def fail(message):
    sys.exit(f"vectors: {message}")


def made_vectors(data, folder):
    """Files of vectors of the training and the test rows."""
    paths = {part: folder / f"wordnet-related-{part}.npy" for part in ("train", "test")}
    folder.mkdir(parents=True, exist_ok=True)
    missing = [part for part in paths if not paths[part].is_file()]
    if missing:
        import numpy as np
        from minilm import MiniLM

        model = MiniLM()
        for part in missing:
            print(f"vectors of the {part} rows: this takes minutes", file=sys.stderr)
            np.save(paths[part], model.encode(wordnet.texts(data, part)))
    return paths


def without_features(path, target):
    """The same rows with their labels alone."""
    rows = wordnet.lines(path)
    count, _, labels = rows[0].split(" ")
    target.write_text("\n".join([f"{count} 1 {labels}", *(row.split(" ")[0] for row in rows[1:])]) + "\n")
    return target


def run(glissade, part, rows, vectors, seed, options, folder):
    """P@1, 3, 5 in percent and seconds."""
    log = folder / "log.jsonl"
    data = ["--train", str(rows["train"])] + (["--vectors", str(vectors["train"])] if vectors else [])
    if part == "test":
        data += ["--test", str(rows["test"])] + (["--test-vectors", str(vectors["test"])] if vectors else [])
    else:
        data += ["--holdout", HELD_OUT]
    start = time.monotonic()
    command = [glissade, "train", *data, "--seed", str(seed), "--eval-every", "1000", *options, "--quiet", "--model", str(folder / "m.glsd"),
               "--log-json", str(log)]
    if subprocess.run(command).returncode != 0:
        fail(f"'{' '.join(command)}' failed")
    seconds = time.monotonic() - start
    done = json.loads(log.read_text().splitlines()[-1])
    return [100 * done[f"p@{k}"] for k in (1, 3, 5)], seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--part", choices=("valid", "test"), default="valid")
    parser.add_argument("--seeds", default="1,2")
    parser.add_argument("--variants", default="tf-idf,vectors,both")
    parser.add_argument("--vectors", default=str(ROOT / "out/vectors"), help="a folder that they are kept in")
    arguments, options = parser.parse_known_args()
    data = pathlib.Path(os.environ.get("GLISSADE_DATA", ROOT / "../shared/data"))
    if not (data / "wordnet-related").is_dir() or not (data / "wordnet-text").is_dir():
        fail(f"'{data}' has no wordnet-related and wordnet-text; set GLISSADE_DATA")
    vectors = made_vectors(data, pathlib.Path(arguments.vectors))
    words = {part: data / f"wordnet-related/{part}.txt.zst" for part in ("train", "test")}
    print(f"| {arguments.part} | seed | P@1 | P@3 | P@5 | train s |\n|---|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory(prefix="glissade-vectors-") as scratch:
        folder = pathlib.Path(scratch)
        bare = {part: without_features(path, folder / f"{part}.txt") for part, path in words.items()}
        rows_of = {"tf-idf": (words, None), "vectors": (bare, vectors), "both": (words, vectors)}
        for variant in arguments.variants.split(","):
            rows, beside = rows_of[variant]
            for seed in arguments.seeds.split(","):
                measures, seconds = run(f"{arguments.build}/apps/glissade", arguments.part, rows, beside, seed, options, folder)
                print(f"| {variant} | {seed} | {' | '.join(f'{value:.2f}' for value in measures)} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
