"""A model that takes vectors: requests bring them beside their features, or alone, to be answered and to be learned from."""

import concurrent.futures
import json

from npy import npy_of
from runner import Failure
from serve.answers import same_answers
from serve.learning import own_copy
from serve.models import place_of
from serve.server import Server, expect

LABELS = "abc"


def asked_of(label, row):
    return {"text": "red hat", "vector": place_of(label, row)}


def event(label, row, name):
    return {"input": asked_of(label, row), "labels": [name]}


def best_of(server):
    """Of the places of the three labels, in their order."""
    return [answer[0]["name"] for answer in server.good("/v1/predict", {"inputs": [asked_of(i, 1) for i in range(3)], "k": 1})["answers"]]


def check_answers(context, models):
    """As predict --vectors answers: together, one by one, many at once; scores and reasons follow the vector, too."""
    (models.folder / "asked.csv").write_text("t\n" + "red hat\n" * 60)
    (models.folder / "asked.npy").write_bytes(npy_of([place_of(i % 3, 7 * i) for i in range(60)], "f"))
    predicted = models.call("predict", "--model", models.vectors, "--vectors", "asked.npy", "asked.csv", "--json", "--k", "3")
    inputs = [asked_of(i % 3, 7 * i) for i in range(60)]
    with Server(context, models.folder, "--model", models.vectors, "--threads", "1") as server:
        same_answers(server.good("/v1/predict", {"inputs": inputs, "k": 3})["answers"], predicted, "together")
        with concurrent.futures.ThreadPoolExecutor(20) as pool:  # so that some become one batch
            one = list(pool.map(lambda row: server.good("/v1/predict", {"input": row, "k": 3})["answers"][0], inputs))
        same_answers(one, predicted, "many at once")
        expect(best_of(server), list(LABELS), "each place has its label")
        alone = server.good("/v1/predict", {"inputs": [{"vector": place_of(2, 1)}, inputs[0]], "k": 1})["answers"]
        expect([answer[0]["name"] for answer in alone], ["c", "a"], "a vector alone")
        scored = server.good("/v1/score", {"inputs": inputs[:3], "candidates": list(LABELS)})["scores"]
        expect([max(row, key=lambda one: one["score"])["name"] for row in scored], list(LABELS), "scores")
        explained = server.good("/v1/predict", {"inputs": inputs[:3], "k": 1, "explain": True})["answers"]
        expect([row[0]["name"] for row in explained], list(LABELS), "reasons")
        expect(server.good("/v1/predict", {"input": {"features": {"red": 1}, "vector": place_of(1, 1)}})["answers"][0][0]["name"], "b", "features by name")
        schemas = server.ask("GET", "/openapi.json")[1]["components"]["schemas"]
        expect((schemas["Vector"]["minItems"], schemas["Texts"]["required"]), (4, ["text", "vector"]), "the description")


def check_errors(context, models):
    """What is wrong with a vector is said in one line."""
    missing = "input: the model takes a vector of 4 numbers with each row; give \"vector\":[..], as in {\"text\":..,\"vector\":[..]}"
    length = 'input: "vector" must be a list of 4 numbers, as the model takes them'
    with Server(context, models.folder, "--model", models.vectors) as server:
        for given, message in (("red", missing), ({"text": "red"}, missing), ({"text": "red", "vector": [1, 2, 3]}, length), ({"vector": "red"}, length),
                               ({"vector": [1, 2, 3, "4"]}, "input: a value is a text; it must be a number"),
                               ({"vector": [1, 2, 3, 1e39]}, "input: a value is too large for a float; scale the values"),
                               ({"text": "red", "items": [1], "vector": [1, 2, 3, 4]},
                                'input: an input has 2 fields that are not one of its forms; give {"text":..}, {"items":[..]}, {"features":{..}} or {"ids":[..],"values":[..]}')):
            expect(server.post("/v1/predict", {"input": given}), (400, {"error": message}), f"{given}")
    with Server(context, models.folder, "--model", models.records) as server:
        wrong = server.post("/v1/predict", {"input": {"text": "red", "vector": [1]}})
        expect(wrong, (400, {"error": 'input: the model takes no vectors; leave "vector" out'}), "a model without vectors")


def check_learning(context, models):
    """Events bring vectors: what they teach is answered, is learned again behind a sudden end, and is in the saved file."""
    path = own_copy(models, "vectors-learn.glsd", models.vectors)
    log = models.folder / "vectors-learn.glsd.events"
    turned = [event(row % 3, row, "bca"[row % 3]) for row in range(99)]
    how = ("--model", path, "--learn", "--learn-rate", "0.05")
    server = Server(context, models.folder, *how)
    expect(best_of(server), list(LABELS), "before it learned")
    wrong = server.post("/v1/learn", {"events": [{"input": "red hat", "labels": ["a"]}]})
    if wrong[0] != 400 or "takes a vector of 4 numbers" not in wrong[1]["error"]:
        raise Failure(f"an event without its vector: {wrong}")
    wrong = server.post("/v1/learn", {"events": [{"input": {"vector": [1, 2, 3, 1e30]}, "labels": ["a"]}]})
    if wrong[0] != 400 or "number 3 of its vector is 1e+30" not in wrong[1]["error"]:
        raise Failure(f"an event with a number beyond all others: {wrong}")
    server.good("/v1/learn", {"events": [{"input": {"text": "zorblax", "vector": [0, 0, 0, 5]}, "labels": ["new"]}]})
    for _ in range(40):
        server.good("/v1/learn", {"events": turned})
    server.wait_until(lambda: best_of(server) == ["b", "c", "a"], "the labels of other places")
    expect(server.metric("learned_events_total"), 40 * 99 + 1, "events")
    server.kill()
    if log.stat().st_size < 40 * 99 * 4 * 4:
        raise Failure(f"the log is too small for the vectors of its events: {log.stat().st_size} bytes")
    with Server(context, models.folder, *how) as server:
        expect(best_of(server), ["b", "c", "a"], "behind a sudden end")
        expect(server.good("/v1/predict", {"input": {"text": "zorblax", "vector": [0, 0, 0, 5]}})["unknown"], 0, "a new word behind it")
        server.good("/v1/save", None)
    (models.folder / "asked1.csv").write_text("t\n" + "red hat\n" * 3)
    (models.folder / "asked1.npy").write_bytes(npy_of([place_of(i, 1) for i in range(3)], "f"))
    lines = models.call("predict", "--model", path, "--vectors", "asked1.npy", "asked1.csv", "--json", "--k", "1").splitlines()
    expect([json.loads(line)["answers"][0]["name"] for line in lines], ["b", "c", "a"], "the saved file")


CASES = (("vectors are answered as predict answers them", check_answers), ("what is wrong with a vector is said in one line", check_errors),
         ("vectors of events are learned, also behind a sudden end", check_learning))
