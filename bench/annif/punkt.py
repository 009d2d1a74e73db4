"""The tokenizer data that Annif's analyzers want of NLTK and else download: what Punkt learns from a text, here without any text."""

import pathlib

from nltk.tokenize.punkt import PunktParameters, save_punkt_params


def write(folder):
    """Make `folder` one that NLTK_DATA may name: a model of sentences for English that knows no abbreviations. Words are divided by rules."""
    place = pathlib.Path(folder) / "tokenizers" / "punkt_tab" / "english"
    place.mkdir(parents=True, exist_ok=True)
    save_punkt_params(PunktParameters(), place)
