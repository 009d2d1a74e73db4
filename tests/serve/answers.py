"""What is answered: the same as `glissade predict` says, and one line for each thing that is wrong with a request."""

import json

from runner import Failure
from serve.server import Server, expect


def same_answers(found, lines, what, score="probability"):
    """Labels and their names in the same order, scores but for rounding: rows are put together otherwise."""
    expected = [json.loads(line)["answers"] for line in lines.splitlines()]
    expect(len(found), len(expected), f"{what}: rows")
    for row, (ours, theirs) in enumerate(zip(found, expected)):
        expect([(a["label"], a.get("name")) for a in ours], [(a["label"], a.get("name")) for a in theirs], f"{what}: row {row}")
        for a, b in zip(ours, theirs):
            if abs(a[score] - b[score]) > 1e-4 * max(1, abs(b[score])):
                raise Failure(f"{what}: row {row}: {a} for {b}")


def features_of(line):
    return {key: float(value) for key, value in (pair.split(":") for pair in line.split(" ")[1:])}


def check_ids(context, models):
    """The sample: {"features"}, {"ids"}, one by one and together, with scores and with filters."""
    model, rows = models.ids, [features_of(line) for line in models.rows.read_text().splitlines()[1:101]]
    text = "".join(" ".join(f"{i}:{v}" for i, v in row.items()) + "\n" for row in rows)
    predicted = models.call("predict", "--model", model, "-", "--json", "--k", "7", stdin=text)
    logits = models.call("predict", "--model", model, "-", "--json", "--scores", "logit", stdin=text)
    allowed = [3, 10, 11, 200]
    (models.folder / "allow.txt").write_text("".join(f"{i}\n" for i in allowed))
    filtered = models.call("predict", "--model", model, "-", "--json", "--allow", "allow.txt", stdin=text)
    with Server(context, models.folder, "--model", model) as server, server.connect() as connection:
        inputs = [{"features": row} for row in rows]
        same_answers(server.good("/v1/predict", {"inputs": inputs, "k": 7})["answers"], predicted, "features")
        ids = [{"ids": [int(i) for i in reversed(row)], "values": list(reversed(row.values()))} for row in rows]
        same_answers(server.good("/v1/predict", {"inputs": ids, "k": 7})["answers"], predicted, "ids")
        one = [server.good("/v1/predict", {"input": row, "k": 7}, connection=connection)["answers"][0] for row in inputs]
        same_answers(one, predicted, "one by one")
        same_answers(server.good("/v1/predict", {"inputs": inputs, "probabilities": False})["answers"], logits, "scores", "logit")
        same_answers(server.good("/v1/predict", {"inputs": inputs, "allow": allowed + [10**9]})["answers"], filtered, "allow")
        best = one[0][0]["label"]
        denied = server.good("/v1/predict", {"input": inputs[0], "deny": [best]})["answers"][0]
        expect([a["label"] for a in denied], [a["label"] for a in one[0][1:6]], "deny")
        unknown = server.good("/v1/predict", {"input": {"features": {"0": 1, "99999999": 1, "none": 1}}})
        expect(unknown["unknown"], 2, "unknown features")
        expect(server.good("/v1/predict", {"inputs": []})["answers"], [], "no inputs")
        most = server.good("/v1/predict", {"input": inputs[0], "threshold": 1})["answers"][0]
        expect(most, [], "threshold")
        expect(len(server.good("/v1/predict", {"input": inputs[0], "threshold": 1, "min_labels": 2})["answers"][0]), 2, "min_labels")
        scored = server.good("/v1/score", {"inputs": inputs[:2], "candidates": [best, 5, 5]})["scores"]
        expect([[a["label"] for a in row] for row in scored], [sorted({best, 5})] * 2, "candidates")
        score = {a["label"]: a["score"] for a in scored[0]}
        logit = json.loads(logits.splitlines()[0])["answers"][0]
        if abs(score[best] - logit["logit"]) > 1e-3 * max(1, abs(logit["logit"])):
            raise Failure(f"score {score[best]} of the best label, whose logit is {logit}")
        apart = server.good("/v1/score", {"inputs": inputs[:2], "candidates": [[1, 2], [3]]})["scores"]
        expect([[a["label"] for a in row] for row in apart], [[1, 2], [3]], "candidates apart")


def check_records(context, models):
    """Texts with columns, as JSON lines have them, and texts alone."""
    records = [{"t": "red hats", "u": "a ball", "c": "x", "n": 1}, {"t": "blue shoe", "n": 5.5}, {"u": "never seen", "c": None}]
    text = "".join(json.dumps(record) + "\n" for record in records)
    predicted = models.call("predict", "--model", models.records, "-", "--json", stdin=text)
    lines = models.call("predict", "--model", models.records, "-", "--json", stdin="red hat\nshoe\n")
    with Server(context, models.folder, "--model", models.records) as server:
        answer = server.good("/v1/predict", {"inputs": [{"text": record} for record in records]})
        same_answers(answer["answers"], predicted, "records")
        expect(answer["unknown"], 2, "unknown words")
        same_answers(server.good("/v1/predict", {"inputs": [{"text": "red hat"}, "shoe"]})["answers"], lines, "texts")
        names = server.good("/v1/predict", {"input": "red", "allow": ["q", "r", "zebra"]})
        expect(sorted(a["name"] for a in names["answers"][0]), ["q", "r"], "allow by name")
        expect(names["unknown_labels"], 1, "unknown labels")
        expect({a["name"] for a in server.good("/v1/score", {"input": "red", "candidates": ["p", "r"]})["scores"][0]}, {"p", "r"}, "score by name")
        status, found, _ = server.ask("GET", "/v1/labels?prefix=q&limit=5")
        expect((status, [a["name"] for a in found["labels"]]), (200, ["q"]), "labels")
        expect(len(server.ask("GET", "/v1/labels?limit=2")[1]["labels"]), 2, "labels without a prefix")


def check_items(context, models):
    """What comes next, with and without what was there."""
    predicted = models.call("predict", "--model", models.events, "--json", "--query", "a,b,zebra", "--exclude-seen", "on")
    everything = models.call("predict", "--model", models.events, "--json", "--query", "a,b")
    with Server(context, models.folder, "--model", models.events) as server:
        answer = server.good("/v1/predict", {"input": {"items": ["a", "b", "zebra"]}, "exclude_seen": True})
        same_answers(answer["answers"], predicted, "items")
        expect(answer["unknown"], 1, "unknown items")
        same_answers(server.good("/v1/predict", {"input": {"items": ["a", "b"]}})["answers"], everything, "items that come again")
        both = server.good("/v1/predict", {"input": {"items": []}})["answers"][0]
        expect(len(both), 4, "answers to nobody")


def check_described(context, models):
    """Items count by their words, also those that nobody had in the training data."""
    with Server(context, models.folder, "--model", models.described) as server:
        for items in (["new"], ["a", "new", "b"], ["c"], ["zebra", "d"]):
            predicted = models.call("predict", "--model", models.described, "--json", "--query", ",".join(items))
            same_answers(server.good("/v1/predict", {"input": {"items": items}})["answers"], predicted, f"items {items}")
        same_answers(server.good("/v1/predict", {"input": {"items": [2]}})["answers"],
                     models.call("predict", "--model", models.described, "--json", "--query", "c"), "an item by its id")


ID_ERRORS = [
    ("{", "the body is no JSON (UTF-8): something is wrong at byte 2"),
    (b'{"input":"\xff"}', "the body is no JSON (UTF-8): something is wrong at byte 11"),
    ("", "the body is no JSON (UTF-8): something is wrong at byte 1"),
    ("[]", "the body is a list; it must be an object"),
    ("[" * 100000, "the body is no JSON (UTF-8): something is wrong at byte 100001"),
    ({}, 'give either "input" or a list of "inputs"'),
    ({"input": {"ids": [1]}, "inputs": []}, 'give either "input" or a list of "inputs"'),
    ({"inputs": {}}, '"inputs" is an object; it must be a list'),
    ({"inputs": [{"ids": [1]}, {"ids": [-1]}]}, "inputs[1]: a feature id is the number -1; it must be a whole number"),
    ({"input": {"ids": [1]}, "top": 3},
     "there is no field 'top'; fields are input, inputs, k, probabilities, allow, deny, exclude_seen, threshold, min_labels, explain"),
    ({"input": {"ids": [1]}, "k": 0}, '"k" is the number 0; it must be a whole number, 1 to 1000'),
    ({"input": {"ids": [1]}, "k": 1001}, '"k" is the number 1001; it must be a whole number, 1 to 1000'),
    ({"input": {"ids": [1]}, "k": "5"}, '"k" is a text; it must be a whole number, 1 to 1000'),
    ({"input": {"ids": [1]}, "probabilities": 1}, '"probabilities" is the number 1; it must be true or false'),
    ({"input": {"ids": [1]}, "threshold": 2}, '"threshold" is the number 2; it must be a number, 0 to 1, or "auto"'),
    ({"input": {"ids": [1]}, "threshold": 0.5, "probabilities": False}, '"threshold" is a probability; leave "probabilities" true'),
    ({"input": {"ids": [1]}, "min_labels": 1}, '"min_labels" counts only with "threshold"'),
    ({"input": {"ids": [1]}, "threshold": 0.1, "min_labels": 9, "k": 5}, '"min_labels" 9 is more than "k" 5; raise "k"'),
    ({"input": {"ids": [1]}, "allow": "x"}, '"allow" is a text; it must be a list of names or ids'),
    ({"input": {"ids": [1]}, "allow": [1.5]}, '"allow": a label is the number 1.5; it must be a name or an id'),
    ({"input": {"ids": [1]}, "allow": ["no such label"]}, '"allow" names no label of the model'),
    ({"input": {"ids": [1]}, "exclude_seen": True}, '"exclude_seen" is for a model of sequences or events, and this is none'),
    ({"input": {"text": "x"}}, 'input: the model was trained on features and knows no texts; give {"features":{..}}'),
    ({"input": {"items": []}}, 'input: "items" are for a model of sequences or events, and this is none'),
    ({"input": {"word": "x"}}, "input: an input has no field 'word'; give {\"text\":..}, {\"items\":[..]}, {\"features\":{..}} or "
                               '{"ids":[..],"values":[..]}'),
    ({"input": {"ids": [1], "values": [1, 2]}}, 'input: "values" must be a list of 1 numbers, as many as "ids"'),
    ({"input": {"features": {"1": "x"}}}, "input: a value is a text; it must be a number"),
    ({"input": {"features": {"1": 1e300}}}, "input: a value is too large for a float; scale the values"),
    ('{"input":{"features":{"1":1e999}}}', "the body is no JSON: a number is out of range"),
]
RECORD_ERRORS = [
    ({"input": {"text": {"title": "x"}}}, "input: the model has no column 'title'; its columns are t, u, c, n"),
    ({"input": {"text": {"n": "many"}}}, "input: column 'n' holds a text where a number should be"),
    ({"input": {"text": {"t": {}}}}, "input: column 't': the value is an object; it must be a text, a number or a list of texts"),
    ({"input": {"text": 5}}, 'input: "text" is the number 5; it must be a text, or an object with the columns t, u, c, n'),
]


def check_errors(context, models):
    with Server(context, models.folder, "--model", models.ids) as server, server.connect() as connection:
        for body, message in ID_ERRORS:
            expect(server.post("/v1/predict", body, connection=connection), (400, {"error": message}), f"{str(body)[:80]}")
        expect(server.post("/v1/score", {"input": {"ids": [1]}})[1]["error"],
               '"candidates" must be a list of names or ids, or one such list for each input', "no candidates")
        expect(server.post("/v1/score", {"input": {"ids": [1]}, "candidates": [[1], [2]]})[1]["error"],
               '"candidates" has 2 lists for 1 inputs; give one for each', "too many candidates")
        expect(server.ask("GET", "/v1/labels?limit=x")[:2], (400, {"error": "limit is 'x'; it must be a whole number, 1 to 10000"}), "limit")
        expect(server.ask("GET", "/nothing")[:2], (404, {"error": "there is no '/nothing'; GET /openapi.json lists what there is"}), "no route")
        status, answer, headers = server.ask("GET", "/v1/predict")
        expect((status, answer, headers["Allow"]), (405, {"error": "/v1/predict takes POST alone"}, "POST"), "wrong method")
        expect(server.post("/v1/learn", {"events": []}), (403, {"error": "this server does not learn; start it with --learn"}), "learn")
    with Server(context, models.folder, "--model", models.records) as server:
        for body, message in RECORD_ERRORS:
            expect(server.post("/v1/predict", body), (400, {"error": message}), f"{body}")


def check_explain(context, models):
    """Reasons are those of `predict --explain --json`, by rows, texts and items; with filters, and within bounds."""
    rows = [features_of(line) for line in models.rows.read_text().splitlines()[1:5]]
    kinds = ((models.ids, [{"features": row} for row in rows], "".join(" ".join(f"{i}:{v}" for i, v in row.items()) + "\n" for row in rows)),
             (models.paths, ["red hat", "blue shoe tea"], None), (models.events, [{"items": ["a", "b"]}, {"items": ["d", "none"]}], None))
    for model, inputs, lines in kinds:
        with Server(context, models.folder, "--model", model) as server:
            found = server.good("/v1/predict", {"inputs": inputs, "k": 3, "explain": True})
            plain = server.good("/v1/predict", {"inputs": inputs, "k": 3})
            expect([[a["label"] for a in row] for row in found["answers"]], [[a["label"] for a in row] for row in plain["answers"]], f"{model.name}: labels")
            expect(found["unknown"], plain["unknown"], f"{model.name}: unknown")
            for row in found["answers"]:
                for answer in row:
                    reasons = answer["reasons"]
                    if abs(reasons["base"] + sum(reasons["shares"].values()) - reasons["score"]) > 1e-2:
                        raise Failure(f"{model.name}: shares do not add up to the score: {reasons}")
            if lines is not None:
                predicted = [json.loads(line) for line in models.call("predict", "--model", model, "-", "--explain", "--json", "--k", "3", stdin=lines).splitlines()]
                for ours, theirs in zip(found["answers"], predicted):
                    for a, b in zip(ours, theirs["answers"]):
                        expect([f["feature"] for f in a["reasons"]["features"]][:1], [f["feature"] for f in b["features"]][:1], "the first feature")
                        expect([n["row"] for n in a["reasons"]["neighbours"]], [n["row"] for n in b["neighbours"]], "neighbours")
            logit = server.good("/v1/predict", {"input": inputs[0], "k": 1, "explain": True, "probabilities": False})["answers"][0][0]
            if abs(logit["logit"] - logit["reasons"]["score"]) > 1e-4:
                raise Failure(f"{model.name}: {logit}")
            best = plain["answers"][0][0]["label"]
            denied = server.good("/v1/predict", {"input": inputs[0], "k": 1, "explain": True, "deny": [best]})["answers"][0]
            expect([a["label"] for a in denied], [plain["answers"][0][1]["label"]], f"{model.name}: deny")
            for body, message in (({"inputs": inputs[:1] * 17}, '"inputs" are 17; with "explain" at most 16 may be asked at once'),
                                  ({"input": inputs[0], "k": 101}, '"k" is 101; with "explain" it must be at most 100')):
                expect(server.post("/v1/predict", {**body, "explain": True}), (400, {"error": message}), f"{model.name}: {str(body)[:60]}")
    with Server(context, models.folder, "--model", models.paths) as server:
        names = [f["name"] for f in server.good("/v1/predict", {"input": "red hat", "k": 1, "explain": True})["answers"][0][0]["reasons"]["features"]]
        expect(sorted(names), ["hat", "red"], "names of features")


def check_pages(context, models):
    """What is there to read: state, counts, the description of all routes, a page that needs nothing from elsewhere."""
    with Server(context, models.folder, "--model", models.records) as server:
        expect(server.ask("GET", "/healthz")[1]["status"], "ok", "health")
        server.good("/v1/predict", {"inputs": ["red", "blue"]})
        server.post("/v1/predict", "x")
        wanted = ('glissade_requests_total{route="/v1/predict",status="200"} 1', 'glissade_requests_total{route="/v1/predict",status="400"} 1',
                  'glissade_request_seconds_count{route="/v1/predict"} 2', "glissade_rows_total 2", "glissade_model_version 1")
        # A request is counted when its answer is on its way.
        server.wait_until(lambda: set(wanted) <= set(server.ask("GET", "/metrics")[1].splitlines()), f"/metrics with {wanted}")
        described = server.ask("GET", "/openapi.json")[1]["paths"]
        for path, methods in described.items():
            for method in methods:
                status = server.ask(method.upper(), path, body="" if method == "post" else None)[0]
                if status in (404, 405):
                    raise Failure(f"{method} {path} of openapi.json is answered {status}")
        status, page, headers = server.ask("GET", "/")
        expect((status, headers.get_content_type()), (200, "text/html"), "page")
        if "v1/predict" not in page or "http:" in page or "https:" in page:
            raise Failure("the page asks somebody else")


CASES = (("rows of ids are answered as predict answers them", check_ids), ("records and texts likewise", check_records), ("items likewise", check_items),
         ("items of a table likewise", check_described), ("what is wrong with a request is said in one line", check_errors),
         ("state, counts, description and page", check_pages), ("reasons", check_explain))
