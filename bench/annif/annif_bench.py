#!/usr/bin/env python3
"""Glissade beside Annif's own backends, by Annif's own corpora, projects and scores: F1@5, nDCG, seconds of training and of suggestions."""

import argparse
import json
import os
import pathlib
import subprocess
import sys

import corpora
import punkt

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ANALYZER = "analyzer=snowball(english)"
# Annif's wiki has these settings of omikuji; fastText has more epochs than its 5. MLLM learns from few documents: it weighs nine features.
PROJECTS = {
    "glissade": ["backend=glissade"],
    "glissade-analyzer": ["backend=glissade", "features=analyzer", ANALYZER],
    "omikuji-parabel": ["backend=omikuji", ANALYZER],
    "omikuji-bonsai": ["backend=omikuji", ANALYZER, "cluster_balanced=False", "cluster_k=100", "max_depth=3"],
    "fasttext": ["backend=fasttext", ANALYZER, "epoch=30", "limit=100", "chunksize=24"],
    "mllm": ["backend=mllm", ANALYZER],
    "ensemble": ["backend=ensemble", "sources=omikuji-bonsai,fasttext"],
    "ensemble-mllm": ["backend=ensemble", "sources=omikuji-bonsai,mllm"],
    "ensemble-glissade": ["backend=ensemble", "sources=glissade:2,omikuji-bonsai"],
}
DOCUMENTS = {"mllm": 2000}
WITH_LABELS = {"wordnet-text"}  # vocabularies whose subjects have words


def config(names):
    sections = []
    for name in names:
        sections.append("\n".join([f"[{name}]", f"name={name}", "language=en", "vocab=bench", *PROJECTS[name], ""]))
    return "\n".join(sections)


def call(arguments, environment, folder):
    done = subprocess.run([str(one) for one in arguments], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"annif_bench: {' '.join(map(str, arguments[:3]))} failed")
    return done.stdout


def run(data, names, folder, jobs, holdout, rows):
    environment = {**os.environ, "NLTK_DATA": str(folder / "nltk")}
    if not (folder / "train.tsv.gz").exists():
        vocabulary = corpora.make(data, os.environ.get("GLISSADE_DATA", ROOT.parent / "shared" / "data"), folder, holdout, rows)
        punkt.write(folder / "nltk")
        (folder / "projects.cfg").write_text(config(PROJECTS))
        annif = pathlib.Path(sys.executable).with_name("annif")
        call([annif, "load-vocab", "bench", vocabulary, "--language", "en"], environment, folder)
    (folder / "projects.cfg").write_text(config(PROJECTS))
    kept = folder / "results.jsonl"
    for name in names:
        request = {"folder": str(folder), "project": name, "train": not name.startswith("ensemble"), "jobs": jobs, "documents": DOCUMENTS.get(name)}
        print(f"annif_bench: {name} on {data}", file=sys.stderr)
        out = call([sys.executable, HERE / "one.py", json.dumps(request)], environment, folder)
        with open(kept, "a", encoding="utf-8") as file:
            file.write(out.splitlines()[-1] + "\n")
    results = {}
    for line in kept.read_text(encoding="utf-8").splitlines():
        results[json.loads(line)["project"]] = json.loads(line)  # the last run of each
    return results


def table(results):
    print("| project | F1@5 | nDCG | nDCG@5 | P@1 | train s | train CPU s | suggest ms | suggest CPU ms | MiB |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for name in PROJECTS:
        if name in results:
            one = results[name]
            scores = " | ".join(f"{100 * one['scores'][metric]:.1f}" for metric in ("F1@5", "NDCG", "NDCG@5", "Precision@1"))
            train = " | ".join(f"{one[key]:.0f}" if key in one else "" for key in ("train_s", "train_cpu_s"))
            asked = " | ".join(f"{1000 * one[key] / one['documents']:.2f}" for key in ("suggest_s", "suggest_cpu_s"))
            print(f"| {name} | {scores} | {train} | {asked} | {one['size_mib']:.0f} |")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench annif", description=__doc__)
    parser.add_argument("--data", choices=corpora.CORPORA, default="wordnet-text")
    parser.add_argument("--projects", help=f"some of {','.join(PROJECTS)}; default: all that suit the vocabulary")
    parser.add_argument("--jobs", type=int, default=2, help="threads of a training")
    parser.add_argument("--holdout", action="store_true", help="train on nine tenths of the training rows, ask about the others: for choices")
    parser.add_argument("--rows", type=int, help="only so many training rows, drawn at random")
    parser.add_argument("--folder", type=pathlib.Path, help="where corpora, models and results are kept; default out/annif/DATA")
    arguments = parser.parse_args()
    suitable = [name for name in PROJECTS if "mllm" not in name or arguments.data in WITH_LABELS]
    names = arguments.projects.split(",") if arguments.projects else suitable
    unknown = [name for name in names if name not in PROJECTS]
    if unknown:
        parser.error(f"no project {unknown[0]!r}; there are {', '.join(PROJECTS)}")
    kind = "-".join(str(one) for one in (arguments.data, arguments.holdout and "holdout", arguments.rows) if one)
    folder = arguments.folder or ROOT / "out" / "annif" / kind
    folder.mkdir(parents=True, exist_ok=True)
    table(run(arguments.data, names, folder.resolve(), arguments.jobs, arguments.holdout, arguments.rows))


if __name__ == "__main__":
    main()
