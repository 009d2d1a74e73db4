"""Tags for questions: a CSV with the columns title, body and tags, as an export of a forum has them.

    python3 docs/examples/tags_for_questions.py [questions.csv]

A notebook as a script: blocks begin with "# %%". Without a file it makes up some questions.
"""

# %% Questions, and the tags that people gave them
import random
import sys

import pandas as pd

from glissade import GlissadeClassifier


def made_up(count=1200):
    draw = random.Random(1)
    topics = {"python": ["list", "dict", "import", "generator"], "sql": ["join", "index", "query", "table"],
              "git": ["branch", "merge", "commit", "rebase"], "css": ["flexbox", "margin", "selector", "grid"],
              "bash": ["pipe", "loop", "script", "variable"]}
    rows = []
    for _ in range(count):
        first, second = draw.sample(sorted(topics), 2)
        words = [draw.choice(topics[first]) for _ in range(3)]
        title = f"How do I {draw.choice(['use', 'undo', 'speed up', 'understand'])} a {words[0]} in {first}?"
        both = draw.random() < 0.3
        body = f"My {words[1]} and {words[2]} do not work" + (f", nor does the {draw.choice(topics[second])} in {second}." if both else ".")
        rows.append((title, body, f"{first},{second}" if both else first))
    return pd.DataFrame(rows, columns=["title", "body", "tags"])


questions = pd.read_csv(sys.argv[1]) if len(sys.argv) > 1 else made_up()
tags = [str(row).split(",") for row in questions["tags"]]
X = questions[["title", "body"]].astype(str)
held_out = len(X) // 5

# %% Train on four fifths
model = GlissadeClassifier(progress=lambda now: now.activity != "epoch done" or print(f"epoch {now.epoch}: loss {now.loss:.3f}"))
model.fit(X[:-held_out], tags[:-held_out])
print(model.history_frame_[["epoch", "loss", "seconds"]].to_string(index=False))

# %% How good is it on the others?
print(f"the best tag is right for {100 * model.score(X[-held_out:], tags[-held_out:]):.1f} % of {held_out} questions")

# %% Tags for a new question, and why
asked = pd.DataFrame({"title": ["How do I join a table?"], "body": ["My sql query is slow, and git merge fails."]})
found = model.predict_topk(asked, k=3)
print(", ".join(f"{tag} {probability:.2f}" for tag, probability in zip(found.labels[0], found.scores[0])))
for word, _, adds in sorted(model.explain(asked, k=1)[0].features, key=lambda one: -one[2])[:3]:
    print(f"  {word}: {adds:+.2f}")

# %% A moderator says what was right: the model learns at once, a new tag included
model.partial_fit(asked, [["sql", "git", "performance"]])
print("performance" in model.classes_.tolist())
model.save("tags.glsd")
