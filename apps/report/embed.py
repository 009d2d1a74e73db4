#!/usr/bin/env python3
"""Puts page.html, page.css and page.js together as the two halves of a C++ string, split where the runs go."""

import pathlib
import sys

PIECE = 8000  # characters: compilers limit the length of one literal


def literal(text):
    return "\n".join(f'    R"page({text[at:at + PIECE]})page"' for at in range(0, len(text), PIECE))


def main():
    html, css, script, out = map(pathlib.Path, sys.argv[1:])
    page = html.read_text().replace("@STYLE@\n", css.read_text()).replace("@SCRIPT@\n", script.read_text())
    before, after = page.split("@DATA@")
    out.write_text('#include "apps/report/page.h"\n\nnamespace glissade::apps {\n\n'
                   f"const std::string_view kPageBefore =\n{literal(before)};\n\nconst std::string_view kPageAfter =\n{literal(after)};\n\n"
                   "}  // namespace glissade::apps\n")


main()
