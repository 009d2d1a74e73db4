#!/usr/bin/env python3
"""Searches for the best labels in the output rows of trained models: Glissade's exact search and its codes beside faiss and hnswlib,
one query after the other on one thread. The rivals search the same rows, their bias as one more dimension; a setting of theirs is
shown where its recall@5 against the exact answer is at least --recall, the fastest one of each kind."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

RERANKED = (16, 32, 64)  # times k rows that faiss scores exactly after its codes
PROBES = (4, 8, 16, 32, 64)
EF = (16, 32, 64, 128, 256)
BEST = 5


def fail(message):
    print(f"search: {message}", file=sys.stderr)
    sys.exit(1)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, epilog="example: ./dev bench search --model gowalla.glsd --train TRAIN --test TEST")
    parser.add_argument("--model", required=True)
    parser.add_argument("--train", required=True, help="rows that codes are learned from, XMC format")
    parser.add_argument("--test", required=True, help="rows that are asked about")
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--batch-threads", type=int, default=os.cpu_count(), help="of our batches; all else has one thread")
    parser.add_argument("--recall", type=float, default=0.99)
    parser.add_argument("--level", help="GLISSADE_SIMD, such as avx2; the rivals choose for themselves")
    parser.add_argument("--rivals", default="flat,pq,ivfpq,hnsw", help="of faiss flat, pq (4 bits, fast scan), ivfpq, and hnswlib; '' for none")
    parser.add_argument("--build", default="build")
    return parser.parse_args()


def glissade(options, folder):
    command = [f"{options.build}/bench/search/search_bench", "--model", options.model, "--train", options.train, "--test", options.test,
               "--queries", str(options.queries), "--batch-threads", str(options.batch_threads), "--dump", folder]
    environment = dict(os.environ, **({"GLISSADE_SIMD": options.level} if options.level else {}))
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment)
    if done.returncode != 0:
        fail("search_bench failed")
    return json.loads(done.stdout)


def timed(search, queries):
    """Answers, and sorted milliseconds of each query alone."""
    import numpy
    found, spent = [], []
    for query in queries[: len(queries) // 10]:
        search(query[None])
    for query in queries:
        start = time.perf_counter()
        found.append(search(query[None])[0])
        spent.append(1e3 * (time.perf_counter() - start))
    return numpy.array(found), sorted(spent)


def recall(exact, found):
    return sum(len(set(a) & set(b)) for a, b in zip(exact[:, :BEST], found[:, :BEST])) / (BEST * len(exact))


class Rivals:
    def __init__(self, folder, least):
        import numpy
        sizes = json.loads((pathlib.Path(folder) / "sizes.json").read_text())
        read = lambda name, count: numpy.fromfile(pathlib.Path(folder) / name, dtype="float32").reshape(count, sizes["width"])
        self.rows, self.queries, self.least = read("rows.f32", sizes["rows"]), read("queries.f32", sizes["queries"]), least
        self.exact = numpy.vstack([numpy.argsort(-(block @ self.rows.T), axis=1, kind="stable")[:, :BEST]
                                   for block in numpy.array_split(self.queries, max(1, len(self.queries) // 50))])

    def row(self, name, seconds, bytes_per_row, settings):
        """The fastest of (words, search) that is good enough, else the best one."""
        tried = []
        for words, search in settings:
            found, spent = timed(search, self.queries)
            reached = recall(self.exact, found)
            tried.append((reached, spent[len(spent) // 2], spent[int(0.99 * (len(spent) - 1))], words))
            if reached >= self.least:
                break
        good = [one for one in tried if one[0] >= self.least]
        reached, p50, p99, words = min(good, key=lambda one: one[1]) if good else max(tried)
        return [f"{name} ({words})", reached, p50, p99, seconds, bytes_per_row]

    def flat(self):
        import faiss
        index = faiss.IndexFlatIP(self.rows.shape[1])
        index.add(self.rows)
        return self.row("faiss flat", 0, 0, [("exact", lambda query: index.search(query, BEST)[1])])

    def padded(self, vectors, to):
        import numpy
        return numpy.pad(vectors, ((0, 0), (0, -vectors.shape[1] % to)))

    def of_codes(self, name, make):
        import faiss
        start = time.perf_counter()
        width = self.rows.shape[1] + -self.rows.shape[1] % 4
        rows = self.padded(self.rows, 4)
        codes = make(width)
        codes.train(rows[:: max(1, len(rows) // 100_000)])
        index = faiss.IndexRefineFlat(codes)
        index.add(rows)
        seconds = time.perf_counter() - start

        def search(factor, probes):
            def one(query):
                index.k_factor = factor
                if probes:
                    codes.nprobe = probes
                return index.search(self.padded(query, 4), BEST)[1]
            return one
        settings = [(f"{factor * BEST} rows" + (f", {probes} lists" if probes else ""), search(factor, probes))
                    for probes in (PROBES if hasattr(codes, "nprobe") else (0,)) for factor in RERANKED]
        return self.row(name, seconds, width / 4 / 2 * 2, settings)

    def pq(self):
        import faiss
        return self.of_codes("faiss PQ fast scan", lambda width: faiss.IndexPQFastScan(width, width // 2, 4, faiss.METRIC_INNER_PRODUCT))

    def ivfpq(self):
        import faiss
        lists = 4 * int(len(self.rows) ** 0.5)

        def make(width):
            self.coarse = faiss.IndexFlatIP(width)  # the index does not keep it alive
            return faiss.IndexIVFPQFastScan(self.coarse, width, lists, width // 2, 4, faiss.METRIC_INNER_PRODUCT)
        return self.of_codes("faiss IVF PQ fast scan", make)

    def hnsw(self):
        import hnswlib
        start = time.perf_counter()
        index = hnswlib.Index(space="ip", dim=self.rows.shape[1])
        index.init_index(max_elements=len(self.rows), ef_construction=100, M=16)
        index.add_items(self.rows)
        seconds = time.perf_counter() - start
        index.set_num_threads(1)

        def search(ef):
            def one(query):
                index.set_ef(ef)
                return index.knn_query(query, k=BEST)[0]
            return one
        return self.row("hnswlib", seconds, 16 * 2 * 4, [(f"ef {ef}", search(ef)) for ef in EF])


def main():
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        ours = glissade(options, folder)
        layer = ours["layer"]
        table = [["Glissade exact", 1.0, layer["exact"]["p50_ms"], layer["exact"]["p99_ms"], 0, 0]]
        if "learned" in layer:
            learned = layer["learned"]
            table.append([f"Glissade learned ({learned['rows_scored']} rows)", learned["recall@5"], learned["p50_ms"], learned["p99_ms"],
                          ours["build_seconds"], learned["bytes_per_row"]])
        names = [name for name in options.rivals.split(",") if name]
        if names:
            import faiss
            faiss.omp_set_num_threads(1)
            rivals = Rivals(folder, options.recall)
            table += [getattr(rivals, name)() for name in names]
    print(f"{ours['labels']:,} rows of {ours['width']} weights, level {ours['level']}, {options.queries} queries, one thread\n")
    print("| search | recall@5 | p50 ms | p99 ms | build s | bytes a row |\n|---|---|---|---|---|---|")
    for name, reached, p50, p99, seconds, size in table:
        print(f"| {name} | {reached:.4f} | {p50:.3f} | {p99:.3f} | {seconds:.1f} | {size:.0f} |")
    print(f"\n| whole model | P@1 | P@3 | P@5 | one query p50 ms | p99 ms | batch of 1,024 on {options.batch_threads} threads, ms a row |\n"
          "|---|---|---|---|---|---|---|")
    for name, values in ours["model"].items():
        print(f"| {name} | {values['P@1']:.2f} | {values['P@3']:.2f} | {values['P@5']:.2f} | {values['p50_ms']:.3f} | {values['p99_ms']:.3f} | "
              f"{values['batch_1024_ms_a_row']:.3f} |")
    print("\n" + json.dumps(ours))


if __name__ == "__main__":
    main()
