"""train --distribute labels: ranks that share the rows of a model out."""

from runner import Failure

LABELS = ["--distribute", "labels"]
VARIANTS = {
    "softmax, uniform draws": [],
    "sigmoids, all labels": ["--loss", "bce", "--sampler", "full"],
    "frequent labels, two hidden layers": ["--sampler", "frequency", "--hidden", "16,12"],
}


def check_alike(ranks, args):
    alone, _ = ranks.trained(0, "--parts", "1", *args)
    for count in (1, 2, 3, 4):
        epochs, _ = ranks.trained(count, *LABELS, *args)
        for mine, other in zip(epochs, alone, strict=True):
            if abs(mine["loss"] - other["loss"]) > 1e-4 * other["loss"] or mine["steps"] != other["steps"]:
                raise Failure(f"{count} ranks: loss {mine['loss']} in epoch {mine['epoch']}, one process {other['loss']}")
            if abs(mine["p@1"] - other["p@1"]) > 0.02:
                raise Failure(f"{count} ranks: P@1 {mine['p@1']}, one process {other['p@1']}")


def check_halves(ranks):
    """Sums of rounded numbers differ with the ranks, in the last bits that 16 bits have."""
    loss = [ranks.trained(count, *LABELS, "--precision", "bf16-mixed")[0][-1]["loss"] for count in (1, 3)]
    if abs(loss[0] - loss[1]) > 5e-3 * loss[0]:
        raise Failure(f"losses of 1 and 3 ranks: {loss}")


def check_same_bytes(ranks):
    if ranks.trained(3, *LABELS)[1] != ranks.trained(3, *LABELS)[1]:
        raise Failure("two runs of 3 ranks with one seed differ")


def check_bytes_sent(ranks):
    """Sums of the hidden layer there and back, for 96 samples of 32 floats, whatever the shape."""
    epoch = ranks.trained(2, *LABELS)[0][0]
    at_least, steps = 2 * 96 * 32 * 4, epoch["steps"]
    for rank in epoch["ranks"]:
        if not at_least * 0.9 < rank["bytes_sent"] / steps:
            raise Failure(f"{rank['bytes_sent'] / steps} bytes a step, less than sums take")


def check_refusals(ranks, expect_line):
    def refused(*args):
        return ranks.run(ranks.command(2, *ranks.train(*LABELS, *args)))

    expect_line(refused("--sampler", "lsh"), 2, "option 'sampler': hash tables cannot be shared out by labels")
    expect_line(refused("--checkpoint-steps", "5"), 2, "--checkpoint-steps: ranks that share rows out have a whole model at the ends of epochs alone")
    if (ranks.folder / "m.glsd").exists():
        raise Failure("a run that was refused has written a model")


def check_resumed(ranks):
    """What 2 ranks have trained goes on with 3, and by one process, to the same end but for rounding."""
    ends = []
    for count, more in ((3, LABELS), (0, ["--parts", "1"])):
        ranks.forget()
        ranks.trained(2, *LABELS)
        ends.append(ranks.trained(count, *more, "--epochs", "4", "--resume")[0][-1])
    if [end["epoch"] for end in ends] != [4, 4] or abs(ends[0]["loss"] - ends[1]["loss"]) > 1e-4 * ends[1]["loss"]:
        raise Failure(f"3 ranks {ends[0]}\none process {ends[1]}")


def add_cases(case, expect_line):
    for name, args in VARIANTS.items():
        case(f"1 to 4 ranks share rows out and learn what one process learns: {name}", check_alike, args)
    case("ranks share rows of 16 bits out", check_halves)
    case("the same ranks and seed that share rows out, the same bytes", check_same_bytes)
    case("what ranks send that share rows out", check_bytes_sent)
    case("more ranks go on with rows that fewer have shared out", check_resumed)
    case("what cannot be shared out is refused", check_refusals, expect_line)
