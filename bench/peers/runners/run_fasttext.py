"""fastText, supervised, on features as words: their values are lost. Options: those of train_supervised. It reads the file while it
trains, so that there is no stage of reading alone; it predicts with one thread."""

import fasttext

import stages

PREFIX = len("__label__")


def main():
    run = stages.task()
    run.note(version=stages.distribution_version("fasttext"))
    with run.stage("train"):
        model = fasttext.train_supervised(str(run.forms / "train.words"), thread=run.threads, seed=run.seed, minCount=1, verbose=1, **run.options)
    model.save_model(run.model)
    with run.stage("read test"):
        with open(run.forms / "test.words") as file:
            lines = [" ".join(word for word in line.split() if not word.startswith("__label__")) for line in file]
    with run.stage("predict"):
        rows, _ = model.predict(lines, k=5)
    run.predicted([int(label[PREFIX:]) for label in labels] for labels in rows)


if __name__ == "__main__":
    main()
