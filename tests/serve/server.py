"""A server under test, and how it is asked: Python's own http.client alone."""

import contextlib
import http.client
import json
import re
import signal
import subprocess
import threading
import time

from runner import Failure

SECONDS = 60


class Server:
    """`glissade serve` on a port that is free."""

    def __init__(self, context, folder, *arguments, environment=None, launcher=()):
        self.folder = folder
        self.process = subprocess.Popen([*launcher, context.glissade, "serve", "--port", "0", *map(str, arguments)], cwd=folder,
                                        env={**context.clean_environment(folder), **(environment or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.told, self.port = [], None
        while self.port is None:
            line = self.process.stderr.readline()
            if not line:
                raise Failure(f"the server ended with {self.process.wait(SECONDS)}: {''.join(self.told)}")
            self.told.append(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)$", line):
                self.port = int(found[1])
        # A pipe that nobody empties would stop the server.
        self.reader = threading.Thread(target=lambda: self.told.extend(self.process.stderr), daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            if kind is None:
                self.end()
            else:
                self.process.kill()
                self.process.wait(SECONDS)

    def end(self, number=signal.SIGTERM):
        """Asks it to end, and expects that it does so well."""
        self.process.send_signal(number)
        status = self.process.wait(SECONDS)
        self.reader.join(SECONDS)
        if status != 0:
            raise Failure(f"the server ended with {status}: {''.join(self.told)}")

    def kill(self):
        self.process.kill()
        self.process.wait(SECONDS)
        self.reader.join(SECONDS)

    def connect(self):
        return contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS))

    @contextlib.contextmanager
    def connect_when_free(self):
        """A connection that the server has room for: it learns a little late that others are closed."""
        end = time.monotonic() + SECONDS
        while True:
            with self.connect() as connection:
                try:
                    free = self.ask("GET", "/healthz", connection=connection)[0] == 200
                except (OSError, http.client.HTTPException):
                    free = False  # turned away
                if free:
                    yield connection
                    return
            if time.monotonic() > end:
                raise Failure(f"no connection within {SECONDS} s: {''.join(self.told)}")
            time.sleep(0.02)

    def ask(self, method, path, body=None, headers=None, connection=None):
        """(status, body, headers); the body as JSON where it is some."""
        if connection is None:
            with self.connect() as own:
                return self.ask(method, path, body, headers, own)
        data = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        connection.request(method, path, data, headers or {})
        response = connection.getresponse()
        text = response.read().decode()
        is_json = response.headers.get_content_type() == "application/json"
        return response.status, json.loads(text) if is_json else text, response.headers

    def post(self, path, body, headers=None, connection=None):
        return self.ask("POST", path, body, headers, connection)[:2]

    def good(self, path, body, headers=None, connection=None):
        status, answer = self.post(path, body, headers, connection)
        if status != 200:
            raise Failure(f"POST {path} {str(body)[:200]} was answered {status} {answer}")
        return answer

    def metric(self, name):
        for line in self.ask("GET", "/metrics")[1].splitlines():
            if line.startswith(f"glissade_{name} "):
                return float(line.split()[-1])
        raise Failure(f"/metrics has no {name}")

    def wait_until(self, holds, what):
        end = time.monotonic() + SECONDS
        while not holds():
            if time.monotonic() > end:
                raise Failure(f"{what} did not happen within {SECONDS} s: {''.join(self.told)}")
            time.sleep(0.02)


def expect(found, expected, what):
    if found != expected:
        raise Failure(f"{what}: expected {expected}, found {found}")
