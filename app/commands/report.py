"""Knows the words of ``accord report``; does not know what the page shows."""

from pathlib import Path
from typing import Annotated

import typer

from .options import open_console


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to write.  [default: RUN/report.html]", show_default=False),
    ] = None,
) -> None:
    """Write what a run found as one page that opens in any browser, without network."""
    from ..report import read_run, write_page

    console = open_console()
    contents = read_run(run)
    page = write_page(contents, out)
    for gap in contents.gaps:
        console.say(f"missing: {gap.what}. {gap.why}")
    texts = " (with item texts in it: treat it as you treat the data)" if contents.items or contents.material else ""
    console.print(f"{page}{texts}")
