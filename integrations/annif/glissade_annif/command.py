"""``annif glissade PROJECT``: what a trained project holds. Loading this registers the backend: it is what the command ``annif`` loads."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext


@click.command("glissade")
@click.argument("project_id")
@with_appcontext
def show(project_id: str) -> None:
    """Show size and options of the model of a project with the backend glissade."""
    from annif import cli_util

    from .backend import GlissadeBackend

    backend = cli_util.get_project(project_id).backend
    if not isinstance(backend, GlissadeBackend):
        raise click.UsageError(f"project {project_id!r} has another backend; name one with backend=glissade")
    model = backend.model()
    for name, value in (("features", model.n_features), ("subjects", model.n_labels), ("documents", model.training_samples)):
        click.echo(f"{name + ':':<28}{value:,}")
    for name, value in model.options.items():
        click.echo(f"{name + ':':<28}{value}")


if "annif" in sys.modules:  # another Flask program reads the same entry points: it has no backends, and Annif is not loaded for it
    from annif import cli_util

    show = cli_util.common_options(show)
