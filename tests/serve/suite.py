"""`glissade serve` as clients see it: answers, errors, many at once, too many, a new model file, an end, learning and sudden ends."""

import pathlib
import tempfile

import serve.answers
import serve.faults
import serve.learning
import serve.limits
import serve.models
import serve.vectors


def run(context):
    with tempfile.TemporaryDirectory(prefix="glissade-serve-") as name:
        folder = pathlib.Path(name)
        models = serve.models.Models(context, folder)
        for part in (serve.answers, serve.limits, serve.learning, serve.vectors, serve.faults):
            for title, check in part.CASES:
                context.case(f"serve: {title}", lambda check=check: check(context, models))
