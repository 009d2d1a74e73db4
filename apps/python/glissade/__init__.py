"""Glissade: networks with very wide output layers on CPUs.

The estimators need scikit-learn and are imported when they are first used; :class:`Model` needs numpy and scipy alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _library
from ._training import Progress
from .learner import Learner
from .model import Model, Reason, TopK
from .recommender import ItemRecommender
from .words import WordVectors

if TYPE_CHECKING:
    from .classifier import GlissadeClassifier

__version__ = _library.version
__all__ = ["GlissadeClassifier", "ItemRecommender", "Learner", "Model", "Progress", "Reason", "TopK", "WordVectors", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "GlissadeClassifier":
        from .classifier import GlissadeClassifier

        return GlissadeClassifier
    raise AttributeError(f"module 'glissade' has no attribute {name!r}")
