"""Items for users: a log of who took what and when.

    python3 docs/examples/items_for_users.py [events.csv]

The file has the columns user, item and time. A notebook as a script: blocks begin with "# %%". Without a file it makes up a shop.
"""

# %% Events
import random
import sys

import pandas as pd

from glissade import ItemRecommender


def made_up(users=400):
    draw = random.Random(1)
    hobbies = {name: [f"{name} {part}" for part in parts] for name, parts in {
        "camping": ["tent", "stove", "lamp", "mat", "rope", "flask"], "painting": ["brush", "easel", "canvas", "oil", "palette", "frame"],
        "cycling": ["helmet", "lock", "pump", "light", "bottle", "rack"]}.items()}
    rows = []
    for user in range(users):
        chosen = draw.choice(sorted(hobbies))
        begin = draw.randrange(3)
        for step in range(draw.randint(2, 4)):
            rows.append((f"user{user}", hobbies[chosen][begin + step if begin + step < 6 else 5], f"2024-0{1 + step}-{draw.randint(10, 28)}"))
    draw.shuffle(rows)
    return pd.DataFrame(rows, columns=["user", "item", "time"])


events = pd.read_csv(sys.argv[1]) if len(sys.argv) > 1 else made_up()
events["time"] = pd.to_datetime(events["time"])
print(f"{len(events):,} events of {events['user'].nunique():,} users, {events['item'].nunique():,} items")

# %% Keep the last event of each user apart, and train on the others
events = events.sort_values("time", kind="stable")
last = events.groupby("user").tail(1).set_index("user")["item"]
before = events.drop(events.groupby("user").tail(1).index)
model = ItemRecommender(half_life="60d").fit(before)

# %% How often is it among the best five?
users = [user for user in before["user"].unique()]
answers = model.recommend(users, k=5, exclude_seen=True).labels
hits = sum(last[user] in row for user, row in zip(users, answers))
print(f"HR@5 {100 * hits / len(users):.1f} %, of {len(users):,} users")

# %% For one user, and for somebody who has just come
print(users[0], "may want", ", ".join(str(item) for item in answers[0]))
some = [str(item) for item in events["item"].iloc[:2]]
print("after", " and ".join(some), "comes", model.recommend([some], k=1).labels[0, 0])

# %% What happened since the training counts without another one
model.remember(events)
print(model.recommend(users[:1], k=3).labels[0].tolist())
model.save("items.glsd")
