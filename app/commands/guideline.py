"""Knows the words of ``accord guideline``; does not know what its commands do."""

from pathlib import Path
from typing import Annotated

import typer

from .options import open_console

GuidelineFolder = Annotated[
    Path, typer.Argument(metavar="RUN", help="The folder of a run, or of a rater.", show_default=False)
]

guideline_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@guideline_app.command("show")
def guideline_show(
    run: GuidelineFolder,
    version: Annotated[
        str, typer.Option(metavar="HASH", help="Which version; the current one without it.", show_default=False)
    ] = "",
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the text alone, to be edited.")] = False,
) -> None:
    """List the rules, what they rest on and bring."""
    from ..guideline import show_guideline

    show_guideline(run, open_console(), version=version, markdown=markdown)


@guideline_app.command("diff")
def diff_command(
    run: GuidelineFolder,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The older version.", show_default=False)] = "",
    new: Annotated[str, typer.Argument(metavar="NEW", help="The newer version.", show_default=False)] = "",
) -> None:
    """Say what changed; by default in the last step."""
    from ..guideline import diff

    diff(run, open_console(), old=old, new=new)


@guideline_app.command("explain")
def guideline_explain(
    run: GuidelineFolder,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule's id.", show_default=False)],
    version: Annotated[
        str, typer.Option(metavar="HASH", help="Which version; the current one without it.", show_default=False)
    ] = "",
) -> None:
    """Say where a rule comes from and what it brings."""
    from ..guideline import explain_rule

    explain_rule(run, rule, open_console(), version=version)


@guideline_app.command("rollback")
def guideline_rollback(
    run: GuidelineFolder,
    version: Annotated[str, typer.Argument(metavar="HASH", help="The version to go back to.", show_default=False)],
) -> None:
    """Go back to an earlier version, with the rater."""
    from ..guideline import roll_back

    roll_back(run, version, open_console())
