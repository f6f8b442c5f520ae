"""Knows which audits apply to labels that are there already, and hands them what they take; knows no audit's inside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...data import (
    AltTest,
    Finding,
    Label,
    ReplaceOne,
    SetupError,
    agreement_by,
    alt_test,
    calibration,
    detectability,
    item_lengths,
    label_errors,
    labels_by_annotator,
    length_bias,
    leniency,
    level_usage,
    one_human,
    position_bias,
    replace_one,
    risk_coverage,
)
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
    findings: list[Finding] = []
    for name, audit in _audits(entrant, data, settings):
        try:
            findings += audit()
        except SetupError as error:
            # What a scale has no numbers for is an answer here, not a mistake of the caller's.
            findings.append(Finding(name, None, f"not measured: {error}", {}, 0))
    some = Some.of(entrant.rated, data.corpus)
    note = _no_alt_test(data, some)
    if note:
        return Audits(tuple(findings), None, note)
    labels = some.of_these(labels_by_annotator(data.corpus))
    given = some.of_these(entrant.labels)
    tested = alt_test(given, labels, data.corpus.scale, fill=fill)
    if not settings.full:
        return Audits(tuple(findings), tested, "")
    how: dict[str, Any] = {"groups": some.groups, "fill": fill, "resamples": settings.resamples, "seed": settings.seed}
    return Audits(tuple(findings), tested, "", replace_one(given, labels, data.corpus.scale, **how))


def _audits(entrant: Entrant, data: Opened, settings: Settings) -> list[tuple[str, Callable[[], list[Finding]]]]:
    corpus, scale = data.corpus, data.corpus.scale
    some = Some.of(entrant.rated, corpus)
    ratings, gold = some.of_these(entrant.labels), some.of_these(corpus.golds())
    how: dict[str, Any] = {"groups": some.groups, "resamples": settings.resamples, "seed": settings.seed}
    found: list[tuple[str, Callable[[], list[Finding]]]] = [
        ("leniency", lambda: [leniency(ratings, gold, scale, **how)]),
        ("level usage", lambda: [level_usage(ratings, gold, scale, **how)]),
    ]
    if (orders := entrant.orders) is not None:
        both = some.of_these(orders.given), some.of_these(orders.swapped)
        found.append(("position bias", lambda: [position_bias(*both, gold=gold, scale=scale, **how)]))
    lengths = item_lengths(corpus) if data.texts else None
    if lengths is not None:
        sizes = some.of_these(lengths)
        found.append(("length bias", lambda: [length_bias(ratings, gold, sizes, scale, **how)]))
    for name, parts in _parts(data).items():
        by = some.of_these(parts)
        found.append((f"agreement by {name}", lambda by=by, name=name: [_by(ratings, gold, by, scale, name, how)]))
    people = {one.annotator for item in corpus for one in item.annotations}
    if data.names_people and 2 <= len(people) and (len(people) <= MANY_PEOPLE or settings.full):
        found.append(("agreement by annotator", lambda: [_by_annotator(entrant, data, some, how)]))
    if entrant.confidences is not None:
        sure = some.of_these(entrant.confidences)
        if scale.levels is None:
            found.append(("calibration", lambda: [_nothing_right("calibration"), _nothing_right("risk and coverage")]))
        else:
            found.append(("calibration", lambda: [calibration(sure, ratings, gold, scale, **how)]))
            found.append(("risk and coverage", lambda: [risk_coverage(sure, ratings, gold, scale, **how)]))
            found.append(("label errors", lambda: [_label_errors(ratings, sure, gold, data, some, how)]))
    if settings.full:
        found.append(("detectability", lambda: [_detectability(ratings, data, some, how)]))
    return found


def _nothing_right(name: str) -> Finding:
    why = "not measured: on a scale without steps no label is exactly right"
    return Finding(name, None, why, {}, 0)


def _label_errors(
    ratings: list[Label | None],
    sure: list[float | None],
    gold: list[Label],
    data: Opened,
    some: Some,
    how: dict[str, Any],
) -> Finding:
    """Return the finding with the candidates' ids among its details."""
    items = [data.corpus[place] for place in some.places]
    ids, people = [item.id for item in items], [item.labels for item in items]
    found = label_errors(ratings, sure, gold, data.corpus.scale, ids=ids, labels=people, **how)
    details = {**found.finding.details, "candidates": [one.to_dict() for one in found.candidates]}
    return replace(found.finding, details=details)


def _detectability(ratings: list[Label | None], data: Opened, some: Some, how: dict[str, Any]) -> Finding:
    """Ask whether the labels can be told from those of one person drawn an item."""
    drawn = one_human(data.corpus, seed=how["seed"])
    items = [data.corpus[place] for place in some.places]
    alone = {item.id: item.labels[0] for item in items if len(item.labels) == 1}  # nobody is drawn where one labelled
    labels = alone | dict(zip(drawn.items, drawn.ratings, strict=True))
    texts = [item.text for item in items] if data.texts else None
    return detectability(ratings, [labels.get(item.id) for item in items], data.corpus.scale, texts=texts, **how)


def _by(
    ratings: list[Label | None], gold: list[Label], by: list[str | None], scale: Any, name: str, how: dict[str, Any]
) -> Finding:
    return _called(f"agreement by {name}", agreement_by(ratings, gold, by, scale, **how))


def _by_annotator(entrant: Entrant, data: Opened, some: Some, how: dict[str, Any]) -> Finding:
    """Compare agreement with each person: every label is the gold of one pair, and the pairs of an item are a group."""
    ratings: list[Label | None] = []
    gold: list[Label] = []
    by: list[str | None] = []
    groups: list[str | None] = []
    for place in some.places:
        item = data.corpus[place]
        for one in item.annotations:
            ratings.append(entrant.labels[place])
            gold.append(one.label)
            by.append(one.annotator)
            groups.append(f"item {item.id}" if item.group is None else f"group {item.group}")
    return _called(
        "agreement by annotator", agreement_by(ratings, gold, by, data.corpus.scale, **{**how, "groups": groups})
    )


def _called(name: str, found: Finding) -> Finding:
    return replace(found, name=name)


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
