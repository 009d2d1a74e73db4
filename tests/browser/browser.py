"""A headless Chromium, told what to do over WebDriver (W3C): Python's own http.client alone."""

import http.client
import json
import shutil
import subprocess
import tempfile
import time

from runner import Failure

DRIVER = "chromedriver"
SECONDS = 60
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # what the standard calls an element in JSON


def missing():
    """Which of the two programs is not there, if one is."""
    return next((program for program in (DRIVER, "chromium") if shutil.which(program) is None), None)


class Browser:
    """One window. A context manager."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="glissade-browser-", ignore_cleanup_errors=True)
        self.process = subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            for line in self.process.stdout:
                if "started successfully on port" in line:
                    self.port = int(line.rstrip(".\n").rsplit(" ", 1)[1])
                    break
            else:
                raise Failure(f"{DRIVER} ended with {self.process.wait(SECONDS)}")
            options = {"binary": shutil.which("chromium"),
                       "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={self.folder.name}"]}
            wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            self.session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if hasattr(self, "session"):
            self.tell("DELETE", "")
        self.process.kill()
        self.process.wait(SECONDS)
        self.folder.cleanup()

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(answer, dict) and "error" in answer:
            raise Failure(f"{path}: {answer['error']}: {answer['message'][:500]}")
        return answer

    def tell(self, method, path, body=None):
        return self.ask(method, f"/session/{self.session}{path}", body)

    def open(self, address):
        self.tell("POST", "/url", {"url": address})

    def find(self, selector):
        return self.tell("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def type(self, selector, text):
        self.tell("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def click(self, selector):
        self.tell("POST", f"/element/{self.find(selector)}/click", {})

    def run(self, script, *arguments):
        """What the script returns."""
        return self.tell("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def wait_for(self, script, *arguments):
        """The first value of the script that is true."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if value := self.run(script, *arguments):
                return value
            time.sleep(0.02)
        raise Failure(f"the page has not come to: {script}; it says {self.text('body')[:500]!r}")

    def complaints(self):
        """What the page has written to the console as errors or warnings since it was asked last."""
        return [entry["message"] for entry in self.tell("POST", "/se/log", {"type": "browser"}) if entry["level"] in ("SEVERE", "WARNING")]
