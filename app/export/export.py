"""Knows what the command `accord export` does: weights that need no base, and the way to the Hub; not how they work."""

from dataclasses import dataclass
from pathlib import Path

from ...data import InputError, SetupError
from ...programs import Rater, merge_rater
from ...programs.directory import rater_record
from ..console import Console
from .hub import Hub


@dataclass(frozen=True)
class Export:
    """What is to become of a rater.

    Attributes:
        merged: Where to write a rater with weights of its own, or None.
        hub: The repository on the Hub to push to, or None; what `merged` wrote is pushed if it is given, else the
            rater as it is.
        public: Whether everybody may see the repository.
        license: The licence to state in the card, as the Hub writes it.
        base: Where the base model is, if it was moved.
    """

    merged: Path | None = None
    hub: str | None = None
    public: bool = False
    license: str | None = None
    base: Path | None = None


def export_rater(folder: Path, export: Export, console: Console) -> None:
    """Merge a rater's adapter into its base, push it to the Hub, or first the one and then the other.

    Args:
        folder: The rater's directory.
        export: What to do.
        console: Where to say what came of it.

    Raises:
        InputError: If the rater cannot be read, or `merged` is no place for one.
        SetupError: If an extra, the model or the token is missing, or `merged` is the rater itself.
        RetryError: If the Hub cannot be reached.
    """
    if not folder.is_dir():
        raise InputError("no such rater directory", place=str(folder), cure="Check the path.")
    if export.merged is not None and export.merged.resolve() == folder.resolve():
        raise SetupError("that is the rater itself", place=str(export.merged), cure="Name another folder.")
    rater_record(folder)  # before a repository is made for it
    hub = None if export.hub is None else Hub(export.hub, public=export.public)
    pushed = folder
    if export.merged is not None:
        rater = Rater.load(folder, base=export.base)
        with console.stage("merging"):
            merge_rater(rater, export.merged)
        pushed = export.merged
        console.print(f"{export.merged}: {_size(pushed / 'weights')} of weights, no base model is needed", wrap=False)
    if hub is not None:
        with console.stage("pushing"):
            done = hub.push(pushed, license=export.license)
        seen = "private" if done.private else "public"
        console.print(f"{done.url} ({seen}), commit {done.commit[:12]}", wrap=False)


def _size(folder: Path) -> str:
    megabytes = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    return f"{megabytes / 1000:,.1f} GB" if megabytes >= 1000 else f"{megabytes:,.1f} MB"
