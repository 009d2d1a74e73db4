"""Every number that a command takes, against every kind of text that somebody may give for it: on the command line and in a config file."""

import collections
import concurrent.futures
import pathlib
import re
import subprocess
import tempfile

from runner import Failure

SECONDS = 60
HUGE = "99999999999999999999999"
# No number of any option.
NEVER = ["", "-1", "-1e400", "1e400", "nan", "inf", "-inf", "five", "0x10", "5x", "+5", "1_0", "5;6"]
# The widths of `hidden` may stand between blanks, and several are joined by commas.
NOT_ONE_NUMBER = [" 5", "5 ", "1,5", "5,"]
LEAST_CASES = 368
# Options of two numbers, and what they take and refuse.
PAIRS = {
    "propensity": [("0,1e-06", True), ("10,1000", True), ("1,5", True), (" 1 , 5 ", True), ("10.1,1", False), ("1,0", False), ("1,1000.5", False), ("1,", False),
                   (",1", False), ("1", False), ("1,2,3", False), ("nan,1", False), ("1,inf", False), ("a,b", False), ("", False)],
}

Case = collections.namedtuple("Case", "option text accepted args config")
Numbers = collections.namedtuple("Numbers", "low high beyond")  # the least and the largest that is taken, one that is too large

# What the commands take themselves, and arguments with which they end early, with status 1, once all numbers are read.
UINT32 = Numbers("1", "4294967295", "4294967296")
COUNT = Numbers("0", "18446744073709551615", "18446744073709551616")
THREADS = Numbers("0", "1024", "1025")
BEST = Numbers("1", "1000", "1001")
EARLY = {
    "train": "train --train none.txt --model m.glsd --monitor loss",
    "eval": "eval --model none.glsd --test none.txt",
    "predict": "predict --model none.glsd none.txt",
    "serve": "serve --model none.glsd --learn",
    "nearest": "nearest --model none.glsd word",
    "analogy": "analogy --model none.glsd a b c",
    "export": "export --model none.glsd --vectors v.txt",
    "info": "info --estimate --train none.txt",
    "prune": "prune --model none.glsd --out p.glsd",
    "report": "report none.jsonl",
    "convert": "convert none.txt out.txt",
    "generate": "generate --shape 10x10x10 --out none/x",
    "cache": "cache clear --cache-dir /dev/null",
}
OWN = {
    ("train", "--holdout"): Numbers("0", "0.99", "1"),
    ("train", "--eval-every"): UINT32,
    ("train", "--checkpoint-minutes"): Numbers("0", "1000000", "1000001"),
    ("train", "--checkpoint-steps"): COUNT,
    ("train", "--checkpoint-epochs"): UINT32,
    ("train", "--travel-share"): Numbers("0.000001", "1", "1.01"),
    ("train", "--keep"): UINT32._replace(low="0"),
    ("train", "--patience"): UINT32,
    ("train", "--autotune"): Numbers("0", "1e6", "1000000.5"),
    ("train", "--min-delta"): Numbers("0", "1e6", "1000000.5"),
    ("train", "--sequence-decay"): Numbers("0", "1", "1.01"),
    ("train", "--event-half-life"): Numbers("1e-300", "1e18", "1e19"),
    ("train", "--sequence-window"): Numbers("1", "100000", "100001"),
    ("train", "--holdout-last"): Numbers("0", "1000", "1001"),
    ("train", "--word-ngrams"): Numbers("1", "3", "4"),
    ("train", "--min-df"): UINT32,
    ("train", "--max-features"): UINT32,
    ("eval", "--holdout-last"): BEST,
    ("cache", "--older-than"): Numbers("0", "1e6", "1000000.5"),
    ("cache", "--limit"): Numbers("0", "1e6", "1000000.5"),
    ("eval", "--among"): COUNT._replace(low="1"),
    ("eval", "--threads"): THREADS,
    ("predict", "--k"): BEST,
    ("predict", "--min-labels"): BEST._replace(low="0"),
    ("predict", "--threads"): THREADS,
    ("serve", "--port"): Numbers("0", "65535", "65536"),
    ("serve", "--threads"): THREADS,
    ("serve", "--learn-rate"): Numbers("0", "1000", "1000.5"),
    ("serve", "--refit"): Numbers("0", "1000000", "1000001"),
    ("serve", "--keep-events"): Numbers("0", "1000000000", "1000000001"),
    ("serve", "--new-words"): Numbers("0", "1000000", "1000001"),
    ("serve", "--queue"): Numbers("1", "1000000", "1000001"),
    ("serve", "--connections"): Numbers("1", "10000", "10001"),
    ("serve", "--max-body"): Numbers("1", "1073741824", "1073741825"),
    ("serve", "--timeout"): Numbers("1", "3600000", "3600001"),
    ("nearest", "--k"): BEST,
    ("analogy", "--k"): BEST,
    ("export", "--threads"): THREADS,
    ("info", "--holdout"): Numbers("0", "1", "1.01"),
    ("convert", "--threads"): THREADS,
    ("prune", "--threads"): THREADS,
    ("generate", "--seed"): COUNT,
    ("generate", "--test-samples"): COUNT,
    ("generate", "--features-per-sample"): Numbers("0", "1e308", "2e308"),
    ("generate", "--labels-per-sample"): Numbers("0", "1e308", "2e308"),
    ("generate", "--threads"): THREADS,
}
NUMERIC_TYPES = {"N", "BYTES", "MS", "DAYS", "GB", "K", "SHARE", "MINUTES", "DELTA", "MEAN", "FACTOR", "DURATION"}
OF_SEQUENCES = {"--sequence-decay", "--sequence-window", "--holdout-last"}
OF_EVENTS = {"--event-half-life"}
OF_RECORDS = {"--word-ngrams", "--min-df", "--max-features"}


def run(context):
    with tempfile.TemporaryDirectory(prefix="glissade-edges-") as folder:
        edges = Edges(context, pathlib.Path(folder))
        context.case("edges: every number of the network's options", edges.check_options)
        context.case("edges: every number of a command's own", edges.check_own)
        context.case("edges: the ends of all ranges are estimated or refused", edges.check_ends)
        context.case("edges: a config file in another encoding", edges.check_encodings)


class Edges:
    def __init__(self, context, folder):
        self.context = context
        self.folder = folder
        self.environment = context.clean_environment(folder)

    def call(self, args):
        return subprocess.run([self.context.glissade, *args], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=SECONDS)

    def help(self, command):
        """The options of a command, with the type of their value and all that the help says."""
        text = self.call([command, "--help"]).stdout.decode()
        blocks = re.findall(r"^  (-\S+)(?: (\S+))?((?:.*\n)(?: {10,}.*\n)*)", text, re.MULTILINE)
        return [(names.split(",")[0], kind or "", " ".join(words.split())) for names, kind, words in blocks]

    def ranges(self):
        """The numbers among the options that `train` takes from the engine's table: name and range, as --help says it."""
        found = []
        for name, kind, words in self.help("train"):
            bounds = re.findall(r"(\S+) \.\. ([^\s;,]+)", words)
            if kind == "VALUE" and bounds and name[2:] not in PAIRS:
                found.append((name[2:], *bounds[-1]))  # behind what it does, which may name a range, too
        return found

    def check_options(self):
        cases = []
        for name, low, high in self.ranges():
            # "9" before the largest is beyond it, whether it is whole or not.
            for text, accepted in texts(Numbers(low, high, "9" + high), blanks=name != "hidden"):
                cases.append(Case(name, text, accepted, [*EARLY["train"].split(), *given("--" + name, text)], None))
                cases.append(Case(name, text, accepted, [*EARLY["train"].split(), "--config"], f"{name} = {toml(text)}\n"))
        cases += [Case(name, text, accepted, [*EARLY["train"].split(), *given("--" + name, text)], None) for name, all_ in PAIRS.items() for text, accepted in all_]
        self.check_all(cases)
        if len(cases) < LEAST_CASES:
            raise Failure(f"{len(cases)} cases, of which there should be {LEAST_CASES}")
        print(f"edges: {len(cases)} values for {len(self.ranges())} options of the network", flush=True)

    def check_own(self):
        cases = []
        for command, early in EARLY.items():
            numeric = {(command, name) for name, kind, _ in self.help(command) if kind in NUMERIC_TYPES}
            if numeric != {known for known in OWN if known[0] == command}:
                raise Failure(f"the numbers of {command} are {numeric}; list them here")
            for _, option in sorted(numeric):
                alone = early.replace(" --monitor loss", "") if option == "--autotune" else early  # which cannot search by it
                formats = ["--format", "sequence"] if option in OF_SEQUENCES else ["--format", "csv", "--text", "t", "--labels", "l"] if option in OF_RECORDS else ["--user", "u", "--item", "i", "--time", "t"] if option in OF_EVENTS else []
                args = [*alone.split(), *formats]
                for text, accepted in texts(OWN[command, option]):
                    cases.append(Case(option, text, accepted, [*args, *given(option, text)], None))
        self.check_all(cases)
        print(f"edges: {len(cases)} values for {len(OWN)} options of commands", flush=True)

    def check_all(self, cases):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            wrong = [line for line in pool.map(self.check, range(len(cases)), cases) if line]
        if wrong:
            raise Failure("\n".join([f"{len(wrong)} of {len(cases)} are wrong", *wrong[:20]]))

    def check(self, number, case):
        """What is wrong with the answer, "" if nothing."""
        args = case.args
        if case.config is not None:
            name = f"{number}.toml"
            (self.folder / name).write_text(case.config)
            args = [*args, name]
        done = self.call(args)
        err = done.stderr.decode(errors="replace")
        said = f"{' '.join(args)}: {case.option} = '{case.text}'{'' if case.config is None else ' in a file'}: status {done.returncode}, {err!r}"
        if err.count("\n") != 1 or not err.startswith("glissade: ") or done.stdout:
            return said
        if case.accepted:
            return "" if done.returncode == 1 and re.search(r"cannot|none", err) else said
        where = f"'{number}.toml':1: " if case.config is not None else case.option.lstrip("-")
        return "" if done.returncode == 2 and where in err else said

    def check_ends(self):
        """A number that is within its range may not go with the data, or with another option: that is said in one line."""
        (self.folder / "rows.txt").write_text("3 4 3\n0 0:1 1:1\n1 1:1 2:1\n2 3:1\n")
        ends = [(name, end) for name, low, high in self.ranges() for end in (low, high)]

        def look(option):
            name, end = option
            done = self.call(["info", "--estimate", "--train", "rows.txt", "--preset", "plain", f"--{name}", end])
            err = [line for line in done.stderr.decode().splitlines() if not line.startswith("glissade: warning: ")]
            fine = not err if done.returncode == 0 else done.returncode == 2 and len(err) == 1 and err[0].startswith("glissade: ")
            return "" if fine else f"--{name} {end}: status {done.returncode}, {done.stderr.decode()!r}"

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            wrong = [line for line in pool.map(look, ends) if line]
        if wrong:
            raise Failure("\n".join(wrong))

    def check_encodings(self):
        line = r"glissade: 'c\.toml':{}: Encountered invalid utf-8 sequence; the file must be TOML in UTF-8, one 'option = value' per line\n"
        for content, at in ((b"epochs = 2\n# M\xfcller\n", 2), (b"hid\xe4den = 3\n", 1), (b"loss = '\xff'\n", 1), (b"epochs = 2\n\nk = 3 # \xc0\x80\n", 3),
                            ("epochs = 2\n".encode("utf-16"), 1)):
            (self.folder / "c.toml").write_bytes(content)
            done = self.call([*EARLY["train"].split(), "--config", "c.toml"])
            if done.returncode != 2 or not re.fullmatch(line.format(at), done.stderr.decode()):
                raise Failure(f"{content}: status {done.returncode}, {done.stderr!r}")
        for content in ("\ufeffepochs = 2\n", "\ufeff", "# Müller\r\nepochs = 2\r\n"):
            (self.folder / "c.toml").write_bytes(content.encode())
            done = self.call([*EARLY["train"].split(), "--config", "c.toml"])
            if done.returncode != 1 or not done.stderr.startswith(b"glissade: cannot read 'none.txt'"):
                raise Failure(f"{content!r}: status {done.returncode}, {done.stderr!r}")


def texts(numbers, blanks=True):
    """Texts for an option, and whether each is one of its numbers."""
    yield from ((text, False) for text in NEVER)
    if blanks:
        yield from ((text, False) for text in NOT_ONE_NUMBER)
    yield HUGE, float(HUGE) <= float(numbers.high)
    yield "0", float(numbers.low) <= 0
    yield numbers.low, True
    yield numbers.high, True
    yield numbers.beyond, False


def given(option, text):
    """A value that looks like an option is given behind an equals sign."""
    return [f"{option}={text}"] if text.startswith("-") else [option, text]


def toml(text):
    """A value of a config file: a bare number where TOML has such numbers, a string otherwise."""
    bare = re.fullmatch(r"-?(\d+(\.\d+)?(e[+-]?\d+)?|nan|inf)", text) and not (text.isdigit() and int(text) >= 1 << 63)
    return text if bare or text == HUGE else f"'{text}'"
