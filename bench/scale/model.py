"""What a step of several ranks costs: bytes and rounds by how the ranks share the work, seconds from what a thread and a cable can do."""

import math

ROW_KEYS = 16  # bytes in which a rank proposes a row: block, row, weight, steps
PIECE_FLOATS, MOST_PIECES = 1 << 19, 64  # in which a buffer that is added up travels (engine/training/sample_sharing.cpp)
SMALL = 200  # bytes that a rank says of its part of a step, about


class Cable:
    """Seconds of a round in which each rank sends to each other one: overhead + time on the way, and per byte that of the
    cable and of the processor. `crowd`: ranks for each core of the machine, if more than one."""

    NAMES = ("overhead", "message", "efficiency", "handling", "adding")
    START = (40e-6, 5e-6, 0.95, 3e-10, 3e-10)

    def __init__(self, values=START):
        self.overhead, self.message, self.efficiency, self.handling, self.adding = values

    def round(self, bytes_of_message, peers, gigabits, milliseconds, crowd=1.0):
        one_way = milliseconds / 1e3
        seconds = one_way + crowd * (self.overhead + (peers - 1) * self.message)
        sent = bytes_of_message * peers
        return seconds + 8 * sent / (1e9 * gigabits * self.efficiency) + crowd * self.handling * sent

    def operation(self, one, crowd=1.0):
        """A case of exchange_bench."""
        peers, bytes_ = one["ranks"] - 1, one["bytes"]
        if one["operation"] == "gather":
            pieces = bytes_ / one["piece"] if one["piece"] else 1  # under way together
            return self.round(bytes_, peers, one["gigabits"], one["milliseconds"], crowd) + crowd * (pieces - 1) * self.message
        part = bytes_ / one["ranks"]
        return 2 * self.round(part, peers, one["gigabits"], one["milliseconds"], crowd) + crowd * self.adding * bytes_

    @classmethod
    def fitted(cls, cases, crowd_of):
        """The constants whose errors, as ratios, are least in their squares: each in turn a little up or down while that helps."""
        def badness(values):
            if not 0.5 < values[cls.NAMES.index("efficiency")] <= 1:
                return math.inf
            cable = cls(values)
            return sum(math.log(cable.operation(one, crowd_of(one["ranks"])) / one["seconds"]) ** 2 for one in cases)
        values, best, step = list(cls.START), badness(cls.START), 1.5
        while step > 1.001:
            before = best
            for i in range(len(values)):
                for factor in (step, 1 / step):
                    tried = values[:i] + [values[i] * factor] + values[i + 1:]
                    if badness(tried) < best:
                        values, best = tried, badness(tried)
            if best > before * 0.9999:
                step = math.sqrt(step)
        return cls(values)


def power_law(points):
    """(a, b) of a * x^b through points (x, y), by least squares of logarithms."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    mean_x, mean_y = (sum(values) / len(logs) for values in zip(*logs))
    b = sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)
    return math.exp(mean_y - b * mean_x), b


def solved(rows, values):
    """Least squares of relative errors: x with rows . x near values, by the normal equations."""
    scaled = [[entry / value for entry in row] for row, value in zip(rows, values)]
    size = len(rows[0])
    matrix = [[sum(row[i] * row[j] for row in scaled) for j in range(size)] + [sum(row[i] for row in scaled)] for i in range(size)]
    for i in range(size):
        pivot = max(range(i, size), key=lambda row: abs(matrix[row][i]))
        matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
        for j in range(size):
            if j != i:
                factor = matrix[j][i] / matrix[i][i]
                matrix[j] = [a - factor * b for a, b in zip(matrix[j], matrix[i])]
    return [matrix[i][size] / matrix[i][i] for i in range(size)]


class Thread:
    """What one thread does in a step, from runs of one process: samples of a part, rows that are updated."""

    SHARED_ROWS = ("input forward", "scores", "output update", "input transpose", "input update")  # phases in which each rank has its rows

    def __init__(self, runs):
        parted = [one for one in runs if one["parts"] > 1]
        whole = [one for one in runs if one["parts"] == 1]
        table, seconds = [[one["parts"], one["batch"], one["features"] + one["rows"]] for one in parted], [one["seconds"] for one in parted]
        self.per_part, self.per_sample, self.per_row = solved(table, seconds)
        if self.per_part < 0:  # too little to be told from the rest
            self.per_part, (self.per_sample, self.per_row) = 0.0, solved([row[1:] for row in table], seconds)
        self.features_law = power_law([(one["batch"], one["features"]) for one in whole])
        self.part_rows = sorted((one["batch"], one["rows"]) for one in whole)
        # Beside what is drawn, which all parts share, each part has labels of its own.
        self.more_rows = (sum(one["rows"] - self.rows_of_part(one["batch"] / one["parts"]) for one in parted)
                          / sum((one["parts"] - 1) * one["batch"] / one["parts"] for one in parted))
        self.split = solved([[1, one["batch"]] for one in whole], [sum(one["phases"][name] for name in self.SHARED_ROWS) for one in whole])
        self.same = solved([[1, one["batch"]] for one in whole],
                           [sum(seconds for name, seconds in one["phases"].items() if name not in self.SHARED_ROWS) for one in whole])

    def features(self, samples):
        factor, power = self.features_law
        return factor * samples ** power

    def rows_of_part(self, samples):
        """Output rows that a part touches: on the line between the two measured sizes around it, and on the last one beyond."""
        points = self.part_rows
        after = next((i for i, (size, _) in enumerate(points) if size >= samples), len(points) - 1)
        (x0, y0), (x1, y1) = points[max(0, after - 1)], points[max(1, after)]
        return max(points[0][1], y0 + (y1 - y0) * (samples - x0) / (x1 - x0))

    def rows(self, ranks, batch):
        """Output rows that all ranks' parts touch together."""
        return self.rows_of_part(batch / ranks) + self.more_rows * (ranks - 1) * batch / ranks

    def data_step(self, ranks, batch, share=1.0):
        """A rank's part and the update of all ranks' rows."""
        return self.per_part + self.per_sample * batch / ranks + self.per_row * share * (self.features(batch) + self.rows(ranks, batch))

    def label_step(self, ranks, batch):
        of = lambda line: line[0] + line[1] * batch
        return of(self.split) / ranks + of(self.same)


class Problem:
    """What is trained: the network's width, its rows, the steps of a pass."""

    def __init__(self, width, features, labels, steps):
        self.width, self.features, self.labels, self.steps = width, features, labels, steps
        self.rows = features + labels


class Traffic:
    """Rounds of a mean step of a pass, as bytes of the message to each other rank, and what a rank handles for them: rows, or samples."""

    def __init__(self, thread, problem, way, ranks, batch, share=0.1):
        bytes_ = 2 if way.endswith("bf16") else 4
        own = thread.features(batch / ranks) + thread.rows_of_part(batch / ranks)
        union = thread.features(batch) + thread.rows(ranks, batch)
        row = (problem.width + 1) * bytes_
        self.share = 1.0  # of the rows that a step touches, those that it updates
        if way.startswith("labels"):
            part = batch * problem.width * bytes_ / ranks
            # Sums of the hidden layer there and back, two rounds each; normalisers; what a rank says of the step.
            self.rounds, self.handled = [part] * 4 + [4 * batch, SMALL], batch
        elif way.startswith("sparse"):
            self.rounds, self.handled = [SMALL, own * (row + 4)], ranks * own
        elif way.startswith("dense"):
            self.rounds, self.handled = [SMALL, 8, ROW_KEYS * own, problem.rows * row / ranks, problem.rows * row / ranks], problem.rows
        else:
            # Rows wait until the last step of a pass, when all travel.
            last, wanted = self.waiting(thread, problem, ranks, batch, problem.steps), share * own
            chosen, proposed = (((problem.steps - 1) * one + last) / problem.steps for one in (wanted, 2 * wanted))
            self.share = chosen / union
            self.handled = self.waiting(thread, problem, ranks, batch, problem.steps / 2)
            self.rounds = [SMALL, 8, ROW_KEYS * proposed, chosen * row / ranks, chosen * row / ranks]
        self.sent = (ranks - 1) * sum(self.rounds)

    @staticmethod
    def waiting(thread, problem, ranks, batch, steps):
        """Rows that so many steps touch."""
        rows = thread.rows(ranks, batch)
        return (min(problem.features, thread.features(steps * batch))
                + problem.labels * (1 - (1 - min(1.0, rows / problem.labels)) ** steps))


class Plan:
    """Seconds of the mean step of a pass. `exchange`: by way, seconds that a rank works for each row or sample it handles, besides sending."""

    def __init__(self, thread, cable, problem, exchange):
        self.thread, self.cable, self.problem, self.exchange = thread, cable, problem, exchange

    def traffic(self, way, ranks, batch):
        return Traffic(self.thread, self.problem, way, ranks, batch)

    def step(self, way, ranks, batch):
        """Of one rank with one thread, but for what the exchange adds."""
        if way.startswith("labels"):
            return self.thread.label_step(ranks, batch)
        return self.thread.data_step(ranks, batch, self.traffic(way, ranks, batch).share)

    def work(self, way, ranks, batch):
        return self.step(way, ranks, batch) + self.exchange[way] * self.traffic(way, ranks, batch).handled

    def network(self, way, ranks, batch, gigabits, milliseconds, crowd=1.0):
        traffic = self.traffic(way, ranks, batch)
        seconds = sum(self.cable.round(one, ranks - 1, gigabits, milliseconds, crowd) for one in traffic.rounds)
        if not way.startswith("sparse"):  # what comes is added up while it is waited for
            seconds += crowd * self.cable.adding * sum(one for one in traffic.rounds if one > 1024) * ranks / 2
        return seconds

    def seconds(self, way, ranks, batch, gigabits, milliseconds, crowd=1.0, speed=1.0):
        """`speed`: of a rank, in threads."""
        step, network = crowd * self.step(way, ranks, batch) / speed, self.network(way, ranks, batch, gigabits, milliseconds, crowd)
        exchange = crowd * (self.work(way, ranks, batch) - self.step(way, ranks, batch)) / speed
        if way.startswith("dense"):  # piece after piece: one is made ready while another travels
            return step + max(network, exchange) + min(network, exchange) / self.pieces()
        return step + network + exchange

    def pieces(self):
        return min(MOST_PIECES, max(1, self.problem.rows * (self.problem.width + 1) // PIECE_FLOATS))
