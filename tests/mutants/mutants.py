#!/usr/bin/env python3
"""Mutation testing: changes the code in small ways, one at a time, and counts how many changes the fast tests notice.

Standard library only. Results lie in out/mutants/, a file per folder; CONTRIBUTING.md says how to read them.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shutil
import sys
import threading
import tomllib

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import sample
from build import Build
from operators import mutants_of
from trial import Trials, now

SHARE = 0.9
COUNTED = ("killed", "survived")  # the others do not compile, or the compiler shows that nothing changed


def identity(mutant):
    return {key: getattr(mutant, key) for key in ("file", "original", "becomes", "operator", "occurrence")}


class Equivalents:
    """Survivors of which somebody has said why no test can notice them."""

    def __init__(self, path):
        self.entries = tomllib.loads(path.read_text()).get("equivalent", [])
        for entry in self.entries:
            if set(entry) - {"file", "line", "becomes", "reason"} or not all(entry.get(key) for key in ("file", "line", "becomes", "reason")):
                sys.exit(f"mutants: '{path}': an entry needs file, line, becomes and reason, and has {entry}")

    def reason(self, mutant):
        return next((entry["reason"] for entry in self.entries
                     if (entry["file"], entry["line"], entry["becomes"]) == (mutant.file, mutant.original, mutant.becomes)), None)

    def stale(self, folder):
        """Entries whose line or mutation is not there any more."""
        found = {}
        for entry in self.entries:
            if str(pathlib.PurePosixPath(entry["file"]).parent) != folder:
                continue
            file = entry["file"]
            if file not in found:
                path = ROOT / file
                found[file] = {(m.original, m.becomes) for m in mutants_of(file, path.read_text())} if path.exists() else set()
            if (entry["line"], entry["becomes"]) not in found[file]:
                yield entry


class Folder:
    """The mutants of one folder, tried one after another in their order until enough of them count."""

    def __init__(self, name, options, build, wanted):
        self.name, self.options, self.build, self.wanted = name, options, build, wanted
        self.path = ROOT / "out" / "mutants" / f"{name.replace('/', '_')}.json"
        self.programs = ["hashing", "engine"] if name == "hashing" else ["engine"]
        self.texts = {file: (ROOT / file).read_text() for file in sample.sources(ROOT, name)}
        self.queue = sample.ranked(self.texts, options.seed)
        self.known = self.read() if options.again else {}
        self.results = {}
        self.lock = threading.Lock()
        self.originals = {}

    def read(self):
        if not self.path.exists():
            return {}
        stored = json.loads(self.path.read_text())
        if stored["seed"] != self.options.seed:
            sys.exit(f"mutants: '{self.path}' is of seed {stored['seed']}; --again needs '--seed {stored['seed']}'")
        return {json.dumps(entry["mutant"], sort_keys=True): entry for entry in stored["mutants"] if entry["status"] != "survived"}

    def write(self):
        stored = {"seed": self.options.seed, "wanted": self.wanted,
                  "mutants": [self.results[place] for place in sorted(self.results)]}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".part")
        fresh.write_text(json.dumps(stored, indent=1))
        fresh.rename(self.path)

    def job(self, number):
        folder = self.build.folder / "mutants" / f"job-{os.getpid()}-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def prepare(self):
        """Compiles the folder's files unchanged, as mutants are compiled, and runs all tests over them."""
        job = self.job(0)
        objects = []
        for file in sample.sources(ROOT, self.name):
            text = self.texts[file]
            made = self.build.compile(file, text, job)
            if made is None:
                sys.exit(f"mutants: '{file}' does not compile unchanged; is the tree whole?")
            kept = job / (file.replace("/", "_") + ".o")
            made.rename(kept)
            self.originals[file] = (text, hashlib.sha256(kept.read_bytes()).digest())
            objects.append(kept)
        seconds = 0
        for program in self.programs:
            linked = self.build.link(program, objects, job)
            if linked is None:
                sys.exit(f"mutants: the tests of {program} do not link unchanged; is the tree whole?")
            seconds += Trials(ROOT, 900).baseline(linked, job)
        print(f"{now()} {self.name}: {len(self.queue)} possible mutants, tests take {seconds:.1f} s on the CPU", file=sys.stderr, flush=True)
        self.trials = Trials(ROOT, int(2 * seconds) + 10)
        shutil.rmtree(job)

    def run(self):
        self.prepare()
        places = iter(range(len(self.queue)))
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            list(pool.map(lambda number: self.work(number, places), range(1, self.options.jobs + 1)))
        self.write()

    def take(self, places):
        """The next place, unless enough mutants count already or will, if those under way do."""
        with self.lock:
            counted = sum(entry["status"] in COUNTED for entry in self.results.values())
            under_way = sum(entry["status"] == "under way" for entry in self.results.values())
            if counted + under_way >= self.wanted:
                return None
            place = next(places, None)
            if place is not None:
                self.results[place] = {"status": "under way", "mutant": identity(self.queue[place])}
            return place

    def work(self, number, places):
        job = self.job(number)
        while (place := self.take(places)) is not None:
            mutant = self.queue[place]
            known = self.known.get(json.dumps(identity(mutant), sort_keys=True))
            entry = {**known, "line": mutant.line} if known else self.tried(mutant, job)
            with self.lock:
                self.results[place] = entry
                finished = {at: e for at, e in self.results.items() if e["status"] != "under way"}
                if not known and entry["status"] in COUNTED:
                    counted = sum(e["status"] in COUNTED for e in finished.values())
                    print(f"{now()} {counted}/{self.wanted} {entry['status']} {mutant.file}:{mutant.line}: {mutant.becomes}"
                          + (f"  [{entry['by']}]" if "by" in entry else ""), file=sys.stderr, flush=True)
                everything, self.results = self.results, finished
                self.write()
                self.results = everything
        shutil.rmtree(job, ignore_errors=True)

    def tried(self, mutant, job):
        entry = {"mutant": identity(mutant), "line": mutant.line}
        text, original = self.originals[mutant.file]
        made = self.build.compile(mutant.file, mutant.apply(text), job)
        if made is None:
            return {**entry, "status": "not compiled"}
        if hashlib.sha256(made.read_bytes()).digest() == original:
            return {**entry, "status": "same object"}
        for program in self.programs:
            linked = self.build.link(program, [made], job)
            if linked is None:
                return {**entry, "status": "not compiled"}
            by = self.trials.noticed(program, linked, mutant.file, job)
            if by:
                return {**entry, "status": "killed", "by": by}
        return {**entry, "status": "survived"}


def summary(folder, equivalents):
    """(row of the table, share, survivors that are not listed, listed ones that were killed)."""
    rows = [folder.results[place] for place in sorted(folder.results)]
    mutants = {place: folder.queue[place] for place in folder.results}
    listed = {place for place, entry in folder.results.items() if entry["status"] in COUNTED and equivalents.reason(mutants[place])}
    killed = sum(entry["status"] == "killed" for entry in rows)
    compiled = sum(entry["status"] != "not compiled" for entry in rows)
    same = sum(entry["status"] == "same object" for entry in rows)
    survivors = [mutants[place] for place, entry in sorted(folder.results.items()) if entry["status"] == "survived" and place not in listed]
    contradicted = [(mutants[place], folder.results[place]["by"]) for place in sorted(listed) if folder.results[place]["status"] == "killed"]
    equivalent = len(listed) - len(contradicted)
    share = killed / max(1, killed + len(survivors))
    return (folder.name, len(rows), compiled, same, killed, len(survivors), equivalent, share), survivors, contradicted


def parse():
    parser = argparse.ArgumentParser(prog="./dev mutants", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", choices=sample.FOLDERS, metavar="FOLDER", help="one of " + ", ".join(sample.FOLDERS) + "; all without it")
    parser.add_argument("--sample", type=int, default=320, metavar="N", help="mutants that count, over all folders, by their lines, at least 25 each (320)")
    parser.add_argument("--seed", type=int, default=1, help="which mutants (1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="mutants at a time (one per core)")
    parser.add_argument("--again", action="store_true", help="only what survived the last time, or is new")
    parser.add_argument("--list", action="store_true", help="only show which mutants would be tried first")
    parser.add_argument("--build", default=str(ROOT / "build-mutants"), help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    options = parse()
    wanted = sample.wanted(ROOT, options.sample)
    names = [options.folder] if options.folder else sample.FOLDERS
    if options.list:
        for name in names:
            for mutant in sample.ranked({file: (ROOT / file).read_text() for file in sample.sources(ROOT, name)}, options.seed)[:wanted[name]]:
                print(f"{mutant.file}:{mutant.line}: [{mutant.operator}] {mutant.original}\n    {mutant.becomes}")
        return 0
    equivalents = Equivalents(pathlib.Path(__file__).resolve().parent / "equivalent.toml")
    build = Build(ROOT, pathlib.Path(options.build).resolve())
    folders = [Folder(name, options, build, wanted[name]) for name in names]
    for folder in folders:
        folder.run()
    return report(folders, equivalents)


def report(folders, equivalents):
    tables = [summary(folder, equivalents) for folder in folders]
    for folder, (_, survivors, contradicted) in zip(folders, tables):
        for mutant in survivors:
            print(f"survived {mutant.file}:{mutant.line}: [{mutant.operator}]\n    {mutant.original}\n    {mutant.becomes}")
        for mutant, by in contradicted:
            print(f"listed as equivalent, but killed: {mutant.file}:{mutant.line}: {mutant.becomes}  [{by}]")
        for entry in equivalents.stale(folder.name):
            print(f"listed as equivalent, but not there any more: {entry['file']}: {entry['line']}  ->  {entry['becomes']}")
    print("\n| folder | mutants | compiled | same object | killed | survived | equivalent | share |\n|---|--:|--:|--:|--:|--:|--:|--:|")
    for row, _, _ in tables:
        print("| {} | {} | {} | {} | {} | {} | {} | {:.1%} |".format(*row))
    totals = [sum(row[i] for row, _, _ in tables) for i in range(1, 7)]
    print("| all | {} | {} | {} | {} | {} | {} | {:.1%} |".format(*totals, totals[3] / max(1, totals[3] + totals[4])))
    return 1 if any(row[7] < SHARE for row, _, _ in tables) else 0


if __name__ == "__main__":
    sys.exit(main())
