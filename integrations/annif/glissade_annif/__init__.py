"""The backend ``glissade`` for Annif.

:func:`register` tells Annif of it. Importing this package does so where Annif is loaded already. The command ``annif`` imports it by an entry
point; a web server takes :func:`create_app`.
"""

from __future__ import annotations

import logging
import multiprocessing
import sys
from typing import Any

__version__ = "0.1.0"
__all__ = ["create_app", "register"]


def _backend() -> Any:
    from .backend import GlissadeBackend

    return GlissadeBackend


def register() -> None:
    """Tell Annif of the backend, in this process and in those of its worker pools. Annif has no interface for this: its table of
    backends is changed. What Glissade tells of a training goes to Annif's log."""
    import annif.backend

    annif.backend._backend_fns["glissade"] = _backend
    multiprocessing.set_forkserver_preload(["annif", __name__])
    logging.getLogger("glissade").parent = annif.logger


def create_app() -> Any:
    """Annif's web application: ``gunicorn -k uvicorn.workers.UvicornWorker 'glissade_annif:create_app()'``."""
    register()
    import annif

    return annif.create_app()


if "annif" in sys.modules:
    register()
