"""Knows the words of ``accord evaluate``; does not know how anything is measured."""

from pathlib import Path
from typing import Annotated

import typer

from .options import AnnotatorColumn, ApiBase, BaseFolder, EngineName, GroupColumn, IdColumn, ModelName, open_console


def evaluate_command(
    raters: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RATER", help="The folder of a rater; none, or several.", show_default=False),
    ] = None,
    *,
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA", help="Items with human labels: .csv, .jsonl, .json or .parquet.", show_default=False
        ),
    ],
    ratings: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHERE",
            help="Evaluate ready-made ratings: a column of DATA, a FILE of ids and ratings or FILE:COLUMN; repeatable.",
            show_default=False,
        ),
    ] = None,
    person: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Evaluate an annotator of DATA; their labels are taken out of the gold. Repeatable.",
            show_default=False,
        ),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(
            metavar="SCALE",
            help="Without a rater: ordinal:1-5, ordinal:bad,ok,good, interval:-4..4, nominal:yes,no, pairwise, "
            "or a task file.",
            show_default=False,
        ),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Without a rater: a rated text. Repeatable.", show_default=False),
    ] = None,
    label: Annotated[str, typer.Option(metavar="COLUMN", help="The human labels.")] = "label",
    annotator: AnnotatorColumn = None,
    id: IdColumn = None,
    group: GroupColumn = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Compare agreement between parts, e.g. languages. Repeatable."),
    ] = None,
    confidence: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="How sure ready-made ratings are, from 0 to 1.")
    ] = None,
    train: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Fit the baselines on these labelled items; else on DATA itself, out of fold."
        ),
    ] = None,
    resamples: Annotated[int, typer.Option(min=0, metavar="N", help="Of the bootstraps; 0 for no intervals.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")] = 0,
    full: Annotated[bool, typer.Option("--full", help="Make the slow tests as well.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
    model: ModelName = None,
    api_base: ApiBase = None,
    base: BaseFolder = None,
    engine: EngineName = "saved",
) -> None:
    """Say how far raters agree with people, beside simple baselines and the people themselves.

    Evaluates saved raters (accord evaluate RATER DATA), ratings that were made elsewhere (accord evaluate DATA
    --ratings judge), or one of the people (accord evaluate DATA --person ann).
    """
    loaded, console = {}, open_console()
    if raters:
        from ...programs import open_rater
        from ..rater_options import ModelChoice, load_rater

        choice = ModelChoice(model, api_base, base, engine)
        loaded = {str(folder): load_rater(folder, open_rater, choice) for folder in raters}
    else:
        for option, given in (("--model", model), ("--api-base", api_base), ("--base", base)):
            if given is not None:
                raise typer.BadParameter("goes with a rater", param_hint=f"'{option}'")
    from ..evaluate import DataColumns, Settings, WantedEvaluation, evaluate_file

    columns = DataColumns(label, annotator, id, group, tuple(_given(field)), tuple(_given(by)))
    wanted = WantedEvaluation(
        data=data,
        columns=columns,
        raters=loaded,
        ratings=_given(ratings),
        people=_given(person),
        scale=scale,
        confidence=confidence,
        train=train,
        settings=Settings(resamples, seed, full),
    )
    evaluate_file(wanted, as_json=json, console=console)


def _given(names: list[str] | None) -> list[str]:
    return [] if names is None else names
