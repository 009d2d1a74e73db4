"""KeyboardInterrupt while a model is trained."""

import os
import signal
import subprocess
import sys
import threading
import time

PROGRAM = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs have it ignored
import numpy as np, scipy.sparse as sp
from glissade import GlissadeClassifier
draw = np.random.default_rng(0)
X = sp.random(20000, 3000, 0.01, format="csr", dtype=np.float32, random_state=0)
Y = sp.csr_matrix((np.ones(20000), (np.arange(20000), draw.integers(0, 4000, 20000))), shape=(20000, 4000))
model = GlissadeClassifier("plain", epochs=10000, hidden=64)
told = []
def progress(now):
    if now.activity != "preparing" and not told:  # a fast machine ends an epoch before it tells of one
        told.append(1)
        print("training", flush=True)
model.progress = progress
try:
    model.fit(X, Y)
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(model.predict_topk(X[:10], 3).labels.shape, model.model_.epochs_done, flush=True)
"""


def test_an_interrupt_stops_within_a_second_and_leaves_a_model():
    child = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, env=os.environ)
    watchdog = threading.Timer(120, child.kill)
    watchdog.start()
    try:
        assert child.stdout.readline() == "training\n"
        time.sleep(0.5)
        start = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "interrupted\n"
        seconds = time.monotonic() - start
        rest = child.stdout.read()
        assert child.wait(60) == 0
    finally:
        watchdog.cancel()
        child.kill()
    assert seconds < 1
    assert rest.startswith("(10, 3) ")
