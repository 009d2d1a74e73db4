"""Documents that no compiler checks: links and anchors, commands and options that they name, the generated manual, lengths."""

import re
import shlex
import subprocess

from runner import ROOT, Failure

BUILT = re.compile(r"^(build|out|\.)")  # folders of the root that are made, not written
README_LINES = 130
LINE_WIDTH = 160
FENCE = re.compile(r"^ *```")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
OPTION = re.compile(r"--[a-z][a-z0-9-]*")
ENDS = {"|", ">", ">>", "<", "&&", "||", ";", "2>"}


def run(context):
    for name, check in (
        ("links and anchors lead somewhere", check_links),
        ("commands and options that documents name exist", lambda: check_commands(context)),
        ("the C++ in documents compiles", check_code),
        ("docs/options.md is what 'glissade options' prints", lambda: check_manual(context)),
        ("the README is short, its lines and those of docs/ are no paragraphs", check_lengths),
        ("figures of the README are those of bench/RESULTS.md", check_figures),
        ("the version is the same everywhere", check_version),
    ):
        context.case(f"docs: {name}", check)


def documents():
    found = [path for path in sorted(ROOT.rglob("*.md")) if not BUILT.match(str(path.relative_to(ROOT)))]
    if len(found) < 15:
        raise Failure(f"only {len(found)} documents found: the test looks in the wrong place")
    return found


def place(path):
    return str(path.relative_to(ROOT))


def refuse(problems):
    if problems:
        raise Failure("\n".join(f"  {problem}" for problem in problems))


def lines_of(path):
    """(number, line, whether it is code) for each line of a document."""
    fenced, blank, code = False, True, False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if FENCE.match(line):
            fenced, blank, code = not fenced, False, False
            yield number, "", False
            continue
        # Indented by four behind an empty line or a heading: code, too, until something else comes.
        code = line.startswith("    ") and (blank or code) if line.strip() else code
        yield number, line, fenced or (code and bool(line.strip()))
        blank = not line.strip() or line.startswith("#")


def paragraphs_of(path):
    """(number of the first line, text, whether it is code): lines of code one by one, all else as far as it belongs together."""
    first, text = 0, ""
    for number, line, code in lines_of(path):
        ends = code or not line.strip() or line.startswith(("|", "- ", "#"))
        if text and ends:
            yield first, text, False
            text = ""
        if code:
            yield number, line, True
        elif line.strip():
            first, text = (first if text else number), f"{text} {line.strip()}".strip()
    if text:
        yield first, text, False


def anchors(path):
    """The anchors of a document's headings, as GitHub makes them."""
    found = set()
    for _, line, code in lines_of(path):
        heading = None if code else re.match(r"#{1,6} +(.*?) *#*$", line)
        if heading is None:
            continue
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1)).lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        repeats = 1
        while (slug if repeats == 1 else f"{slug}-{repeats - 1}") in found:
            repeats += 1
        found.add(slug if repeats == 1 else f"{slug}-{repeats - 1}")
    return found


def check_links():
    problems, checked = [], 0
    for path in documents():
        for number, line, code in paragraphs_of(path):
            if code:
                continue
            for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if re.match(r"[a-z]+:", target):
                    continue
                checked += 1
                file, _, anchor = target.partition("#")
                goal = (path.parent / file).resolve() if file else path
                if not goal.exists() or ROOT not in (goal, *goal.parents):
                    problems.append(f"{place(path)}:{number}: '{target}' leads nowhere")
                elif anchor and (goal.suffix != ".md" or anchor not in anchors(goal)):
                    problems.append(f"{place(path)}:{number}: '{target}': there is no such heading")
    if checked < 20:
        problems.append(f"only {checked} links found: the test looks for the wrong text")
    refuse(problems)


class Known:
    """What can be called."""

    def __init__(self, context):
        dev = (ROOT / "dev").read_text()
        self.dev = set(re.findall(r"^\./dev ([\w-]+)", dev, re.MULTILINE)) | {"help"}
        self.benches = set(re.findall(r"^    ([\w-]+)\) (?:program|bench_)", dev, re.MULTILINE))
        self.suites = set(re.findall(r'^    "(\w+)": [\w.]+\.run', (ROOT / "tests" / "run.py").read_text(), re.MULTILINE))
        self.commands = {}
        text = subprocess.run([context.glissade, "--help"], capture_output=True, text=True, check=True).stdout
        for command in re.findall(r"^  ([a-z]+) ", text, re.MULTILINE):
            help_text = subprocess.run([context.glissade, command, "--help"], capture_output=True, text=True, check=True).stdout
            self.commands[command] = set(OPTION.findall(" ".join(line[:60] for line in help_text.splitlines()
                                                                if re.match(r"^  (-\w,)?--", line))))
        others = [ROOT / "dev", ROOT / "bench/train/arguments.cpp", *(ROOT / "bench").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
        self.options = set().union(*self.commands.values(), *(OPTION.findall(path.read_text()) for path in others))
        if len(self.commands) < 10 or len(self.benches) < 5 or len(self.dev) < 10 or len(self.suites) < 10:
            raise Failure(f"only {set(self.commands)}, {self.benches}, {self.dev}, {self.suites} found: the test looks for the wrong text")


def words_of(line):
    try:
        return shlex.split(line, comments=True)
    except ValueError:  # a quote that the next line ends
        return line.split("#")[0].split()


def problem_of(command, known):
    """What is wrong with the words of one command, or ''."""
    program, rest = command[0], command[1:]
    if program == "./dev" and rest:
        if rest[0] not in known.dev:
            return f"'./dev {rest[0]}' does not exist"
        if rest[0] == "bench" and len(rest) > 1 and rest[1] not in known.benches | {"NAME", "[NAME]"}:
            return f"'./dev bench {rest[1]}' does not exist"
        suites = [after for word, after in zip(rest, rest[1:]) if word == "--suite"]
        return "; ".join(f"there is no suite '{suite}'" for suite in suites if suite not in known.suites)
    if program.split("/")[-1] == "glissade" and rest and re.fullmatch(r"[a-z]+", rest[0]):
        if rest[0] not in known.commands:
            return f"'glissade {rest[0]}' does not exist"
        wrong = [word for word in rest[1:] if word.startswith("--") and word.split("=")[0] not in known.commands[rest[0]]]
        return "; ".join(f"'glissade {rest[0]}' has no option '{word}'" for word in wrong)
    return ""


def commands_in(words):
    """The commands of a line of shell that start with ./dev or glissade, each up to where the next one begins."""
    for at, word in enumerate(words):
        if word == "./dev" or word.split("/")[-1] == "glissade":
            end = next((i for i in range(at + 1, len(words)) if words[i] in ENDS), len(words))
            yield words[at:end]


def check_commands(context):
    known, problems, checked = Known(context), [], 0
    for path in documents():
        spans, waiting = [], ""
        for number, line, code in paragraphs_of(path):
            if code and line.rstrip().endswith("\\"):
                waiting += line.rstrip()[:-1] + " "
            elif code and not line.startswith("from "):  # Python
                spans.append((number, waiting + line, True))
                waiting = ""
            else:
                spans += [(number, span, False) for span in re.findall(r"`([^`]+)`", line)]
        for number, text, block in spans:
            for command in commands_in(words_of(text.replace("[", "").replace("]", ""))):
                checked += 1
                if problem := problem_of(command, known):
                    problems.append(f"{place(path)}:{number}: {problem}")
            if not block and text.startswith("--"):
                checked += 1
                problems += [f"{place(path)}:{number}: no program has an option '{option}'" for option in OPTION.findall(text)
                             if option not in known.options]
    if checked < 150:
        problems.append(f"only {checked} commands and options found: the test looks for the wrong text")
    refuse(problems)


def check_code():
    problems, checked = [], 0
    for path in documents():
        for block in re.findall(r"^```cpp\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL):
            checked += 1
            command = ["g++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{ROOT / 'engine' / 'include'}", "-x", "c++", "-"]
            done = subprocess.run(command, input=block, capture_output=True, text=True)
            if done.returncode != 0:
                problems.append(f"{place(path)}:\n{done.stderr}")
    if checked < 4:
        problems.append(f"only {checked} pieces of C++ found: the test looks for the wrong text")
    refuse(problems)


def check_manual(context):
    printed = subprocess.run([context.glissade, "options"], capture_output=True, text=True, check=True).stdout
    if printed != (ROOT / "docs" / "options.md").read_text():
        raise Failure("docs/options.md is not what 'glissade options' prints; run 'build/apps/glissade options > docs/options.md'")


def check_lengths():
    problems = []
    readme = (ROOT / "README.md").read_text().splitlines()
    if len(readme) > README_LINES:
        problems.append(f"README.md has {len(readme)} lines, more than {README_LINES}")
    for path in [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "bench" / "RESULTS.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            table = line.startswith("|") and path.name != "README.md"
            if len(line) > LINE_WIDTH and not table:
                problems.append(f"{place(path)}:{number}: {len(line)} characters, more than {LINE_WIDTH}")
    refuse(problems)


def figures_of(line):
    return re.findall(r"(?<=\| )\d[\d.,]*(?= \|)", line)


def check_figures():
    measured = [figures_of(line) for line in (ROOT / "bench" / "RESULTS.md").read_text().splitlines() if line.startswith("|")]
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if len(figures_of(line)) > 3]
    if len(rows) < 5:
        raise Failure(f"only {len(rows)} rows of figures found: the test looks for the wrong text")

    def is_in(figures, row):  # in this order, with others between them
        rest = iter(row)
        return all(figure in rest for figure in figures)

    refuse([f"README.md: no row of bench/RESULTS.md has the figures of '{line}'" for line in rows
            if not any(is_in(figures_of(line), row) for row in measured)])


def check_version():
    version = re.search(r"^  version: '([\d.]+)'", (ROOT / "meson.build").read_text(), re.MULTILINE).group(1)
    cited = re.search(r"^version: (\S+)", (ROOT / "CITATION.cff").read_text(), re.MULTILINE).group(1)
    newest = re.search(r"^## \[([\d.]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE).group(1)
    refuse([f"{file} names version {other}, meson.build {version}" for file, other in (("CITATION.cff", cited), ("CHANGELOG.md", newest))
            if other != version])
