"""`glissade serve` against its own description, by schemathesis, which makes requests of it, legal and not: './dev test --suite described' installs it
into .venv/described. Left out are two checks. What JSON Schema cannot say, that a label must be known or that lists are as long as each other, is no fault
of an answer 400; and a method that nobody ever heard of is none of HTTP's."""

import pathlib
import subprocess
import tempfile

import serve.models
from runner import ROOT, Failure, Skip
from serve.server import Server

PROGRAM = ROOT / ".venv" / "described" / "bin" / "schemathesis"
LEFT_OUT = "positive_data_acceptance,unsupported_method"


def run(context):
    with tempfile.TemporaryDirectory(prefix="glissade-described-") as name:
        models = serve.models.Models(context, pathlib.Path(name))
        for kind in ("ids", "records", "events", "vectors", "vectors_of_ids"):
            context.case(f"described: a server of {kind} answers as openapi.json says", lambda kind=kind: check(context, models, kind))


def check(context, models, kind):
    if not PROGRAM.exists():
        raise Skip("schemathesis is not there; './dev test --suite described' installs it")
    model, token = models.folder / f"described-{kind}.glsd", models.folder / "token"
    model.write_bytes(getattr(models, kind).read_bytes())
    token.write_text("secret\n")
    with Server(context, models.folder, "--model", model, "--learn", "--token-file", token) as server:
        done = subprocess.run([PROGRAM, "run", f"http://127.0.0.1:{server.port}/openapi.json", "-H", "Authorization: Bearer secret", "--exclude-checks", LEFT_OUT,
                               "--max-examples", "100", "--workers", "1", "--seed", "1", "--no-color"], cwd=models.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(done.stdout[-6000:] + done.stderr[-1000:])
        server.ask("GET", "/healthz")
