"""Small changes to C++ text, each of which a good test should notice.

Works on text and not on a syntax tree: the sources are formatted by clang-format, so that binary operators stand between spaces and
template brackets do not. What does not compile is thrown away later. Comments, texts, preprocessor lines, assertions and the numbers
of random streams (any other number is as good) are left alone.
"""

import collections
import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Mutant:
    file: str
    line: int  # from 1
    operator: str
    original: str  # the line on which the change begins, stripped
    becomes: str  # that line afterwards, stripped; of removed statements: 'removed: ' and the line
    begin: int  # the change itself: text[begin:end] gives way to `put`
    end: int
    put: str
    occurrence: int  # how many lines of the same text stand above

    def apply(self, text):
        return text[:self.begin] + self.put + text[self.end:]


SPACED = {  # between spaces: binary operators and no template brackets, references or pointers
    "comparison": {"<": ["<="], "<=": ["<"], ">": [">="], ">=": [">"], "==": ["!="], "!=": ["=="]},
    "arithmetic": {"+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["/"], "+=": ["-=", "="], "-=": ["+=", "="], "*=": ["/=", "="],
                   "/=": ["*=", "="]},
    "bits": {"&": ["|"], "|": ["&"], "^": ["&"], "<<": [">>"], ">>": ["<<"], "|=": ["&="], "&=": ["|="], "^=": ["="]},
    "logic": {"&&": ["||"], "||": ["&&"]},
}
SWAPPED = [("std::min", "std::max"), ("min_element", "max_element"), ("lower_bound", "upper_bound"), (".front()", ".back()"),
           ("true", "false")]
DROPPED_CALLS = re.compile(r"\bstd::(abs|sqrt|exp|log|log1p|lround|cos)(?=\()")
INTEGER = re.compile(r"(?<![\w.'])(?<!e[-+])(\d+)(u|ull|ul)?(?![\w.'])")
FLOAT = re.compile(r"(?<![\w.'])(\d+\.\d*(?:e[+-]?\d+)?f?|\d+e[+-]?\d+f?)(?![\w.'])")
UNARY_MINUS = re.compile(r"(?:(?<=[=,?:] )|(?<=return )|(?<=[(\[{]))-(?=[\w(])")
NEGATION = re.compile(r"(?:(?<=[=,?:|&] )|(?<=return )|(?<=[(\[{]))!(?=[\w(])")
VOID_BODY = re.compile(r"\bvoid\s+[\w:]+\s*\([^;{}]*\)\s*(?:const\s*)?(?:noexcept\s*)?\{")
CONDITION = re.compile(r"\b(?:if|while) \(")
RETURN = re.compile(r"\breturn ([^;{}]+);")
PLACE = r"\*?[A-Za-z_][\w:]*(?:->\w+|\.\w+|\[[^=;]*?\]|\([^=;]*?\))*"
ASSIGNMENT = re.compile(PLACE + r" (?:[-+*/%|&^]|<<|>>)?= ")
CALL = re.compile(r"[A-Za-z_][\w:]*(?:->\w+|\.\w+|\[[^=;]*?\]|\([^=;]*?\))*\(")
STEP = re.compile(r"(?:\+\+|--)" + PLACE + ";|" + PLACE + r"(?:\+\+|--);")
LEAVES = re.compile(r"(?:break|continue|return);")
NO_STATEMENT = re.compile(r"(?:return|if|for|while|switch|case|static_assert|assert|using|else|do|const|constexpr|static|template|"
                          r"namespace|struct|class|enum|typedef|public|private)\b")
LONGEST_STATEMENT = 60  # lines


def mask(text):
    """The text with all that is not to be changed blanked out, place by place."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'|^[ \t]*#[^\n]*|^[^\n]*Stream\w* = [^\n]*', re.DOTALL | re.MULTILINE)
    blank = lambda match: re.sub(r"[^\n]", " ", match.group())
    masked = pattern.sub(blank, text)
    for match in list(re.finditer(r"\b(?:static_)?assert\(", masked)):
        end = closing(masked, match.end() - 1)
        masked = masked[:match.start()] + re.sub(r"[^\n]", " ", masked[match.start():end + 1]) + masked[end + 1:]
    return masked


def closing(text, opening):
    """The place of the bracket that closes the one at `opening`."""
    depth = 0
    for at in range(opening, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0:
            return at
    return len(text) - 1


def condition_begin(masked, question):
    """Where the condition of a ternary begins, whose '?' stands at `question`."""
    depth = 0
    for at in range(question - 1, -1, -1):
        depth += (masked[at] in ")]}") - (masked[at] in "([{")
        if depth < 0:
            return at + 1
        if depth == 0 and (masked[at] in ";,?" or masked[at:at + 2] == ": " or (masked[at:at + 2] == "= " and masked[at - 1] not in "=!<>")):
            return at + 1
        if depth == 0 and masked[at:at + 7] == "return ":
            return at + 6
    return 0


def changes(masked):
    """(operator, begin, end, put) of each change."""
    for operator, table in SPACED.items():
        for token, others in table.items():
            for match in re.finditer(r"(?<= )" + re.escape(token) + r"(?= |$)", masked, re.MULTILINE):
                for other in others:
                    yield operator, match.start(), match.end(), other
    for one, other in SWAPPED:
        for before, after in ((one, other), (other, one)):
            for match in re.finditer(r"(?<!\w)" + re.escape(before) + r"(?!\w)", masked):
                yield "swap", match.start(), match.end(), after
    for match in DROPPED_CALLS.finditer(masked):
        yield "call", match.start(), match.end(), ""
    for match in INTEGER.finditer(masked):
        value, suffix = int(match.group(1)), match.group(2) or ""
        yield "constant", match.start(), match.end(), f"{value + 1}{suffix}"
        if value > 0:
            yield "constant", match.start(), match.end(), f"{value - 1}{suffix}"
    for match in FLOAT.finditer(masked):
        zero = float(match.group().rstrip("f")) == 0
        yield "constant", match.start(), match.end(), "1.f" if zero else f"(2 * {match.group()})"
    for match in UNARY_MINUS.finditer(masked):
        yield "sign", match.start(), match.end(), ""
    for match in NEGATION.finditer(masked):
        yield "condition", match.start(), match.end(), ""
    yield from larger_changes(masked)


def larger_changes(masked):
    for match in VOID_BODY.finditer(masked):
        yield "body", match.end(), match.end(), " return;"
    for match in CONDITION.finditer(masked):
        opening = match.end() - 1
        inside = masked[opening + 1:closing(masked, opening)]
        if ";" not in inside:
            yield "condition", opening, opening + len(inside) + 2, f"(!({inside}))"
    for match in re.finditer(r"(?<= )\?(?= )", masked):
        begin = condition_begin(masked, match.start())
        begin += len(masked[begin:]) - len(masked[begin:].lstrip())
        yield "condition", begin, match.start(), f"!({masked[begin:match.start()].rstrip()}) "
    for match in RETURN.finditer(masked):
        if match.group(1) not in ("true", "false"):
            yield "return", match.start(1), match.end(1), "{}"
    yield from removed_statements(masked)


def removed_statements(masked):
    at, before = 0, "{"
    for line in masked.splitlines(keepends=True):
        code = line.strip()
        begin = at + len(line) - len(line.lstrip())
        at += len(line)
        if not code:
            continue
        guarded = re.match(r"(?:\} )?(?:else )?(?:if|for|while) \(", code)
        if guarded:  # a statement behind the condition, on the same line
            opening = masked.index("(", begin)
            end = closing(masked, opening) + 1
            rest = masked[end:at].strip()
            if rest and rest != "{":
                yield from removed_statement(masked, end + masked[end:].index(rest), rest)
        elif before[-1] in ";{}:)" or before.endswith("else"):
            yield from removed_statement(masked, begin, code)
        before = code


def removed_statement(masked, begin, code):
    if NO_STATEMENT.match(code) and not LEAVES.match(code):
        return
    if not any(pattern.match(code) for pattern in (ASSIGNMENT, CALL, STEP, LEAVES)):
        return
    depth = 0
    for at in range(begin, len(masked)):
        depth += (masked[at] in "([{") - (masked[at] in ")]}")
        if depth < 0:
            return
        if depth == 0 and masked[at] == ";":
            if masked.count("\n", begin, at) < LONGEST_STATEMENT:
                yield "statement", begin, at + 1, ";"
            return


def mutants_of(file, text):
    """All changes of a file's text."""
    masked = mask(text)
    begins, lines = [0], text.splitlines(keepends=True)
    for line in lines:
        begins.append(begins[-1] + len(line))
    seen = collections.Counter()
    occurrences = []
    for line in lines:
        occurrences.append(seen[line.strip()])
        seen[line.strip()] += 1
    found = {}
    for operator, begin, end, put in changes(masked):
        number = text.count("\n", 0, begin)
        if masked[begin:end] != text[begin:end]:  # what is blanked inside comes back
            put = text[begin:end].join(put.split(masked[begin:end])) if masked[begin:end] in put else put
        original = lines[number].strip()
        if operator == "statement":
            becomes = f"removed: {original if text[begins[number]:begin].strip() == '' else text[begin:begins[number + 1]].strip()}"
            put += "\n" * text.count("\n", begin, end)  # the lines below keep their numbers
        else:
            changed = text[begins[number]:begin] + put + text[end:]
            becomes = changed.split("\n", 1)[0].strip()
        mutant = Mutant(file, number + 1, operator, original, becomes, begin, end, put, occurrences[number])
        found.setdefault((mutant.apply(text)), mutant)
    return list(found.values())
