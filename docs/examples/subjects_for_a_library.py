"""Subjects for a library: titles of records, and thousands of subjects with names.

    python3 docs/examples/subjects_for_a_library.py [TRAIN.jsonl TEST.jsonl]

Lines of JSON with the fields title and subjects. A notebook as a script: blocks begin with "# %%". Without files it makes up a
catalogue. Libraries that use Annif: integrations/annif.
"""

# %% Records
import json
import random
import sys

from glissade import GlissadeClassifier, Model


def made_up(count):
    draw = random.Random(count)
    things = ["bees", "rivers", "castles", "violins", "glaciers", "orchards", "lighthouses", "looms", "comets", "ferries"]
    places = ["Finland", "Peru", "Kenya", "Scotland", "Japan"]
    records = []
    for _ in range(count):
        thing, place = draw.choice(things), draw.choice(places)
        title = draw.choice(["A history of {0} in {1}", "{1} and its {0}", "On {0}: travels through {1}", "The {0} of {1}"]).format(thing, place)
        records.append({"title": title, "subjects": [thing.capitalize(), f"{place} (country)"]})
    return records


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


train, test = (read(path) for path in sys.argv[1:3]) if len(sys.argv) > 2 else (made_up(1500), made_up(200))
titles, subjects = ([record[field] for record in train] for field in ("title", "subjects"))

# %% Train. Names of subjects are trained on, too, where they have words of the titles
model = GlissadeClassifier(random_state=1).fit(titles, subjects)
print(f"{len(titles):,} records, {len(model.classes_):,} subjects, {model.model_.n_features:,} words")

# %% Measure as libraries do: F1 of five suggestions, mean of the records
found = model.predict_topk([record["title"] for record in test], k=5).labels
scores = []
for record, row in zip(test, found):
    right = len({*record["subjects"]} & {*row})
    scores.append(2 * right / (len(record["subjects"]) + len(row)))
print(f"F1@5 {100 * sum(scores) / len(scores):.1f} % of {len(test):,} records")

# %% Several processes may answer from one file: it is mapped, and they share its memory
model.save("subjects.glsd", training_state=False)
shared = Model.load("subjects.glsd")
best = shared.top_k(["The looms of Finland"], k=2)
print([shared.label_name(label) for label in best.labels[0].tolist()])
