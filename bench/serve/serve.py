#!/usr/bin/env python3
"""`glissade serve` under load: requests of one row by 1, 8 and 64 connections, beside the same calls within one process.

    ./dev bench serve --model M --data F [--connections 1,8,64] [--seconds 5] [--k 5] [any option of glissade serve]

Load and server share the machine. Tables on standard output.
"""

import argparse
import json
import pathlib
import re
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True, help="rows in XMC format")
    parser.add_argument("--connections", default="1,8,64")
    parser.add_argument("--seconds", default="5")
    parser.add_argument("--k", default="5")
    parser.add_argument("--build", default=str(ROOT / "build"))
    arguments, options = parser.parse_known_args()
    build = pathlib.Path(arguments.build)
    server = subprocess.Popen([build / "apps" / "glissade", "serve", "--model", arguments.model, "--port", "0", *options], stderr=subprocess.PIPE, text=True)
    try:
        line = server.stderr.readline()
        port = re.search(r":(\d+)$", line)
        if not port:
            sys.exit(f"serve.py: the server did not start: {line}{server.stderr.read()}")
        load = [build / "bench" / "serve" / "serve_load", "--model", arguments.model, "--data", arguments.data, "--port", port[1], "--seconds", arguments.seconds,
                "--k", arguments.k, "--connections", arguments.connections]
        print("| asked | by | requests/s | p50 ms | p99 ms | failed |\n|---|--:|--:|--:|--:|--:|")
        with subprocess.Popen(load, stdout=subprocess.PIPE, text=True) as running:
            for answer in map(json.loads, running.stdout):
                print("| {what} | {clients} | {requests_per_s:.0f} | {p50_ms:.2f} | {p99_ms:.2f} | {failed} |".format(**answer), flush=True)
        if running.returncode != 0:
            sys.exit(running.returncode)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


main()
