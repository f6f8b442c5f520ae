"""Knows which audits apply to labels that are there already, and hands them what they take; knows no audit's inside."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...data import (
    AltTest,
    Finding,
    Label,
    LabelErrors,
    ReplaceOne,
    SetupError,
    alt_test,
    item_lengths,
    labels_by_annotator,
    one_human,
    replace_one,
)
from ...data.audits import LABEL_AUDITS, LabelAudit
from ..results import Some
from .entrants import Entrant
from .inputs import Opened
from .measure import Settings

_FEW_ITEMS = 10
"""Labels that a person needs to be tested against a rater; see `accord.data.annotators.alt_test`."""

MOST_PARTS = 50
"""Groups from which on agreement is not measured group by group: an author is no part of the data."""


MANY_PEOPLE = 20
"""People up to whom agreement with each of them is compared without being asked for."""

_Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Audits:
    """What was looked for in somebody's labels.

    Attributes:
        findings: What each audit found.
        alt_test: Whether the rater may stand in for people; None where that cannot be asked.
        alt_note: Why it was not asked.
        replaced: What becomes of people's alpha with the rater in a person's place; None where it was not asked.
    """

    findings: tuple[Finding, ...]
    alt_test: AltTest | None
    alt_note: str
    replaced: ReplaceOne | None = None


def audit_labels(entrant: Entrant, data: Opened, fill: Label, settings: Settings) -> Audits:
    """Run every audit that needs nothing but labels, texts and confidences.

    Args:
        entrant: Whose labels.
        data: What they are of.
        fill: What stands for an answer without a label in the tests against people; the audits leave it out.
        settings: How estimates are made.
    """
    findings = tuple(_findings(entrant, data, settings))
    some = Some.of(entrant.rated, data.corpus)
    note = _no_alt_test(data, some)
    if note:
        return Audits(findings, None, note)
    labels = some.of_these(labels_by_annotator(data.corpus))
    given = some.of_these(entrant.labels)
    tested = alt_test(given, labels, data.corpus.scale, fill=fill)
    if not settings.full:
        return Audits(findings, tested, "")
    how: dict[str, Any] = {"groups": some.groups, "fill": fill, "resamples": settings.resamples, "seed": settings.seed}
    return Audits(findings, tested, "", replace_one(given, labels, data.corpus.scale, **how))


def _findings(entrant: Entrant, data: Opened, settings: Settings) -> Iterator[Finding]:
    """Yield what the audits of the table find whose columns are known."""
    scale = data.corpus.scale
    for name, audit, known, groups in _asked(entrant, data, settings):
        if "confidences" in audit.needs and scale.levels is None:
            if name != "label errors":
                yield Finding(name, None, "not measured: on a scale without steps no label is exactly right", {}, 0)
            continue
        try:
            found = audit.of(known, scale, groups=groups, resamples=settings.resamples, seed=settings.seed)
        except SetupError as error:
            # What a scale has no numbers for is an answer here, not a mistake of the caller's.
            found = Finding(name, None, f"not measured: {error}", {}, 0)
        if isinstance(found, LabelErrors):
            candidates = [one.to_dict() for one in found.candidates]
            found = replace(found.finding, details={**found.finding.details, "candidates": candidates})
        yield replace(found, name=name)


def _asked(
    entrant: Entrant, data: Opened, settings: Settings
) -> Iterator[tuple[str, LabelAudit, _Columns, Sequence[str | None]]]:
    """Yield each audit with the columns it is made of and their groups; agreement is compared by every kind of part."""
    some = Some.of(entrant.rated, data.corpus)
    known = {name: some.of_these(column) for name, column in _columns(entrant, data, settings).items()}
    for name, audit in LABEL_AUDITS.items():
        if name != "agreement by":
            if known.keys() >= set(audit.needs):
                yield name, audit, known, some.groups
            continue
        for part, cells in _parts(data).items():
            yield f"{name} {part}", audit, {**known, "by": some.of_these(cells)}, some.groups
        people = {one.annotator for item in data.corpus for one in item.annotations}
        if data.names_people and 2 <= len(people) and (len(people) <= MANY_PEOPLE or settings.full):
            yield f"{name} annotator", audit, *_by_annotator(entrant, data, some)


def _columns(entrant: Entrant, data: Opened, settings: Settings) -> _Columns:
    """Return what is known of each item of the corpus, by what the audits call it."""
    corpus, orders = data.corpus, entrant.orders
    columns = {
        "ratings": entrant.labels,
        "gold": corpus.golds(),
        "given": None if orders is None else orders.given,
        "swapped": None if orders is None else orders.swapped,
        "lengths": item_lengths(corpus) if data.texts else None,
        "confidences": entrant.confidences,
        "ids": corpus.ids,
        "labels": [item.labels for item in corpus],
        "human": _one_person(data, settings.seed) if settings.full else None,
        "texts": [item.text for item in corpus] if data.texts else None,
    }
    return {name: column for name, column in columns.items() if column is not None}


def _one_person(data: Opened, seed: int) -> list[Label | None]:
    """Return the label of one person drawn an item."""
    drawn = one_human(data.corpus, seed=seed)
    alone = {item.id: item.labels[0] for item in data.corpus if len(item.labels) == 1}  # nobody is drawn there
    labels = alone | dict(zip(drawn.items, drawn.ratings, strict=True))
    return [labels.get(item.id) for item in data.corpus]


def _by_annotator(entrant: Entrant, data: Opened, some: Some) -> tuple[_Columns, Sequence[str]]:
    """Make every label the gold of one pair; the pairs of an item are a group."""
    rows = [(place, data.corpus[place], one) for place in some.places for one in data.corpus[place].annotations]
    columns = {
        "ratings": [entrant.labels[place] for place, _, _ in rows],
        "gold": [one.label for _, _, one in rows],
        "by": [one.annotator for _, _, one in rows],
    }
    return columns, [f"item {item.id}" if item.group is None else f"group {item.group}" for _, item, _ in rows]


def _parts(data: Opened) -> dict[str, Sequence[str | None]]:
    """Return the part of each item by every column that was asked for, and by group where those are few."""
    groups = data.corpus.groups()
    few = 2 <= len({group for group in groups if group is not None}) <= MOST_PARTS
    return {**({"group": groups} if few else {}), **data.by}


def _no_alt_test(data: Opened, some: Some) -> str:
    """Say why the alternative annotator test cannot be made; empty where it can."""
    if not data.names_people:
        return "the data do not say who gave which label"
    counts: dict[str | None, int] = {}
    for place in some.places:
        item = data.corpus[place]
        if len(item.annotations) > 1:
            for one in item.annotations:
                counts[one.annotator] = counts.get(one.annotator, 0) + 1
    enough = sum(count >= _FEW_ITEMS for count in counts.values())
    if enough < 3:
        return f"it takes 3 people with {_FEW_ITEMS} items or more, of two labels or more; there are {enough}"
    return ""
