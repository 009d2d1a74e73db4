"""bench/recommend without its tools: logs as questions, with the standard library. Nothing that is asked may be known."""

import pathlib
import sys
import tempfile

from runner import ROOT, Failure

sys.path.append(str(ROOT / "bench" / "recommend"))

import logs  # noqa: E402

LOG = "who,what,when\nu,red hat,10\nv,b,1\nu,\"a, b\",9\nw,b,3\nu,c,11\nv,c,2\n"


def run(context):
    for check in (last_items_are_asked, logs_are_in_the_order_of_time, logs_without_times_stay, columns_that_are_missing, repeats_are_seen,
                  baskets_are_one_user, rows_of_gowalla_are_no_answers, logs_are_written):
        with tempfile.TemporaryDirectory(prefix="glissade-recommend-") as folder:
            context.case(f"recommend: {check.__name__.replace('_', ' ')}", lambda: check(pathlib.Path(folder)))


def same(what, got, expected):
    if got != expected:
        raise Failure(f"{what}: {got!r}, expected {expected!r}")


def log_in(folder, text=LOG):
    (folder / "log.csv").write_text(text)
    return str(folder / "log.csv")


def names(task, items):
    return [task.items[item] for item in items]


def last_items_are_asked(folder):
    task = logs.last_items(["abcd", "ba", "c"])
    same("known", [names(task, history) for history in task.final.histories], [["a", "b", "c"], ["b"], ["c"]])
    same("asked", (task.final.asked, [names(task, truth) for truth in task.final.truths]), ([0, 1], [["d"], ["a"]]))
    same("known for choices", [names(task, history) for history in task.choice.histories], [["a", "b"], ["b"], ["c"]])
    same("asked for choices", (task.choice.asked, [names(task, truth) for truth in task.choice.truths]), ([0], [["c"]]))


def logs_are_in_the_order_of_time(folder):
    task = logs.read_log(log_in(folder), "who", "what", "when")
    same("known", [names(task, history) for history in task.final.histories], [["b"], ["b"], ["a, b", "red hat"]])
    same("asked", [names(task, truth) for truth in task.final.truths], [["c"], ["c"]])
    dated = logs.read_log(log_in(folder, "u,i,t\nx,late,2014-05-02\nx,early,2014-05-01T10:00\n"), "u", "i", "t")
    same("dates", names(dated, dated.final.truths[0]), ["late"])


def logs_without_times_stay(folder):
    task = logs.read_log(log_in(folder), "who", "what", None)
    same("known", [names(task, history) for history in task.final.histories], [["red hat", "a, b"], ["b"], ["b"]])


def columns_that_are_missing(folder):
    try:
        logs.read_log(log_in(folder), "who", "item", None)
        raise Failure("a log without the column of items was taken")
    except ValueError as error:
        same("message", str(error).split("'", 2)[2], " has no column 'item'; its columns are: who, what, when")


def repeats_are_seen(folder):
    same("again", logs.last_items(["abac"]).repeats(), True)
    same("never", logs.last_items(["abcd", "abc"]).repeats(), False)


def baskets_in(folder):
    train, test = folder / "train.txt", folder / "test.txt"
    train.write_text("4 9 9\n1 0:1 2:1\n0,2 1:1\n4 3:1 5:1\n3,5 4:1\n")
    test.write_text("1 9 9\n8 6:1 7:1\n")
    return logs.read_baskets(str(train), str(test))


def baskets_are_one_user(folder):
    task = baskets_in(folder)
    same("known", [sorted(history) for history in task.final.histories], [[0, 1, 2], [3, 4, 5], [6, 7]])
    same("asked", (task.final.asked, task.final.truths), ([2], [{8}]))
    same("items", len(task.items), 9)


def rows_of_gowalla_are_no_answers(folder):
    """Of a basket that is asked for choices only the features of one row are known, and the test row not at all."""
    task = baskets_in(folder)
    same("known", [sorted(history) for history in task.choice.histories], [[3, 4, 5], [0, 2]])
    same("asked", (task.choice.asked, task.choice.truths), ([1], [{1}]))


def logs_are_written(folder):
    task = logs.read_log(log_in(folder), "who", "what", "when")
    path = folder / "written.csv"
    logs.write_log(path, task.final.histories, [2, 0], task.items)
    same("log", path.read_text().splitlines(), ["user,item,time", '2,"a, b",0', "2,red hat,1", "0,b,0"])
