"""Knows the words of ``accord review``; does not know what it does."""

from pathlib import Path
from typing import Annotated

import typer

from .options import Host, Port, open_console


def review(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.", show_default=False)],
    host: Host = "127.0.0.1",
    port: Port = 8001,
    token_env: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Environment variable with the token that people sign in with."),
    ] = None,
    reviewer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who reviews; without it, the page asks.", show_default=False)
    ] = None,
) -> None:
    """Let people say which reasoning is theirs, correct labels, judge rules.

    Choices are saved one by one in the run's folder; 'accord compile' on the same run uses them.
    """
    from ..review import Reviewing, review_run

    review_run(run, Reviewing(host, port, token_env, reviewer), open_console())
