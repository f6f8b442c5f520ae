"""Knows the arguments that several commands share, and how they are explained; does not know the commands."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from ..console import Console

RaterFolder = Annotated[Path, typer.Argument(metavar="RATER", help="The rater's folder.", show_default=False)]
DataFile = Annotated[
    Path, typer.Argument(metavar="DATA", help="The items: .csv, .jsonl, .json or .parquet.", show_default=False)
]
IdColumn = Annotated[
    str | None, typer.Option("--id", metavar="COLUMN", help="The items' ids; without it, a hash of the text.")
]
BaseFolder = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where the rater's base model is now, if it was moved.", show_default=False),
]
AnnotatorColumn = Annotated[
    str | None,
    typer.Option("--annotator", metavar="COLUMN", help="Who gave the label, if the file has one row a label."),
]
GroupColumn = Annotated[
    str | None, typer.Option("--group", metavar="COLUMN", help="What belongs together, e.g. an author.")
]
ModelName = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME", help="A model to use instead of the saved one.", show_default=False),
]
ApiBase = Annotated[
    str | None, typer.Option("--api-base", metavar="URL", help="The OpenAI-compatible server that has the model.")
]
Host = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, metavar="N", help="0 takes a free one.")]
EngineName = Annotated[
    Literal["saved", "vllm"],
    typer.Option("--engine", help="What runs the rater's model: as it was saved, or a vLLM server of its own."),
]


def limit(of: str, on: str = " on traces") -> Any:
    """Return an option that limits what a run may spend; without it a task file's limit holds, or none."""
    return typer.Option(min=0, metavar="N", help=f"Spend at most so many {of}{on}.", show_default=False)


def open_console() -> "Console":
    """Return the console of a command, which also says what the library logs."""
    from ..console import Console  # it imports rich, which help does not need

    console = Console()
    console.follow_log()
    return console
