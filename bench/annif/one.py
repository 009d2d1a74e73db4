"""one.py REQUEST: one project of Annif trained and asked, in a process of its own. REQUEST is JSON; so is the last line that is printed."""

import json
import pathlib
import resource
import sys
import time

import annif.eval
import glissade_annif  # noqa: F401 registers the backend
from annif.corpus import DocumentFileTSV, LimitingDocumentCorpus
from annif.registry import AnnifRegistry

glissade_annif.register()


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(work):
    """What `work` returns, its seconds, its CPU seconds."""
    wall, used = time.monotonic(), cpu()
    return work(), time.monotonic() - wall, cpu() - used


def size_of(folder):
    """MiB of what a project keeps, without training documents."""
    return sum(path.stat().st_size for path in pathlib.Path(folder).rglob("*") if path.is_file() and "-train" not in path.name) / 2**20


def main():
    request = json.loads(sys.argv[1])
    folder = pathlib.Path(request["folder"])
    registry = AnnifRegistry(str(folder / "projects.cfg"), str(folder / "data"), False)
    project = registry.get_project(request["project"])
    training = DocumentFileTSV(str(folder / "train.tsv.gz"), project.subjects)
    if request.get("documents"):
        training = LimitingDocumentCorpus(training, request["documents"])
    result = {"project": request["project"]}
    if request["train"]:
        _, result["train_s"], result["train_cpu_s"] = timed(lambda: project.train(training, jobs=request["jobs"]))
    test = list(DocumentFileTSV(str(folder / "test.tsv.gz"), project.subjects).documents)
    _, result["load_s"], result["load_cpu_s"] = timed(lambda: project.suggest(test[:1]))
    batches = [test[begin : begin + 32] for begin in range(0, len(test), 32)]
    found, result["suggest_s"], result["suggest_cpu_s"] = timed(lambda: [project.suggest(batch).filter(limit=10) for batch in batches])
    scored = annif.eval.EvaluationBatch(project.subjects)
    for hits, batch in zip(found, batches):
        scored.evaluate_many(hits, [document.subject_set for document in batch])
    result["documents"] = len(test)
    result["scores"] = scored.results(metrics=["F1@5", "NDCG", "NDCG@5", "Precision@1"])
    result["size_mib"] = size_of(project.datadir)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
