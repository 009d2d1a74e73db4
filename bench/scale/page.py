"""The page that ./dev bench scale prints."""

import statistics

from measure import WAYS
from model import Cable, Plan, Problem, Thread

NODES = (2, 4, 8, 16, 32, 64)
SPEEDS = (10, 25, 100)  # Gb/s
ONE_WAY = 0.02  # ms, between two machines of one rack
NODE_THREADS = 12  # so many times one thread here does a node's step go
BATCH, WIDTH = 4096, 128
ROW_BYTES = 12 * WIDTH + 8  # weights of 16 + 16 bits, two moments of 32, steps, a bias and its state in the mean of features and labels


PASS = 490_449  # samples of a pass over Amazon-670K; of more labels in proportion more
PROBLEMS = {"Amazon-670K": 670_091, "10<sup>7</sup> labels": 10 ** 7, "10<sup>8</sup> labels": 10 ** 8}
FEATURES = 135_909


def size(bytes_):
    for unit, least in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if bytes_ >= 10 * least or (unit == "GB" and bytes_ >= least):
            return f"{bytes_ / least:,.0f} {unit}" if bytes_ >= 10 * least else f"{bytes_ / least:.1f} {unit}"
    return f"{bytes_ / 1e3:.1f} KB"


def table(heads, right, rows):
    print("| " + " | ".join(heads) + " |")
    print("|" + "|".join("---:" if i in right else "---" for i in range(len(heads))) + "|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


def node_plan(plan, data, labels):
    """The model for nodes: threads and rows of the problem, cables whose bytes cost the processor what TCP within this machine does."""
    small, long = (next(one["seconds"] for one in data["loopback"] if one["bytes"] == bytes_) for bytes_ in (8, 4_000_000))
    cable = Cable((small, plan.cable.message, plan.cable.efficiency, (long - small) / 4e6, plan.cable.adding))
    steps = PASS * labels / PROBLEMS["Amazon-670K"] / BATCH
    return Plan(Thread(data["amazon"]), cable, Problem(WIDTH, FEATURES, labels, steps), plan.exchange)


def memory(plan, way, nodes):
    """Of rows and gradients, bytes."""
    whole, gradients = ROW_BYTES * plan.problem.rows, 4 * (WIDTH + 1)
    if way.startswith("labels"):
        return whole / nodes
    if way == "dense":  # all rows' gradients, what leaves and what comes
        return whole + 3 * gradients * plan.problem.rows
    if way.startswith("coarse"):
        return whole + gradients * plan.traffic(way, nodes, BATCH).waiting(plan.thread, plan.problem, nodes, BATCH, plan.problem.steps)
    return whole


def seconds(plan, way, nodes, gigabits):
    return plan.seconds(way, nodes, BATCH, gigabits, ONE_WAY, speed=NODE_THREADS)


def print_problem(plan, name):
    alone = plan.thread.data_step(1, BATCH) / NODE_THREADS
    print(f"### {name}\n")
    print(f"One node alone: {1e3 * alone:.1f} ms a step, {BATCH / alone:,.0f} samples/s, {size(ROW_BYTES * plan.problem.rows)}.\n")
    rows = []
    for way in WAYS:
        for nodes in NODES:
            times = [seconds(plan, way, nodes, gigabits) for gigabits in SPEEDS]
            rows.append([way if nodes == NODES[0] else "", nodes, size(plan.traffic(way, nodes, BATCH).sent), size(memory(plan, way, nodes)),
                         *(f"{1e3 * one:,.1f}" for one in times), *(f"{BATCH / one:,.0f}" for one in times)])
    table(["mode", "nodes", "a step sends", "memory", *(f"ms, {speed} Gb/s" for speed in SPEEDS), *(f"samples/s, {speed}" for speed in SPEEDS)],
          range(1, 10), rows)


def print_check(data, checks):
    errors = [abs(one["error"]) for one in checks]
    within = sum(error <= 0.15 for error in errors)
    print("## Held against steps that it was not fitted to\n")
    print(f"Predicted / measured: the median error is {100 * statistics.median(errors):.0f} %; {within} of {len(checks)} are within 15 %, "
          f"the worst is off by {100 * max(errors):.0f} %.\nBy mode: "
          + ", ".join(f"{way} {100 * statistics.median(abs(one['error']) for one in checks if one['way'] == way):.0f} %" for way in WAYS) + ".\n")
    rows = []
    for one in checks:
        rows.append([one["way"], one["ranks"], one["batch"], f"{one['gigabits']:g} Gb/s, {one['milliseconds']:g} ms", f"{1e3 * one['seconds']:.1f}",
                     f"{1e3 * one['predicted']:.1f}", f"{100 * one['error']:+.0f} %", f"{one['bytes'] / 1e3:,.0f}",
                     f"{one['predicted_bytes'] / 1e3:,.0f}"])
    table(["mode", "ranks", "batch", "network", "ms a step", "predicted", "error", "KB a step", "predicted"], (1, 2, 4, 5, 6, 7, 8), rows)
    print("The emulation shares the cores with the ranks, which the model counts by the byte only: that is the likely reason where it is "
          f"too fast.\nOther programs kept between {min(data['load']):.1f} and {max(data['load']):.1f} processes runnable on the {data['cores']} cores "
          "meanwhile (load\naverages). The ranks were of the real-time class; what others do to caches and memory is in the figures.")


def print_page(data, plan, checks):
    first = node_plan(plan, data, PROBLEMS["Amazon-670K"])
    print(f"""# What more machines would do

Printed by `./dev bench scale > docs/scale.md` (root, about ten minutes), which measures a thread and the cables of emulated networks on one
machine, fits a cost model and holds it against steps of 2 to 4 ranks that it was not fitted to. `--again` prints it once more from
`out/scale.json`. How ranks share a training: [distributed.md](distributed.md).

## 2 to 64 nodes, computed
What the model says, with these assumptions:

- A step has {BATCH:,} samples of 75.7 features and 5.5 labels, 128 units, 8,192 active rows (`--preset plain --active 8192`), as in
  Amazon-670K. More labels make a step no longer: as many rows are active, wherever they lie. A pass has {PASS:,} samples, of more labels in
  proportion more. Measured were batches of up to 1,024, of made-up rows (`glissade generate`) with 100,000 labels.
- A node is one rank and computes {NODE_THREADS} times as fast as one thread of this machine does: 16 cores, three quarters of which count.
- {ONE_WAY} ms from node to node, no cable is shared, the switch loses nothing. A round costs {1e6 * first.cable.overhead:.0f} us and a further
  message {1e6 * first.cable.message:.1f} us, a byte {1e9 * first.cable.handling:.2f} ns: TCP within this machine.
- All nodes are equally fast. Nothing is sent while a rank goes through the network. With `labels` each node writes its
  own rows, and no node ever has all.
- Memory is that of rows with what the optimiser keeps ({ROW_BYTES} bytes a row), and for dense the gradients of all rows. Data and batches
  come on top.
""")
    for name, labels in PROBLEMS.items():
        print_problem(node_plan(plan, data, labels), name)
    print(f"""## The model
A step takes `crowd * work + rounds`. `crowd` is the number of ranks for each core, 1 where each rank has its own. A round, in which each rank sends
to each other one, takes `one way + crowd * (overhead + (ranks - 2) * message + handling * bytes) + bytes / (speed * efficiency)`.

| constant | value | from |
|---|---:|---|
| overhead, message | {1e6 * plan.cable.overhead:.0f}, {1e6 * plan.cable.message:.1f} us | operations of 2 ranks at 1 and 10 Gb/s, 0.1 ms |
| handling, adding up | {1e9 * plan.cable.handling:.2f}, {1e9 * plan.cable.adding:.2f} ns a byte | the same; mostly the emulation |
| efficiency | {plan.cable.efficiency:.3f} | the same |
| a part | {1e6 * plan.thread.per_part:.0f} us | one process, one thread, `--parts` |
| a sample, an updated row | {1e6 * plan.thread.per_sample:.2f}, {1e6 * plan.thread.per_row:.2f} us | the same |
""" + "".join(f"| a {'sample' if way == 'labels' else 'row'} made ready and added, {way} | {1e6 * plan.exchange[way]:.2f} us | "
              "2 ranks without a network, less their waiting |\n"
              for way in plan.exchange))
    print(f"""Where ranks let a long buffer travel piece by piece (dense), the longer of `rounds` and of making it ready counts, and a piece of the other.

The network: a namespace for each rank, and a switch of TUN devices (`bench/scale/emulated_network.cpp`) that holds packets back; the kernel's
`tbf` before each, `netem` is not needed. Data: the first rows of `{data['path'].split('/')[-2]}`, {data['features']:,} features, {data['labels']:,}
labels; `--preset plain`; `coarse` with `--travel-share 0.1`, and the last step of each pass sends all that waits.
Of two or three runs in turn the fastest counts: what other programs do makes a run slower only.
""")
    print_check(data, checks)
