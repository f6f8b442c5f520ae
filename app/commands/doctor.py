"""Knows the words of ``accord doctor``; does not know what is looked at."""

from typing import Annotated

import typer

from .options import open_console


def doctor(
    api_base: Annotated[
        str | None,
        typer.Option(
            "--api-base", metavar="URL", help="Ask this OpenAI-compatible server for its models.", show_default=False
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the page.")] = False,
) -> None:
    """Say what this machine can do, and what it lacks.

    Beside what is missing stands the command that gets it. Nothing is fetched, no server is asked but the one that is
    named, and no key is shown. The exit code is 1 if Accord itself lacks something; extras may be missing.
    """
    from ..doctor import examine

    console = open_console()
    with console.stage("looking", line=False):
        found = examine(api_base)
    if json:
        from json import dumps

        console.print(dumps(found.to_dict(), indent=2), wrap=False)
    else:
        from ..doctor import DoctorPage

        console.table(DoctorPage(found))
    if found.lacks("core"):
        raise typer.Exit(1)
