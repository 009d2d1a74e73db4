"""CSV and JSON lines as Python's csv and json read them: generated texts, whole ones and broken ones, through print-records."""

import csv
import io
import json
import pathlib
import random
import re
import subprocess
import tempfile

from runner import Failure

TEXTS = 60
WAYS = [[], ["block=1"], ["block=40"], ["piece=1"], ["piece=23"]]
PARTS = ['"', '""', ",", ";", "\t", "|", "\n", "\r\n", " ", "a", "bc", "'", "é", "日本", "😀", "0", "-1.5e3", "__label__x", "\\", "{", "}", "#"]
SCALARS = ["x", "", "two words", 'quo"te', "back\\slash", "new\nline", "tab\t", "é日😀", "\u2028", "/", "\x01", 0, -0.0, 1, -7, 3.25, 1e300, 10**25,
           True, False, None]


def run(context):
    program = context.build / "tests" / "datasets" / "print-records"
    for name, check in (("tables as Python's csv writes them", tables), ("CSV texts as Python's csv reads them, or refuses them", csv_texts),
                        ("objects as Python's json writes them", objects), ("JSON texts as Python's json reads them, or refuses them", json_texts)):
        context.case(f"records: {name}", lambda check=check: check(Printer(program)))


class Printer:
    def __init__(self, program):
        if not program.is_file():
            raise Failure(f"no program {program}")
        self.program = program
        self.draw = random.Random(0)

    def read(self, text, *arguments):
        """What print-records prints: what the file is, and its records, the problems among them."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "records"
            path.write_bytes(text.encode())
            done = subprocess.run([self.program, path, *arguments], capture_output=True, timeout=60)
        lines = [json.loads(line) for line in done.stdout.decode().split("\n") if line]
        if done.returncode not in (0, 1, 2) or done.stderr:
            raise Failure(f"print-records {' '.join(arguments)} of {text!r} ended with {done.returncode}: {done.stderr.decode()}")
        return lines

    def same(self, text, expected, *arguments):
        """The records, by two of the ways that there are."""
        for way in self.draw.sample(WAYS, 2):
            lines = self.read(text, *arguments, *way)
            found = ["problem" if "problem" in line else line["fields"] for line in lines if "problem" in line or "fields" in line]
            if "problem" in found and "problem" in expected:
                found = found[:found.index("problem") + 1]
            if found != expected:
                raise Failure(f"{way} {arguments} {text!r}\n  expected {expected}\n  found    {found}")


def cell(draw):
    return "".join(draw.choice(PARTS) for _ in range(draw.choice([0, 0, 1, 1, 2, 3, 6])))


def as_fields(row):
    return [[text] if text else [] for text in row]


def tables(printer):
    draw = random.Random(1)
    for _ in range(TEXTS):
        separator, width = draw.choice(",;\t|"), draw.randint(1, 4)
        out = io.StringIO()
        writer = csv.writer(out, delimiter=separator, lineterminator=draw.choice(["\n", "\r\n"]),
                            quoting=draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
        header = [f"c{i}" for i in range(width)]
        rows = [[cell(draw) for _ in range(width)] for _ in range(draw.randint(0, 6))]
        # A row of one cell that holds a lone CR would end there for Python, not here.
        writer.writerows([header, *rows])
        text = out.getvalue()
        if draw.random() < 0.3:
            text = text[:-1].removesuffix("\r")
        printer.same(text, [as_fields(row) for row in rows], "format=csv", f"separator={separator}", *(f"column={name}" for name in header))


def raw_cell(draw):
    """Seldom one that makes the text another than RFC 4180 has them."""
    return draw.choice([cell(draw), cell(draw), "plain", 'with "quotes"', '"quoted"', '"with ""two"""', '"a\nline"', '"a,b"', "", '""', " x "])


def csv_texts(printer):
    draw = random.Random(2)
    refused = 0
    for _ in range(2 * TEXTS):
        text = "c0,c1\n" + "".join(f"{raw_cell(draw)},{raw_cell(draw)}\n" for _ in range(draw.randint(1, 4)))
        expected = []
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            for row in reader:
                if not row:
                    continue
                if len(row) != 2:
                    raise csv.Error
                expected.append(as_fields(row))
        except csv.Error:
            expected.append("problem")
            refused += 1
        if expected[:1] == ["problem"]:
            raise Failure(f"the header was not read: {text!r}")
        printer.same(text, expected[1:], "format=csv", "separator=,", "column=c0", "column=c1")
    if not TEXTS / 4 < refused < 2 * TEXTS - TEXTS / 4:
        raise Failure(f"{refused} texts were broken: too few of one kind")


def value(draw, depth):
    kind = draw.random()
    if kind < 0.15 and depth < 3:
        return {draw.choice(["a", "b", "x.y", 'k"', "é", "a"]): value(draw, depth + 1) for _ in range(draw.randint(0, 3))}
    if kind < 0.3 and depth < 3:
        return [value(draw, depth + 1) for _ in range(draw.randint(0, 3))]
    return draw.choice(SCALARS)


def text_of(scalar):
    if isinstance(scalar, bool):
        return "true" if scalar else "false"
    return re.sub("[\ud800-\udfff]", "\ufffd", scalar)  # half of a pair


def json_fields(record):
    """The columns 'a' and 'b.a' as this project reads them; None where they have another type than text."""
    fields = []
    for texts in (reached([record], ["a"]), reached([record], ["b", "a"])):
        if texts is None:
            return None
        fields.append([text for text in texts if text])
    return fields


def reached(values, names):
    """The texts at the end of the names, through arrays of objects."""
    if not names:
        texts = []
        for one in values:
            inner = one if isinstance(one, list) else [one]
            if any(isinstance(text, (dict, list)) for text in inner):
                return None
            texts += [text_of(text) for text in inner if text is not None]
        return texts
    found = []
    for one in values:
        for object_ in one if isinstance(one, list) else [one]:
            if isinstance(object_, dict) and names[0] in object_:
                found.append(object_[names[0]])
    return reached(found, names[1:])


def loaded(text):
    def first_of_each(pairs):
        return dict(reversed(pairs))

    def refuse(_):
        raise ValueError

    return json.loads(text, object_pairs_hook=first_of_each, parse_int=str, parse_float=str, parse_constant=refuse)


def expected_of(line):
    try:
        record = loaded(line)
    except (ValueError, RecursionError):
        return "problem"
    if not isinstance(record, dict):
        return "problem"
    return json_fields(record) or "problem"


FIRST = '{"a": "1", "b": {"a": "2"}}\n'  # has the columns that are asked for


def objects(printer):
    draw = random.Random(3)
    for _ in range(TEXTS):
        lines = [json.dumps({name: value(draw, 0) for name in draw.sample(["a", "b", "c", "b.c"], draw.randint(0, 4))},
                            ensure_ascii=draw.random() < 0.5) for _ in range(3)]
        text = FIRST + draw.choice(["\n", "\r\n"]).join(lines) + draw.choice(["", "\n"])
        expected = [expected_of(line) for line in lines]
        if "problem" in expected:
            expected = expected[:expected.index("problem") + 1]
        printer.same(text, [[["1"], ["2"]], *expected], "column=a", "column=b.a")


def json_texts(printer):
    draw = random.Random(4)
    refused = 0
    for _ in range(4 * TEXTS):
        text = json.dumps({name: value(draw, 0) for name in draw.sample(["a", "b", "c"], 3)})
        for _ in range(draw.randint(1, 2)):
            at = draw.randrange(1, len(text))
            text = text[:at] + draw.choice(["", "", '"', ",", ":", "{", "}", "[", "]", "1", "t", " ", "\\", "\\u00e9", "\\n", "null", "-", ".", "e1"]) + text[
                at + draw.choice([0, 1]):]
        expected = expected_of(text)
        refused += expected == "problem"
        printer.same(FIRST + text + "\n", [[["1"], ["2"]], expected], "format=jsonl", "column=a", "column=b.a")
    if not TEXTS < refused < 4 * TEXTS - TEXTS / 2:
        raise Failure(f"{refused} texts were broken: too few of one kind")
