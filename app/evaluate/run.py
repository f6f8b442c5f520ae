"""Knows how an evaluation goes from files to a printed answer; does not know how anything in it is measured."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...data import InputError
from ..console import Console
from ..results import fit_baselines
from .entrants import Entrant, ask, person
from .inputs import DataColumns, Opened, open_data, open_train
from .label_audits import audit_labels
from .measure import EntrantEvaluation, Settings, measure
from .ready_ratings import Items, read_ready_ratings
from .record import record
from .sentences import findings, notes
from .terminal import show_tables

if TYPE_CHECKING:
    from ...programs import PairRater, Rater


@dataclass(frozen=True)
class WantedEvaluation:
    """What is to be evaluated on what.

    Attributes:
        data: The labelled items.
        columns: Their columns.
        raters: Saved raters by the names of their folders.
        ratings: Ready-made ratings: columns of the data, files, or columns of files (``FILE:COLUMN``).
        people: Annotators of the data who are measured as raters are; their labels are taken out of the gold.
        scale: The scale in words, where there is no rater.
        confidence: Column of the ratings' confidences.
        train: Items to fit baselines on; None fits them out of fold.
        settings: How estimates are made.
    """

    data: Path
    columns: DataColumns = DataColumns()
    raters: Mapping[str, "Rater | PairRater"] = field(default_factory=dict)
    ratings: Sequence[str] = ()
    people: Sequence[str] = ()
    scale: str | None = None
    confidence: str | None = None
    train: Path | None = None
    settings: Settings = Settings()


def evaluate_file(wanted: WantedEvaluation, *, as_json: bool, console: Console) -> EntrantEvaluation:
    """Measure raters on a file of human labels and print what came of it.

    Args:
        wanted: Who, on what.
        as_json: Whether to print one JSON document instead of tables.
        console: Where progress and results go.

    Raises:
        InputError: For anything wrong with data or ratings, naming place and cure.
    """
    if not (wanted.raters or wanted.ratings or wanted.people):
        cure = "Give a rater's folder before the data, --ratings COLUMN or FILE, or --person NAME."
        raise InputError("there is nobody to evaluate", place=str(wanted.data), cure=cure)
    data = open_data(
        wanted.data,
        wanted.columns,
        raters=list(wanted.raters.values()),
        scale=wanted.scale,
        people=wanted.people,
    )
    train = None if wanted.train is None else open_train(wanted.train, data, wanted.columns)
    entrants = _entrants(wanted, data, console)
    settings = wanted.settings
    with console.stage("fitting baselines", line=False):
        baselines = fit_baselines(
            data.corpus,
            recorded=[entrant.constant for entrant in entrants],
            train=train,
            texts=data.texts,
            seed=settings.seed,
        )
    with console.stage("measuring agreement", line=False):
        evaluation = measure(data.corpus, data.everyone, entrants, baselines, settings)
    with console.stage("auditing", line=False):
        audits = {entrant.name: audit_labels(entrant, data, baselines.constant, settings) for entrant in entrants}
    verdict, remarks = findings(evaluation), notes(evaluation, baselines, data, audits)
    if as_json:
        found = record(evaluation, baselines, data, audits, verdict=verdict, notes=remarks)
        console.print(json.dumps(found, ensure_ascii=False, allow_nan=False), wrap=False)
        return evaluation
    for sentence in verdict:
        console.print(sentence)
    console.print("")
    console.print(_head(wanted, data))
    console.print("")
    show_tables(evaluation, audits, console)
    console.print("")
    for line in remarks:
        console.print(line)
    return evaluation


def _entrants(wanted: WantedEvaluation, data: Opened, console: Console) -> list[Entrant]:
    found: list[Entrant] = []
    for source, rater in wanted.raters.items():
        name = "rater" if len(wanted.raters) == 1 else source
        title = "rating" if name == "rater" else f"rating with {name}"
        with console.stage(title) as progress:
            seed = wanted.settings.seed
            found.append(ask(rater, data.corpus, name=name, source=source, seed=seed, progress=progress))
    items = Items(data.path, data.corpus, data.ids, wanted.columns.id)
    found += [read_ready_ratings(words, items, confidence=wanted.confidence) for words in wanted.ratings]
    found += [person(name, own, data.corpus) for name, own in data.people.items()]
    return _told_apart(found)


def _told_apart(entrants: Sequence[Entrant]) -> list[Entrant]:
    """Return the entrants with names of their own: two of one name are called by where they are from."""
    names = Counter(entrant.name for entrant in entrants)
    found = [replace(one, name=one.source) if names[one.name] > 1 else one for one in entrants]
    for name, times in Counter(one.name for one in found).items():
        if times > 1:
            raise InputError(f"{name} is named twice", place="--ratings", cure="Name everybody once.")
    return found


def _head(wanted: WantedEvaluation, data: Opened) -> str:
    who = ", ".join([*wanted.raters, *wanted.ratings, *wanted.people])
    count = len(data.corpus)
    items = "1 item" if count == 1 else f"{count:,} items"
    return f"{who} on {wanted.data}: {items}, {data.corpus.scale.describe()}"
