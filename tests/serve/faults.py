"""A disk that fails under a server that learns: who was told so knows it, what was acknowledged is there, and it goes on answering."""

import errno

from runner import Failure
from serve.learning import best_of, event, labels_of, own_copy
from serve.server import Server, expect

# Which call fails, on which file, how many come off before, and whether learning can go on afterwards.
CASES_OF_LOG = (("write", errno.ENOSPC), ("write", 0), ("fsync", errno.EIO))


def faulty(context, path, call, number, skip):
    return {"LD_PRELOAD": str(context.build / "tests" / "faults" / "fault.so"), "FAULT_PATH": path, "FAULT_CALL": call, "FAULT_ERRNO": str(number),
            "FAULT_SKIP": str(skip), "FAULT_REPORT": "report"}


def check_log(context, models):
    """The begin of the log and two records come off, then nothing any more. Errno 0: writes that take half of what they get, which is no error."""
    for call, number in CASES_OF_LOG:
        path = own_copy(models, "fault.glsd")
        with Server(context, models.folder, "--model", path, "--learn", environment=faulty(context, ".events", call, number, 3)) as server:
            acknowledged, refused = [], []
            for i in range(6):
                status, answer = server.post("/v1/learn", {"events": [event("red hat", f"new {i}")]})
                (acknowledged if status == 200 else refused).append(f"new {i}")
                if status not in (200, 503) or (status == 503 and "fault.glsd.events" not in answer["error"]):
                    raise Failure(f"{call}: answered {status} {answer}")
            if (len(refused) == 0) != (number == 0) or len(acknowledged) < 2:
                raise Failure(f"{call} {number}: {acknowledged} were acknowledged, {refused} refused")
            best_of(server, "red hat")
        with Server(context, models.folder, "--model", path, "--learn") as server:
            expect(labels_of(server), ["p", "q", "r", *acknowledged], f"{call} {number}: labels behind a restart")


def check_save(context, models):
    """A model that cannot be written, or not put in place: the old file and its log stay good, and it goes on learning."""
    for place, call, number in ((".saving", "write", errno.ENOSPC), (".saving", "fsync", errno.EIO), ("fault-save.glsd", "rename", errno.EIO)):
        path = own_copy(models, "fault-save.glsd")
        with Server(context, models.folder, "--model", path, "--learn"):
            pass  # the log is there
        before = path.read_bytes()
        with Server(context, models.folder, "--model", path, "--learn", environment=faulty(context, place, call, number, 0)) as server:
            server.good("/v1/learn", {"events": [event("red hat", "first")]})
            status, answer = server.post("/v1/save", None)
            expect((status, "fault-save.glsd" in answer["error"]), (503, True), f"{call} of {place}: {answer}")
            expect(path.read_bytes(), before, f"{call} of {place}: the model file")
            server.good("/v1/learn", {"events": [event("red hat", "second")]})
        left = [found.name for found in models.folder.glob("fault-save.glsd.saving*")]
        expect(left, [], f"{call} of {place}: left behind")
        with Server(context, models.folder, "--model", path, "--learn") as server:
            expect(labels_of(server), ["p", "q", "r", "first", "second"], f"{call} of {place}: labels behind a restart")


CASES = (("a log that cannot be written", check_log), ("a model that cannot be saved", check_save))
