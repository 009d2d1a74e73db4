"""Many clients, too many, slow ones; a new model file; an end while requests are answered."""

import concurrent.futures
import http.client
import json
import shutil
import signal
import socket
import subprocess
import threading
import time

from runner import Failure
from serve.answers import features_of
from serve.server import Server, expect

CLIENTS = 64


def inputs_of(models, count):
    lines = models.rows.read_text().splitlines()[1:]
    return [{"features": features_of(lines[i % len(lines)])} for i in range(count)]


def check_many(context, models):
    """Clients that ask at once get the answers that each would get alone, and share batches."""
    inputs = inputs_of(models, CLIENTS)
    with Server(context, models.folder, "--model", models.ids, "--threads", "1") as server:
        alone = [server.good("/v1/predict", {"input": one, "k": 3})["answers"][0] for one in inputs]
        start = threading.Barrier(CLIENTS)

        def client(number):
            start.wait()
            with server.connect() as connection:
                return [server.good("/v1/predict", {"input": inputs[(number + i) % CLIENTS], "k": 3}, connection=connection)["answers"][0] for i in range(8)]

        before = server.metric("batches_total"), server.metric("batched_rows_total")
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            found = list(pool.map(client, range(CLIENTS)))
        batches, rows = server.metric("batches_total") - before[0], server.metric("batched_rows_total") - before[1]
        for number, answers in enumerate(found):
            for i, answer in enumerate(answers):
                expect([a["label"] for a in answer], [a["label"] for a in alone[(number + i) % CLIENTS]], f"client {number}, request {i}")
        expect(rows, CLIENTS * 8, "rows")
        if batches >= rows:
            raise Failure(f"{rows} rows of {CLIENTS} clients were answered in {batches} batches")


def check_overload(context, models):
    """With one place to wait most of many large requests are refused at once, and all is well behind them."""
    body = {"inputs": inputs_of(models, 1500)}
    with Server(context, models.folder, "--model", models.ids, "--threads", "1", "--queue", "1") as server:
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            found = [run.result() for run in [pool.submit(server.ask, "POST", "/v1/predict", body) for _ in range(24)]]
        statuses = [status for status, _, _ in found]
        if set(statuses) != {200, 429}:
            raise Failure(f"statuses {statuses}")
        refused = next(one for one in found if one[0] == 429)
        expect((refused[1]["error"], refused[2]["Retry-After"]), ("too many requests wait; try again, or raise --queue", "1"), "refusal")
        server.good("/v1/predict", body)
        expect(server.metric("queue_requests"), 0, "queue")


def turned_away(server):
    """What a connection too many is told. Its request is not read, so the system may cut it off before it has the answer."""
    for _ in range(100):
        try:
            return server.ask("GET", "/healthz")[:2]
        except (OSError, http.client.HTTPException):
            time.sleep(0.02)
    raise Failure("a connection too many is told nothing")


def check_limits(context, models):
    """Bodies that are too large, answers that take too long, connections that are too many, clients that send nothing."""
    with Server(context, models.folder, "--model", models.ids, "--max-body", "1000", "--connections", "2", "--timeout", "700") as server:
        status, answer = server.post("/v1/predict", "x" * 1001)
        expect((status, answer.get("error")), (413, "the body is too large; send fewer rows at once, or raise --max-body"), "large body")
        with server.connect_when_free(), server.connect_when_free():
            status, answer = turned_away(server)
            expect((status, answer.get("error")), (503, "too many connections; try again, or raise --connections"), "third connection")
        with server.connect_when_free() as free:
            slow = free.sock  # the one that the server has room for: a new one may still be one too many
            slow.sendall(b"POST /v1/predict HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
            slow.settimeout(20)
            begin, text = time.monotonic(), b""
            while piece := slow.recv(4096):
                text += piece
            if not text.startswith(b"HTTP/1.1 408") or time.monotonic() - begin > 10:
                raise Failure(f"a client that sends nothing gets {text} after {time.monotonic() - begin:.1f} s")
    with Server(context, models.folder, "--model", models.ids, "--timeout", "1") as server:
        status, answer = server.post("/v1/predict", {"inputs": inputs_of(models, 3000)})
        if status not in (408, 503):  # it arrived too late, or could not be answered any more
            raise Failure(f"what takes longer than it may is answered {status} {str(answer)[:200]}")


def check_bodies(context, models):
    """curl calls a body a form, and sends no length where it has none: both are answered like others."""
    with Server(context, models.folder, "--model", models.ids) as server:
        many = {"inputs": inputs_of(models, 200), "k": 2}
        if len(json.dumps(many)) <= 8192:
            raise Failure("the body is too small to tell")
        expected = server.good("/v1/predict", many)
        for kind in ("application/x-www-form-urlencoded", "text/plain"):
            expect(server.good("/v1/predict", many, {"Content-Type": kind}), expected, kind)
        parts = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n"
        with server.connect() as connection:
            expect(server.post("/v1/predict", parts, {"Content-Type": "multipart/form-data; boundary=x"}, connection),
                   (415, {"error": "the body is a form of several parts; send JSON"}), "a form of parts")
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as bare:
            bare.sendall(b"POST /v1/save HTTP/1.1\r\nHost: x\r\n\r\n")
            if not (text := bare.recv(4096)).startswith(b"HTTP/1.1 403"):
                raise Failure(f"a request without a length is answered {text}")


def check_ends(context, models):
    """A body that nobody reads is no request, whoever calls it one; a request that ends nowhere ends its connection."""
    inner = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    length = b"Content-Length: %d\r\n" % len(inner)
    chunked = b"Transfer-Encoding: chunked\r\n"
    bodies = [(method + b" /healthz", length, inner) for method in (b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"DELETE", b"QUERY")]
    bodies += [(b"GET /healthz", chunked, b"%x\r\n" % len(inner) + inner + b"\r\n0\r\n\r\n"), (b"POST /v1/save", length + chunked, b"0\r\n\r\n" + inner),
               (b"POST /v1/save", b"Content-Length: 0\r\n" + length, inner), (b"POST /v1/save", chunked, b"zz\r\n" + inner), (b"POST /nothing", chunked, b"zz\r\n" + inner),
               (b"POST /v1/save", b"Content-Type: multipart/form-data; boundary=x\r\n" + length, inner)]
    with Server(context, models.folder, "--model", models.ids) as server:
        for line, head, body in bodies:
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as bare:
                bare.sendall(line + b" HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n" + body)
                text = b""
                while part := bare.recv(65536):
                    text += part
                if text.count(b"HTTP/1.1 ") != 1 or b"glissade_requests" in text:
                    raise Failure(f"{line} with {head} and a request as its body is answered {text[:2000]}")
        expect(server.ask("TRACE", "/healthz")[0], 405, "TRACE")
        with server.connect() as connection:
            for _ in range(2):
                expect(server.post("/nothing", "x" * 100, connection=connection)[0], 404, "a body that is read")


def check_reload(context, models):
    """A model file that is put in the place of the old one answers soon; a bad one is told, and the old one goes on."""
    path = models.folder / "served.glsd"
    shutil.copyfile(models.ids, path)
    one = {"input": inputs_of(models, 1)[0]}
    with Server(context, models.folder, "--model", path) as server:
        old = server.good("/v1/predict", one)
        shutil.copyfile(models.other_ids, models.folder / "next.glsd")
        (models.folder / "next.glsd").rename(path)
        server.wait_until(lambda: server.metric("model_version") == 2, "reload")
        new = server.good("/v1/predict", one)
        expect((old["version"], new["version"]), (1, 2), "versions")
        if old["answers"] == new["answers"]:
            raise Failure("the new model answers as the old one")
        (models.folder / "next.glsd").write_text("no model")
        (models.folder / "next.glsd").rename(path)
        server.wait_until(lambda: server.metric("model_failed_reloads_total") == 1, "refusal of a bad file")
        time.sleep(1.2)
        expect(server.metric("model_failed_reloads_total"), 1, "a bad file is told once")
        expect(server.good("/v1/predict", one), new, "answers behind a bad file")
    if sum("goes on answering" in line for line in server.told) != 1:
        raise Failure(f"the bad file is not told in one line: {server.told}")


def check_end(context, models):
    """SIGTERM and SIGINT: what has begun is answered, idle connections are closed, the status is 0."""
    body = {"inputs": inputs_of(models, 3000)}
    for number in (signal.SIGTERM, signal.SIGINT):
        with Server(context, models.folder, "--model", models.ids, "--threads", "1") as server, server.connect() as idle, server.connect() as busy:
            server.ask("GET", "/healthz", connection=idle)
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                run = pool.submit(server.good, "/v1/predict", body, None, busy)
                server.wait_until(lambda: server.metric("batches_total") == 1 or run.done(), "the request")
                begin = time.monotonic()
                server.end(number)
                expect(len(run.result()["answers"]), 3000, "the answer that had begun")
            if time.monotonic() - begin > 15:
                raise Failure("an idle connection is waited for")
            try:
                server.ask("GET", "/healthz")
                raise Failure("the server ended and answers")
            except (ConnectionError, http.client.HTTPException):
                pass


def check_start(context, models):
    """What is wrong with the command line, or with the machine."""
    with Server(context, models.folder, "--model", models.ids) as server:
        for arguments, status, line in (
            (["--model", models.ids, "--port", server.port], 1, f"cannot listen on 127.0.0.1:{server.port}"),
            (["--model", "none.glsd"], 1, "none.glsd"),
            ([], 2, "serve needs --model FILE"),
            (["--model", models.ids, "--learn", "--host", "0.0.0.0"], 2, "--learn on 0.0.0.0 needs --token-file"),
            (["--model", models.ids, "--learn", "--token-file", "none"], 1, "--token-file: 'none' cannot be read"),
        ):
            done = subprocess.run([context.glissade, "serve", *map(str, arguments)], cwd=models.folder, env=context.clean_environment(models.folder),
                                  capture_output=True, text=True, timeout=60)
            if done.returncode != status or line not in done.stderr or done.stderr.count("\n") != 1:
                raise Failure(f"{arguments}: ended with {done.returncode}: {done.stderr}")


CASES = ((f"{CLIENTS} clients at once", check_many), ("too many requests are refused, and then answered", check_overload),
         ("limits of size, time and connections", check_limits), ("bodies of any kind", check_bodies), ("a body is no request", check_ends),
         ("a new model file is read, a bad one is not", check_reload),
         ("a signal ends it well", check_end), ("what keeps it from starting", check_start))
