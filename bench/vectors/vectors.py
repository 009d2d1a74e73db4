#!/usr/bin/env python3
"""Data (--data) by tf-idf, by sentence vectors of all-MiniLM-L6-v2, and by both: P@k of 'glissade train' on rows held out of
training (--part valid, for choices) or on the test set (--part test), for several seeds. The vectors are made once, in minutes, and
kept in out/vectors. Other options go to 'train'."""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cooking
import wordnet

ROOT = pathlib.Path(__file__).resolve().parents[2]
HELD_OUT = "0.05"
PIECE = 4096  # texts
DATA = {"wordnet-related": wordnet, "cooking": cooking}


def fail(message):
    sys.exit(f"vectors: {message}")


def encode(model, texts, path):
    """The vectors of texts, into `path`. Pieces are kept as they are done, and who calls again goes on behind them."""
    import numpy as np

    folder = path.with_suffix(".pieces")
    folder.mkdir(exist_ok=True)
    pieces = []
    for begin in range(0, len(texts), PIECE):
        piece = folder / f"{begin}.npy"
        if not piece.is_file():
            np.save(folder / "unfinished.npy", model.encode(texts[begin : begin + PIECE]))
            (folder / "unfinished.npy").rename(piece)
        pieces.append(np.load(piece))
    np.save(path, np.concatenate(pieces))
    shutil.rmtree(folder)


def made_vectors(data, name, folder):
    """Files of vectors of the training and the test rows."""
    paths = {part: folder / f"{name}-{part}.npy" for part in ("train", "test")}
    folder.mkdir(parents=True, exist_ok=True)
    missing = [part for part in paths if not paths[part].is_file()]
    if missing:
        from minilm import MiniLM

        model = MiniLM()
        for part in missing:
            print(f"vectors of the {part} rows: this takes minutes", file=sys.stderr)
            encode(model, DATA[name].texts(data, part), paths[part])
    return paths


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
    parser.add_argument("--data", choices=DATA, default="wordnet-related")
    parser.add_argument("--part", choices=("valid", "test"), default="valid")
    parser.add_argument("--seeds", default="1,2")
    parser.add_argument("--variants", default="tf-idf,vectors,both")
    parser.add_argument("--vectors", default=str(ROOT / "out/vectors"), help="a folder that they are kept in")
    arguments, options = parser.parse_known_args()
    data = pathlib.Path(os.environ.get("GLISSADE_DATA", ROOT / "../shared/data"))
    missing = [name for name in DATA[arguments.data].FOLDERS if not (data / name).is_dir()]
    if missing:
        fail(f"'{data}' has no {' and no '.join(missing)}; set GLISSADE_DATA")
    vectors = made_vectors(data, arguments.data, pathlib.Path(arguments.vectors))
    print(f"| {arguments.data}, {arguments.part} | seed | P@1 | P@3 | P@5 | train s |\n|---|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory(prefix="glissade-vectors-") as scratch:
        folder = pathlib.Path(scratch)
        source = DATA[arguments.data]
        words, bare = ({part: form(data, part, folder) for part in ("train", "test")} for form in (source.words, source.bare))
        rows_of = {"tf-idf": (words, None), "vectors": (bare, vectors), "both": (words, vectors)}
        for variant in arguments.variants.split(","):
            rows, beside = rows_of[variant]
            for seed in arguments.seeds.split(","):
                measures, seconds = run(f"{arguments.build}/apps/glissade", arguments.part, rows, beside, seed, options, folder)
                print(f"| {variant} | {seed} | {' | '.join(f'{value:.2f}' for value in measures)} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
