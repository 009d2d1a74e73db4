"""Small models of each kind that a server answers from, trained when they are first asked for."""

import functools
import subprocess

from npy import npy_of
from runner import Failure

RECORDS = """t,u,c,n,l
red hats,a ball,x,1,p;q
blue hat,the ball,y,2,q
red shoe,a b,x,3,p
"blue, shoe",b,y,5,q;r
"""
EVENTS = "who,what,when\n" + "".join(f"u{i % 4},{item},{i}\n" for i, item in enumerate("abcabdabcdabdcab" * 3))
ITEMS = "what,title\na,red hat\nb,blue hat\nc,red tea\nd,tea\nnew,blue tea\n"
COLOURS, THINGS = ("red", "blue", "green", "old"), ("hat", "shoe", "tea", "ball", "box")
# Enough rows to weigh the paths on.
MANY = "t,u,c,n,l\n" + "".join(f"{COLOURS[i * 7 % 4]} {THINGS[i * 3 % 5]},the {THINGS[i % 5]},{'xy'[i % 2]},{i % 9},{COLOURS[i * 7 % 4][0]};{THINGS[i * 3 % 5]}\n"
                                for i in range(600))
PLAIN = "--preset plain --hidden 8 --batch 4 --epochs 3 --threads 1".split()


def place_of(label, row):
    """A vector near the place of a label."""
    return [3.0 * (label == at) + (row * (at + 3) % 11) / 20 for at in range(4)]


class Models:
    def __init__(self, context, folder):
        self.context, self.folder = context, folder
        (folder / "r.csv").write_text(RECORDS)
        (folder / "many.csv").write_text(MANY)
        (folder / "e.csv").write_text(EVENTS)
        (folder / "items.csv").write_text(ITEMS)

    def call(self, *arguments, stdin=""):
        done = subprocess.run([self.context.glissade, *map(str, arguments)], cwd=self.folder, env=self.context.clean_environment(self.folder),
                              input=stdin, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise Failure(f"{' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout

    def train(self, name, *arguments):
        self.call("train", "--model", name, "--quiet", *arguments)
        return self.folder / name

    @functools.cached_property
    def records(self):
        return self.train("records.glsd", "--train", "r.csv", "--text", "t,u", "--categories", "c", "--numbers", "n", "--labels", "l", *PLAIN)

    @functools.cached_property
    def paths(self):
        """Records, with all paths."""
        return self.train("paths.glsd", "--train", "many.csv", "--text", "t,u", "--categories", "c", "--numbers", "n", "--labels", "l", *PLAIN, "--fan-in", "8",
                          "--neighbours", "4")

    @functools.cached_property
    def vectors(self):
        """Records that are all alike, with vectors that tell their label."""
        (self.folder / "alike.csv").write_text("t,l\n" + "".join(f"red hat,{'abc'[i % 3]}\n" for i in range(300)))
        (self.folder / "alike.npy").write_bytes(npy_of([place_of(i % 3, i) for i in range(300)], "f"))
        return self.train("vectors.glsd", "--train", "alike.csv", "--text", "t", "--labels", "l", "--vectors", "alike.npy", *PLAIN, "--epochs", "20")

    @functools.cached_property
    def vectors_of_ids(self):
        (self.folder / "bare.txt").write_text("300 5 3\n" + "".join(f"{i % 3} {i % 5}:1\n" for i in range(300)))
        (self.folder / "bare.npy").write_bytes(npy_of([place_of(i % 3, i) for i in range(300)], "f"))
        return self.train("bare.glsd", "--train", "bare.txt", "--vectors", "bare.npy", *PLAIN)

    @functools.cached_property
    def events(self):
        return self.train("events.glsd", "--train", "e.csv", "--user", "who", "--item", "what", "--time", "when", *PLAIN, "--fan-in", "8", "--neighbours", "4")

    @functools.cached_property
    def described(self):
        """Events whose items have words."""
        return self.train("described.glsd", "--train", "e.csv", "--user", "who", "--item", "what", "--item-features", "items.csv", "--item-text", "title", *PLAIN)

    @functools.cached_property
    def rows(self):
        """The first rows of the sample: a file of ids, and a model with all paths."""
        return self.context.first_rows(self.folder, 3000)

    @functools.cached_property
    def ids(self):
        return self.train("ids.glsd", "--train", self.rows, "--preset", "plain", "--hidden", "16", "--epochs", "1", "--fan-in", "16", "--neighbours", "10")

    @functools.cached_property
    def other_ids(self):
        return self.train("other.glsd", "--train", self.rows, "--preset", "plain", "--hidden", "16", "--epochs", "1", "--seed", "9")
