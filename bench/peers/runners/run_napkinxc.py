"""napkinXC: probabilistic label tree. Options: those of its class PLT."""

from napkinxc.datasets import load_libsvm_file
from napkinxc.models import PLT

import stages


def main():
    run = stages.task()
    run.note(version=stages.distribution_version("napkinxc"))
    with run.stage("read"):
        x, y = load_libsvm_file(str(run.forms / "train.txt"), labels_format="csr_matrix")
    with run.stage("train"):  # writes the model's files as it goes
        model = PLT(run.model, threads=run.threads, seed=run.seed, **run.options)
        model.fit(x, y)
    del x, y
    with run.stage("read test"):
        x, _ = load_libsvm_file(str(run.forms / "test.txt"), labels_format="csr_matrix")
    model.load()
    with run.stage("predict"):
        rows = model.predict(x, top_k=5)
    run.predicted(rows)


if __name__ == "__main__":
    main()
