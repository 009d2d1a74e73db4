#!/usr/bin/env python3
"""Puts page.html and openapi.json into a C++ source. The JSON is checked and made compact."""

import json
import pathlib
import sys

PIECE = 8000  # characters: compilers limit the length of one literal


def literal(text):
    return "\n".join(f'    R"page({text[at:at + PIECE]})page"' for at in range(0, len(text), PIECE))


def main():
    html, openapi, out = map(pathlib.Path, sys.argv[1:])
    api = json.dumps(json.loads(openapi.read_text()), separators=(",", ":"))
    out.write_text('#include "apps/serve/pages.h"\n\nnamespace glissade::apps {\n\n'
                   f"const std::string_view kTryPage =\n{literal(html.read_text())};\n\nconst std::string_view kOpenApi =\n{literal(api)};\n\n"
                   "}  // namespace glissade::apps\n")


main()
