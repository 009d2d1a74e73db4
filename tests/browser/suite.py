"""The pages that people see, in a headless Chromium: that of `glissade serve`, and that of `glissade report`. './dev test --suite browser' installs it."""

import json
import pathlib
import tempfile

import serve.models
from browser.browser import Browser, missing
from runner import Failure, Skip
from serve.server import Server

EVIL = "<img src=x onerror=alert(1)>"
ROWS = "title,tags\n" + "".join(f"{colour} {thing} {i % 7},{colour};{thing};{EVIL if colour == 'red' else 'plain'}\n"
                               for i in range(150) for colour, thing in [(("red", "blue", "green")[i % 3], ("hat", "shoe", "tea", "ball")[i * 5 % 4])])


def run(context):
    with tempfile.TemporaryDirectory(prefix="glissade-browser-") as name:
        models = serve.models.Models(context, pathlib.Path(name))
        for title, check in (("the page of a server answers texts, gives reasons and shows errors", server_page),
                             ("the page of a report draws runs, and what one chooses", report_page)):
            context.case(f"browser: {title}", lambda check=check: run_case(models, check))


def run_case(models, check):
    if program := missing():
        raise Skip(f"{program} is not there; './dev test --suite browser' installs it")
    with Browser() as browser:
        check(models, browser)
        if complaints := browser.complaints():
            raise Failure(f"the page complains: {complaints}")


def shown(browser):
    """Name and percent of each answer on the page, once the server has said something about it."""
    browser.wait_for("return document.querySelector('#status').textContent")
    return browser.run("""return [...document.querySelectorAll('#answers tr')].map(
        row => [row.cells[0].firstChild.textContent, row.cells[1].textContent])""")


def server_page(models, browser):
    (models.folder / "tags.csv").write_text(ROWS)
    model = models.train("tags.glsd", "--train", "tags.csv", "--text", "title", "--labels", "tags", "--label-separator", ";", *serve.models.PLAIN,
                         "--fan-in", "8", "--neighbours", "4")
    with Server(models.context, models.folder, "--model", model) as server:
        address = f"http://127.0.0.1:{server.port}/"
        browser.open(address)
        browser.run("document.querySelector('#k').value = 3")
        browser.type("#input", "red hat zorblax")
        browser.click("#ask")
        answers = shown(browser)
        told = server.ask("POST", "/v1/predict", {"input": {"text": "red hat zorblax"}, "k": 3})[1]
        wanted = [[answer["name"], f"{100 * answer['probability']:.2f} %"] for answer in told["answers"][0]]
        if answers != wanted:
            raise Failure(f"the page shows {answers}, the server says {wanted}")
        if EVIL not in [name for name, _ in answers] or browser.run("return document.querySelectorAll('img').length") != 0:
            raise Failure(f"a name is more than text on the page: {answers}")
        if "1 unknown words" not in browser.text("#status"):
            raise Failure(f"the page says {browser.text('#status')!r} about a word that nobody knows")
        if browser.text(".why"):
            raise Failure("reasons that nobody asked for")
        browser.click("#why")
        browser.run("document.querySelector('#status').textContent = ''")
        browser.type("#input", "\ue009\ue007")  # Ctrl+Enter
        shown(browser)
        reasons = browser.text("#answers")
        if "red +" not in reasons or "base" not in reasons:
            raise Failure(f"reasons {reasons!r}")
        # What the server refuses is told; the answers of before go.
        browser.run("document.querySelector('#k').value = 0; document.querySelector('#status').textContent = ''")
        browser.click("#ask")
        browser.wait_for("return document.querySelector('#status').textContent.includes('k')")
        if shown(browser):
            raise Failure("answers stay beside an error")
        browser.complaints()  # a browser writes each answer 400 to the console
        browser.open(address + "openapi.json")
        browser.open(address)


def report_page(models, browser):
    for name, rate in (("one <b>", "0.01"), ("two", "0.05")):
        models.train("run.glsd", "--train", "many.csv", "--text", "t,u", "--labels", "l", "--holdout", "0.2", "--log-json", f"{name}.jsonl",
                     *serve.models.PLAIN, "--learning-rate", rate)
    models.call("report", "one <b>.jsonl", "two.jsonl", "--out", "report.html")
    browser.open((models.folder / "report.html").as_uri())
    browser.wait_for("return document.querySelectorAll('#curves svg').length")
    legend = browser.text("#legend")
    if "one <b>" not in legend or "two" not in legend:
        raise Failure(f"the legend says {legend!r}")
    if browser.run("return document.querySelectorAll('#summary table tr').length") < 3:
        raise Failure(f"the summary says {browser.text('#summary')!r}")
    curves = "return document.querySelector('#curves').innerHTML"
    for choice in ("input[name=k][value='5']", "input[name=x][value=seconds]"):
        before = browser.run(curves)
        browser.click(choice)
        browser.wait_for("return document.querySelector('#curves').innerHTML !== arguments[0]", before)
    lines = browser.run("""return [...document.querySelectorAll('#curves svg')].map(
        svg => [...svg.querySelectorAll('path, polyline')].filter(line => line.getTotalLength() > 20).length)""")
    if len(lines) < 2 or max(lines) < 2:
        raise Failure(f"lines in the charts: {lines}")
    titles = "return [...document.querySelectorAll('#curves h3')].map(title => title.textContent)"
    if any("ranks" in title for title in browser.run(titles)):
        raise Failure("runs of one process have charts of ranks")
    report_of_ranks(models, browser, titles)


def report_of_ranks(models, browser, titles):
    """The same log, as if two ranks had written it."""
    lines = []
    for event in map(json.loads, (models.folder / "two.jsonl").read_text().splitlines()):
        if event["event"] == "epoch":
            event.update({"ranks_steps": event["steps"], "ranks": [
                {"messages": 9, "bytes_sent": 5000 * event["steps"] * event["epoch"], "seconds_waited": event["train_seconds"] / share} for share in (2, 4)]})
        lines.append(json.dumps(event))
    (models.folder / "ranks.jsonl").write_text("\n".join(lines) + "\n")
    models.call("report", "ranks.jsonl", "--out", "ranks.html")
    browser.open((models.folder / "ranks.html").as_uri())
    browser.wait_for("return document.querySelectorAll('#curves svg').length")
    if browser.run(titles)[-2:] != ["Sent in a step, KB", "Waiting for other ranks, %"]:
        raise Failure(f"the charts are {browser.run(titles)}")
    labels = browser.run("return [...document.querySelectorAll('#curves svg')].slice(-1)[0].getAttribute('aria-label')")
    if "ranks, rank 0: 50 at the end" not in labels or "ranks, rank 1: 25 at the end" not in labels:
        raise Failure(f"waiting is said to be {labels!r}")
