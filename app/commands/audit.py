"""Knows the words of ``accord audit``; does not know what it does."""

from pathlib import Path
from typing import Annotated

import typer

from .options import (
    AnnotatorColumn,
    ApiBase,
    BaseFolder,
    DataFile,
    EngineName,
    GroupColumn,
    IdColumn,
    ModelName,
    RaterFolder,
    limit,
    open_console,
)


def audit(
    rater: RaterFolder,
    data: DataFile,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Gets the journal and audit.json.  [default: runs/audit-<rater>]"),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The human labels.  [default: label, where there is one]"),
    ] = None,
    annotator: AnnotatorColumn = None,
    id: IdColumn = None,
    group: GroupColumn = None,
    by: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="A further column whose parts are compared; repeatable.")
    ] = None,
    items: Annotated[int | None, typer.Option(min=1, metavar="N", help="Audit so many items, chosen by lot.")] = None,
    repeats: Annotated[int, typer.Option(min=2, metavar="N", help="Replies an item at temperature 1.")] = 5,
    paraphrase: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A guideline that should ask for the same; repeatable."),
    ] = None,
    writer: Annotated[
        str | None, typer.Option(metavar="MODEL", help="A model that writes paraphrases of the guideline.")
    ] = None,
    wanted: Annotated[
        float, typer.Option(min=0, max=1, metavar="SHARE", help="Accuracy to reach by holding unsure labels back.")
    ] = 0.8,
    max_usd: Annotated[float | None, limit("dollars", "")] = None,
    max_tokens: Annotated[int | None, limit("billed tokens", "")] = None,
    max_calls: Annotated[int | None, limit("requests", "")] = None,
    max_minutes: Annotated[float | None, limit("minutes", "")] = None,
    seed: Annotated[int, typer.Option(help="Of the choice of items, the draws and the bootstraps.")] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be asked and what it costs at most.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
    model: ModelName = None,
    api_base: ApiBase = None,
    base: BaseFolder = None,
    engine: EngineName = "saved",
) -> None:
    """Look for a rater's faults: noise, biases, what injected text does.

    A limit ends the asking before it is exceeded; the same command with more goes on from there.
    """
    from ...optimizers import Budget
    from ...programs import open_rater
    from ..audit import AuditOptions, audit_file, plan_file
    from ..rater_options import ModelChoice, load_rater

    options = AuditOptions(
        columns={"label": label, "annotator": annotator, "id": id, "group": group},
        by=tuple(() if by is None else by),
        items=items,
        repeats=repeats,
        paraphrases=tuple(() if paraphrase is None else paraphrase),
        writer=writer,
        budget=Budget(usd=max_usd, tokens=max_tokens, calls=max_calls, minutes=max_minutes),
        wanted=wanted,
        seed=seed,
    )
    folder = Path("runs", f"audit-{rater.resolve().name}") if out is None else out
    console = open_console()
    loaded = load_rater(rater, open_rater, ModelChoice(model, api_base, base, engine))
    if dry_run:
        plan_file(loaded, data, folder, options, console, as_json=json)
    else:
        audit_file(loaded, rater, data, folder, options, as_json=json, console=console)
