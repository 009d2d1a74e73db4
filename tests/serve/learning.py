"""Learning: new labels, the token, the event log, saving, and what a sudden end leaves."""

import random
import shutil
import subprocess
import threading
import time
import urllib.parse

from runner import Failure
from serve.server import Server, expect

KILLS = 10


def own_copy(models, name, of=None):
    """A model file that nobody else serves."""
    path = models.folder / name
    shutil.copyfile(of or models.records, path)
    (models.folder / (name + ".events")).unlink(missing_ok=True)
    return path


def event(text, *labels):
    return {"input": {"text": text}, "labels": list(labels)}


def labels_of(server, prefixes=("",)):
    """Names that begin so, at most 10,000 for each of the prefixes: more are not told at once."""
    return [label["name"] for prefix in prefixes
            for label in server.ask("GET", f"/v1/labels?limit=10000&prefix={urllib.parse.quote(prefix)}")[1]["labels"]]


def best_of(server, text):
    return server.good("/v1/predict", {"input": text, "k": 1})["answers"][0][0]["name"]


def check_learn(context, models):
    """A new label is an answer soon; a restart learns it again; a save puts it into the file, and the log begins anew."""
    path = own_copy(models, "learn.glsd")
    log = models.folder / "learn.glsd.events"
    with Server(context, models.folder, "--model", path, "--learn") as server:
        answer = server.good("/v1/learn", {"events": [event("red shoe", "new"), event("red shoe", "new", "p"), event("nothing known", "newer")]})
        expect(answer, {"learned": 3, "new_labels": 2, "new_words": 2, "unknown": 0, "synced": True}, "learned")
        expect(server.good("/v1/learn", {"events": [event("blue", "new")]})["new_labels"], 0, "a known label")
        server.wait_until(lambda: labels_of(server) == ["p", "q", "r", "new", "newer"], "new labels")
        for _ in range(6):
            server.good("/v1/learn", {"events": [event("red shoe", "new")] * 10})
        server.wait_until(lambda: best_of(server, "red shoe") == "new", "a new answer")
        expect(server.metric("learned_events_total"), 64, "events")
        names = labels_of(server)
        for body, message in (({"events": []}, '"events" must be a list of {"input":..,"labels":[..]}'),
                              ({"events": [{"input": "x"}]}, 'events[0]: an event must be {"input":..,"labels":[..]}'),
                              ({"events": [event("x")]}, 'events[0]: "labels" must be a list of 1 to 10000 names or ids'),
                              ({"events": [event("x", 99)]}, "events[0]: the model has no label 99; a new one needs a name"),
                              ({"events": [event("x", "")]}, "events[0]: the model has no label ''; a new one needs a name")):
            expect(server.post("/v1/learn", body), (400, {"error": message}), f"{body}")
    size = log.stat().st_size
    done = subprocess.run([context.glissade, "serve", "--model", path, "--port", "-1"], cwd=models.folder, capture_output=True, text=True, timeout=60)
    expect(done.returncode, 2, "a wrong port")
    with Server(context, models.folder, "--model", path, "--learn") as server:
        expect(labels_of(server), names, "labels behind a restart")
        expect(best_of(server, "red shoe"), "new", "an answer behind a restart")
        if not any("learned again from 64 events" in line for line in server.told):
            raise Failure(f"what was learned again is not told: {server.told}")
        status = subprocess.run([context.glissade, "serve", "--model", path, "--learn", "--port", "0"], cwd=models.folder, capture_output=True, text=True, timeout=60)
        if status.returncode != 1 or "in use by another process" not in status.stderr:
            raise Failure(f"two servers learn into one log: {status.stderr}")
        server.good("/v1/save", None)
        if log.stat().st_size >= size:
            raise Failure("the log does not begin anew")
        server.good("/v1/learn", {"events": [event("blue hat", "last")]})
    # The model file holds it all but the last one, and the log that one alone.
    with Server(context, models.folder, "--model", path, "--learn") as server:
        expect(labels_of(server), [*names, "last"], "labels behind a save")
        expect(best_of(server, "red shoe"), "new", "an answer behind a save")
    if not any("learned again from 1 events" in line for line in server.told):
        raise Failure(f"not one event was left: {server.told}")
    with Server(context, models.folder, "--model", path) as server:
        expect(labels_of(server), names, "labels without --learn")
    if not any("holds events that the model may lack" in line for line in server.told):
        raise Failure("the log is passed over in silence")


def check_words(context, models):
    """A word that nobody knew is a feature once it was learned: it is answered, also behind a restart and from the saved file."""
    path = own_copy(models, "words.glsd", models.paths)
    asked = [event("zorblax tool", "zorblax")]
    with Server(context, models.folder, "--model", path, "--learn") as server:
        expect(server.good("/v1/predict", {"input": "zorblax"})["unknown"], 1, "a word before it is learned")
        answer = server.good("/v1/learn", {"events": asked})
        expect(answer, {"learned": 1, "new_labels": 1, "new_words": 2, "unknown": 0, "synced": True}, "a new word")
        server.wait_until(lambda: best_of(server, "zorblax") == "zorblax", "an answer to a new word")
        expect(server.good("/v1/predict", {"input": "Zorblax"})["unknown"], 0, "a word behind it")
        expect(server.good("/v1/learn", {"events": asked})["new_words"], 0, "the same words again")
        expect(server.metric("new_words_total"), 2, "new words")
        categories = server.good("/v1/learn", {"events": [{"input": {"text": {"t": "red", "c": "newest"}}, "labels": ["zorblax"]}]})
        expect(categories["new_words"], 1, "a new category")
        expect(server.good("/v1/learn", {"events": [event("w" * 101, "p")]})["unknown"], 1, "a word of 101 bytes")
    with Server(context, models.folder, "--model", path, "--learn") as server:
        expect(best_of(server, "zorblax"), "zorblax", "a new word behind a restart")
        expect(server.good("/v1/predict", {"input": "zorblax tool"})["unknown"], 0, "new words behind a restart")
        server.good("/v1/save", None)
        server.good("/v1/learn", {"events": [event("quux", "quux")]})
    for _ in range(2):
        with Server(context, models.folder, "--model", path, "--learn") as server:
            expect(server.good("/v1/predict", {"input": "zorblax quux"})["unknown"], 0, "new words behind a save")
            expect(best_of(server, "zorblax"), "zorblax", "a new word behind a save")
    predicted = models.call("predict", "--model", path, "--names", "--k", "1", "--query", "zorblax")
    if "zorblax" not in predicted:
        raise Failure(f"predict does not know the new word: {predicted}")
    path = own_copy(models, "words-late.glsd", models.paths)
    with Server(context, models.folder, "--model", path, "--learn", "--new-words", "3") as server:
        unknown = [server.good("/v1/learn", {"events": [event("zorblax", "p")]})["unknown"] for _ in range(4)]
        expect(unknown, [1, 1, 0, 0], "a word that has to come three times")
    path = own_copy(models, "words-never.glsd", models.paths)
    with Server(context, models.folder, "--model", path, "--learn", "--new-words", "0") as server:
        expect([server.good("/v1/learn", {"events": [event("zorblax", "p")]})["unknown"] for _ in range(3)], [1, 1, 1], "a word that never becomes a feature")


def check_leftovers(context, models):
    """What a save that was killed has left goes away, in a line each; what is not its own stays."""
    path = own_copy(models, "left.glsd")
    left, others = ["left.glsd.saving", "left.glsd.saving.tmp-123-0"], ["left.glsd.saving2", "other.glsd.saving"]
    for name in left + others:
        (models.folder / name).write_text("half a model")
    with Server(context, models.folder, "--model", path, "--learn") as server:
        expect([name for name in left if (models.folder / name).exists()], [], "leftovers")
        expect([name for name in others if (models.folder / name).exists()], others, "other files")
        for name in left:
            if sum(f"/{name}': removed" in line or f"'{name}': removed" in line for line in server.told) != 1:
                raise Failure(f"{name} is not told of: {server.told}")


def check_how(context, models):
    """The options of learning count: a rate that is too high spoils the model, kept events are bounded, the ranker is fitted again."""
    texts = ["red hat", "blue shoe", "red shoe"]
    events = [event(texts[i % 3], "pqr"[i % 3]) for i in range(300)]

    def learned(*options):
        path = own_copy(models, "how.glsd", models.paths)
        with Server(context, models.folder, "--model", path, "--learn", *options) as server:
            for first in range(0, len(events), 100):
                server.good("/v1/learn", {"events": events[first:first + 100]})
            server.good("/v1/save", None)  # publishes
            return [answer["logit"] for answer in server.good("/v1/predict", {"input": "red hat", "k": 3, "probabilities": False})["answers"][0]]

    usual = learned()
    for options in (("--learn-rate", "5"), ("--keep-events", "1")):
        if learned(*options) == usual:
            raise Failure(f"{' '.join(options)} changes nothing: {usual}")
    with Server(context, models.folder, "--model", models.paths, "--refit", "5", "--new-words", "2") as server:
        for option in ("--refit", "--new-words"):
            if not any(f"option '{option}' has no effect: nothing is learned without --learn" in line for line in server.told):
                raise Failure(f"{option} without --learn is not told of: {server.told}")


def check_token(context, models):
    """Who writes needs the token; who reads does not."""
    path = own_copy(models, "token.glsd")
    (models.folder / "token").write_text("secret words\n")
    body = {"events": [event("red", "p")]}
    with Server(context, models.folder, "--model", path, "--learn", "--token-file", "token") as server:
        for headers in ({}, {"Authorization": "Bearer secret"}, {"Authorization": "Bearer secret words!"}, {"Authorization": "secret words"}):
            for route in ("/v1/learn", "/v1/save"):
                expect(server.post(route, body, headers)[0], 401, f"{route} with {headers}")
        server.good("/v1/learn", body, {"Authorization": "Bearer secret words"})
        server.good("/v1/save", None, {"Authorization": "Bearer secret words"})
        server.good("/v1/predict", {"input": "red"})


def check_values(context, models):
    """What cannot be learned from never comes into the log, or the server could not start again."""
    path = models.folder / "values.glsd"
    shutil.copyfile(models.ids, path)
    huge, usual = ({"input": {"ids": [1, 2], "values": [value, 1]}, "labels": [3]} for value in (1e38, 1))
    with Server(context, models.folder, "--model", path, "--learn") as server:
        status, answer = server.post("/v1/learn", {"events": [usual, huge]})
        expect((status, "has the value 1e+38; scale the values as in training" in answer["error"]), (400, True), f"a value beyond all others: {answer}")
        expect(server.good("/v1/learn", {"events": [usual]})["learned"], 1, "an event behind it")
    with Server(context, models.folder, "--model", path, "--learn") as server:
        if not any("learned again from 1 events" in line for line in server.told):
            raise Failure(f"after a restart: {server.told}")


def check_log(context, models):
    """A log that was cut is read up to there, one that is damaged within or is another model's is refused, and stays as it is."""
    path = own_copy(models, "log.glsd")
    log = models.folder / "log.glsd.events"
    with Server(context, models.folder, "--model", path, "--learn") as server:
        for i in range(3):
            server.good("/v1/learn", {"events": [event("red", f"new {i}")]})
    whole = log.read_bytes()

    def start():
        with Server(context, models.folder, "--model", path, "--learn") as server:
            found = labels_of(server)
        return found, "".join(server.told)

    log.write_bytes(whole[:-5])
    found, told = start()
    expect(found, ["p", "q", "r", "new 0", "new 1"], "labels of a cut log")
    if "were no whole record and were dropped" not in told:
        raise Failure(f"what was dropped is not told: {told}")
    damaged = bytearray(whole)
    damaged[100] ^= 1
    other = own_copy(models, "log-other.glsd", models.events)
    for content, model, line in ((bytes(damaged), path, "is damaged at byte"), (whole, other, "goes on from another file"), (b"text", path, "is no journal")):
        beside = models.folder / (model.name + ".events")
        beside.write_bytes(content)
        try:
            with Server(context, models.folder, "--model", model, "--learn"):
                raise Failure(f"a log that should be refused ({line}) is not")
        except Failure as failure:
            if "ended with 1" not in str(failure) or line not in str(failure):
                raise
        expect(beside.read_bytes(), content, "a refused log")


class Writer(threading.Thread):
    """Brings a new label after the other until the server is gone, and saves now and then; keeps what was acknowledged."""

    def __init__(self, server, first, saves):
        super().__init__(daemon=True)
        self.server, self.next, self.saves, self.acknowledged = server, first, saves, []

    def run(self):
        try:
            with self.server.connect() as connection:
                while True:
                    name = f"label {self.next}"
                    self.next += 1
                    self.server.good("/v1/learn", {"events": [event("red hat", name), event("blue", name)]}, connection=connection)
                    self.acknowledged.append(name)
                    if self.saves and self.next % 5 == 0:
                        self.server.good("/v1/save", None, connection=connection)
        except Exception as error:  # the server is gone; what else is wrong shows in what it kept
            self.error = error


def check_kills(context, models):
    """SIGKILL while it learns and saves: the next start has each acknowledged label, once."""
    path = own_copy(models, "kill.glsd")
    draw, acknowledged, next_label = random.Random(5), [], 0
    numbered = [f"label {digit}" for digit in range(10)]
    for kill in range(KILLS):
        server = Server(context, models.folder, "--model", path, "--learn")
        known = labels_of(server, numbered)
        missing = [name for name in acknowledged if name not in known]
        if missing or len(set(known)) != len(known):
            raise Failure(f"after {kill} kills {len(missing)} acknowledged labels are gone ({missing[:3]}), {len(known)} labels, {len(set(known))} different")
        writer = Writer(server, next_label, saves=kill % 2 == 1)
        writer.start()
        time.sleep(draw.uniform(0.05, 0.6))
        if server.process.poll() is not None:
            raise Failure(f"the server ended by itself: {server.told}")
        server.kill()
        writer.join(60)
        acknowledged += writer.acknowledged
        next_label = writer.next
    if len(acknowledged) < KILLS:
        raise Failure(f"only {len(acknowledged)} labels were acknowledged between {KILLS} kills: {writer.error}")
    with Server(context, models.folder, "--model", path, "--learn") as server:
        known = labels_of(server, numbered)
    expect([name for name in acknowledged if name not in known], [], "acknowledged labels that are gone")
    print(f"serve: {KILLS} kills, {len(acknowledged)} acknowledged requests, all there", flush=True)


def check_replaced(context, models):
    """A model file that somebody else puts in place of one that is learned into is told, and not read."""
    path = own_copy(models, "replaced.glsd")
    with Server(context, models.folder, "--model", path, "--learn") as server:
        shutil.copyfile(models.records, models.folder / "next.glsd")
        (models.folder / "next.glsd").rename(path)
        server.wait_until(lambda: any("does not read it again" in line for line in server.told), "a warning")
        server.good("/v1/predict", {"input": "red"})


CASES = (("learns, learns again behind a restart, saves", check_learn), ("writers need the token", check_token), ("values beyond all others", check_values),
         ("damaged logs", check_log), (f"{KILLS} sudden ends lose nothing that was acknowledged", check_kills),
         ("a model file that somebody else replaces", check_replaced), ("new words become features", check_words),
         ("what a killed save has left", check_leftovers), ("how it learns", check_how))
