"""PyTorch's softmax: EmbeddingBag -> ReLU -> Linear over all labels, Adam (its lazy sparse form for the embedding), a learning rate
that falls linearly to 0. With 'sampled' the softmax is over the batch's own labels and as many drawn uniformly, whose logits are raised
by the log of how many each stands for; rows of labels are an embedding then, with lazy Adam, too. Trains until its epochs are done or its budget of seconds is spent, whichever is first; about twenty times
on the way, outside of the timed part, it measures P@1 on a sample of test rows.

Options: device (cpu, cuda), precision (fp32, bf16: autocast), hidden, dropout, batch, learning_rate, epochs, budget (seconds), sampled."""

import contextlib

import numpy
import scipy.sparse
import torch
import torch.nn.functional as F

import stages

POINTS = 20


class Network(torch.nn.Module):
    def __init__(self, features, hidden, labels, dropout, sampled):
        super().__init__()
        self.sampled = sampled
        self.bag = torch.nn.EmbeddingBag(features, hidden, mode="sum", sparse=True)
        torch.nn.init.normal_(self.bag.weight, std=hidden**-0.5)  # rows of length about 1, as the samples are
        self.bias = torch.nn.Parameter(torch.zeros(hidden))
        self.dropout = torch.nn.Dropout(dropout)
        self.out = torch.nn.Linear(hidden, labels)  # also where its rows are an embedding: the same start
        if sampled:
            self.rows = torch.nn.Embedding(labels, hidden, sparse=True, _weight=self.out.weight.detach().clone())
            self.row_bias = torch.nn.Embedding(labels, 1, sparse=True, _weight=self.out.bias.detach().clone()[:, None])
            self.out = None

    def sparse(self):
        return [self.bag.weight] + ([self.rows.weight, self.row_bias.weight] if self.sampled else [])

    def dense(self):
        return [self.bias] + ([] if self.sampled else list(self.out.parameters()))

    def forward(self, ids, offsets, values, labels=None):
        """Logits of `labels`; of all where none are given."""
        hidden = self.dropout(F.relu(self.bag(ids, offsets, per_sample_weights=values) + self.bias))
        if not self.sampled:
            return self.out(hidden)
        if labels is None:
            return F.linear(hidden, self.rows.weight, self.row_bias.weight[:, 0])
        return F.linear(hidden, self.rows(labels), self.row_bias(labels)[:, 0])


class Trainer:
    def __init__(self, options, x, y, seed):
        self.options, self.x, self.y = options, x, y
        self.generator = numpy.random.default_rng(seed)
        self.device = torch.device(options["device"])
        self.sampled = min(options["sampled"], y.shape[1])
        self.network = Network(x.shape[1], options["hidden"], y.shape[1], options["dropout"], self.sampled).to(self.device)
        self.optimizers = [torch.optim.SparseAdam(self.network.sparse(), lr=0.1), torch.optim.Adam(self.network.dense(), lr=0.1, fused=True)]

    def precision(self):
        if self.options["precision"] == "fp32":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def on_device(self, array, kind):
        return torch.from_numpy(array.astype(kind, copy=False)).to(self.device)

    def logits(self, x, labels=None):
        with self.precision():
            return self.network(self.on_device(x.indices, numpy.int64), self.on_device(x.indptr[:-1], numpy.int64), self.on_device(x.data, numpy.float32), labels)

    def draw(self, own):
        """Labels to score: those of the batch (ascending), then drawn ones that are none of them; and what to add to the logits."""
        others = numpy.setdiff1d(self.generator.integers(0, self.y.shape[1], self.sampled), own, assume_unique=False)
        stands_for = (self.y.shape[1] - len(own)) / max(1, len(others))
        raised = numpy.concatenate([numpy.zeros(len(own)), numpy.full(len(others), numpy.log(max(1.0, stands_for)))])
        return self.on_device(numpy.concatenate([own, others]), numpy.int64), self.on_device(raised, numpy.float32)

    def log_shares(self, x, y):
        """log softmax of each sample, and the column of each of its labels."""
        if not self.sampled:
            return F.log_softmax(self.logits(x).float(), dim=1), y.indices
        own, places = numpy.unique(y.indices, return_inverse=True)
        labels, raised = self.draw(own)
        return F.log_softmax(self.logits(x, labels).float() + raised, dim=1), places

    def step(self, rows, learning_rate):
        """The targets of a sample are its labels, with equal shares."""
        y = self.y[rows]
        counts = numpy.diff(y.indptr)
        places = self.on_device(numpy.repeat(numpy.arange(len(rows)), counts), numpy.int64)
        shares = self.on_device(1 / numpy.repeat(counts, counts), numpy.float32)
        log_p, columns = self.log_shares(self.x[rows], y)
        loss = -(log_p[places, self.on_device(columns, numpy.int64)] * shares).sum() / len(rows)
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate
        loss.backward()
        for optimizer in self.optimizers:
            optimizer.step()

    def predict(self, x, batch=512):
        self.network.eval()
        with torch.no_grad():
            best = [self.logits(x[first:first + batch]).topk(5).indices.cpu() for first in range(0, x.shape[0], batch)]
        self.network.train()
        return torch.cat(best).numpy()

    def wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def batches(rows, options, generator):
    """(progress from 0 to 1, rows of the step)."""
    steps = -(-rows // options["batch"])
    for epoch in range(options["epochs"]):
        order = generator.permutation(rows)
        for step in range(steps):
            yield (epoch + step / steps) / options["epochs"], order[step * options["batch"]:(step + 1) * options["batch"]]


def train(run, trainer, evaluate):
    options = run.options
    curve = []

    def point(progress):
        curve.append({**run.used("train"), "epochs": progress * options["epochs"], "p@1": evaluate()})
        run.note(curve=curve)

    steps = batches(trainer.x.shape[0], options, numpy.random.default_rng(run.seed))
    step = next(steps)
    while step is not None:
        with run.stage("train"):
            started, spent = stages.time.monotonic(), run.seconds("train")
            while step is not None:
                progress, rows = step
                used = max(progress, (spent + stages.time.monotonic() - started) / options["budget"])
                if used >= 1:
                    step = None
                elif used * POINTS >= len(curve) + 1:
                    break  # time for a point
                else:
                    trainer.step(rows, options["learning_rate"] * (1 - used))
                    step = next(steps, None)
            trainer.wait()
        with run.stage("evaluate"):
            point(progress)


def main():
    run = stages.task()
    torch.set_num_threads(run.threads)
    torch.manual_seed(run.seed)
    cuda = run.options["device"] == "cuda"
    run.note(version=f"torch {torch.__version__}", device=torch.cuda.get_device_name() if cuda else "cpu")
    with run.stage("read"):
        x, y = (scipy.sparse.load_npz(run.forms / f"train-{part}.npz") for part in "xy")
    with run.stage("read test"):
        test_x, test_y = (scipy.sparse.load_npz(run.forms / f"test-{part}.npz") for part in "xy")
    sample = numpy.loadtxt(run.forms / "sample.rows", dtype=int)
    sample_x, sample_y = test_x[sample], test_y[sample]
    trainer = Trainer(run.options, x, y, run.seed)

    def evaluate():
        best = trainer.predict(sample_x)[:, 0]
        return float(numpy.asarray(sample_y[numpy.arange(len(best)), best]).mean())

    train(run, trainer, evaluate)
    torch.save(trainer.network.state_dict(), run.model)
    with run.stage("predict"):
        rows = trainer.predict(test_x)
    run.predicted(rows)
    if cuda:
        run.note(device_peak_mib=torch.cuda.max_memory_allocated() / 2**20)


if __name__ == "__main__":
    main()
