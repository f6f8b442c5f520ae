"""Knows the words of the first screen of the page about a run; measures nothing."""

from collections.abc import Mapping
from typing import Any

from ...data.values import undefined_last
from ..results import number
from .blocks import Fact, count_cell, share, some, span
from .findings import RunFindings
from .run_contents import RunContents

_LEVELS = 12
"""Levels up to which single ones are spoken of."""

_ENOUGH = 10
"""Items of a level from which on its share of right labels says something."""

_FEW = 100
"""Test items under which the first screen warns."""


def facts(contents: RunContents) -> list[Fact]:
    """Return the figures of the first screen: the rater, people, the best simple rater, the price."""
    found: list[Fact] = []
    own, human = contents.chosen_row, contents.row("human")
    if own is not None:
        found.append(Fact(f"'{own['name']}', the saved rater", *_alpha(own)))
    if human is not None:
        found.append(Fact("[[one human against the others]]", *_alpha(human)))
    simple = [row for row in contents.rows if row["kind"] in ("baseline", "zero-shot") and row is not own]
    if simple:
        best = max(simple, key=lambda row: undefined_last(row["metrics"]["alpha"]["value"]))
        word = "[[zero-shot]]" if best["kind"] == "zero-shot" else "[[baseline]]"
        found.append(Fact(f"{best['name']}, the best simple rater ({word})", *_alpha(best)))
    cost = contents.report.get("traces", {}).get("cost")
    if cost:
        found.append(Fact("cost of all draws", *_cost(cost)))
    return found


def _alpha(row: Mapping[str, Any]) -> tuple[str, str]:
    alpha = row["metrics"]["alpha"]
    return number(alpha["value"]), f"alpha, 95 % interval {span(alpha)}, {some(row['n'], 'test item')}"


def _cost(cost: Mapping[str, Any]) -> tuple[str, str]:
    tokens = (cost.get("prompt_tokens") or 0) + (cost.get("completion_tokens") or 0)
    usd = cost.get("usd")
    draws = f"{some(cost.get('draws', 0), 'draw')} for the train items"
    if usd is None:
        return f"{tokens:,}", f"tokens, {draws}; the price is unknown"
    return f"${usd:,.2f}", f"{tokens:,} tokens, {draws}"


def cautions(contents: RunContents, findings: RunFindings) -> list[str]:
    """Return what a reader should not trust, or think of, before the figures are used."""
    report = contents.report
    said: list[str] = []
    own = contents.chosen_row
    if own is not None:
        said += _of_the_proof(contents, own)
    traces = report.get("traces", {})
    if traces.get("stopped"):
        said.append(f"The budget ended the drawing of traces early ({traces['stopped']}).")
    if traces and not traces.get("above_luck", True):
        said.append("The teacher is not clearly above [[luck]]: its traces explain nothing.")
    suspects = [one for one in traces.get("suspects", {}).get("first", ()) if one["probability"] > 0.5]
    if suspects:
        said.append(f"{some(len(suspects), 'train label')} look doubtful to the teacher (P above one half).")
    if findings.length is not None and findings.length.shown:
        said.append(f"[[length bias|Length bias]]: {findings.length.verdict}.")
    if findings.calibration is not None and findings.calibration.shown:
        said.append(f"[[calibration|Calibration]]: {findings.calibration.verdict}.")
    for audit in contents.audit.get("audits", ()):
        if audit.get("state") == "found" and audit.get("against") and audit.get("finding"):
            said.append(f"Audit, {audit['name']}: {audit['finding']['verdict']}.")
    return said


def _of_the_proof(contents: RunContents, own: Mapping[str, Any]) -> list[str]:
    said: list[str] = []
    if own["n"] < _FEW:
        said.append(f"Only {some(own['n'], 'test item')}: intervals are wide, and a difference easily stays hidden.")
    reads = contents.report.get("splits", {}).get("test", {}).get("reads", 1)
    if reads > 1:
        said.append(f"The test items were read {reads} times; a figure that was chosen after looking is too good.")
    if own.get("unparsed"):
        part = share(own["unparsed"] / own["n"])
        said.append(
            f"{count_cell(own['unparsed'])} of its replies ({part}) are [[unparsed]] and count as the constant answer."
        )
    said += _weak_levels(contents)
    said += [
        f"{row['name']} gave no readable label on {count_cell(row['unparsed'])} of {some(row['n'], 'test item')}: "
        "to be better than it proves little."
        for row in contents.rows
        if row is not own and row["kind"] in ("zero-shot", "teacher") and 2 * row.get("unparsed", 0) > row["n"]
    ]
    never = _never_given(contents)
    if never:
        items = some(contents.items_in("test"), "test item")
        said.append(f"The rater never gives {', '.join(never)}, which people do give ({items}).")
    tried = len(contents.report.get("candidates", ()))
    if tried > 1:
        said.append(
            f"It is the best of {tried} candidates on {some(contents.items_in('dev'), 'dev item')}; its dev figures "
            "are therefore too good, and only test figures are shown."
        )
    if contents.row("human") is None:
        said.append("The data hold no second label of an item, so nothing says how far people agree with each other.")
    return said


def _weak_levels(contents: RunContents) -> list[str]:
    """Name the level on which the saved rater is least often right, where it hardly ever is."""
    scale = contents.scale
    levels = () if scale is None else scale.levels_up_to(_LEVELS)
    if not levels:
        return []
    hits: dict[str, list[bool]] = {}
    for item in contents.items:
        if contents.chosen in item.said:
            hits.setdefault(item.gold, []).append(item.said[contents.chosen].label == item.gold)
    rates = {gold: sum(found) / len(found) for gold, found in hits.items() if len(found) >= _ENOUGH}
    worst = min(rates, key=lambda gold: rates[gold], default=None)
    if worst is None or rates[worst] >= 1 / len(levels):
        return []
    items = some(len(hits[worst]), "test item")
    return [f"Where people say {worst} it says so in {share(rates[worst])} of {items}: see the matrix."]


def _never_given(contents: RunContents) -> list[str]:
    scale = contents.scale
    if scale is None or scale.levels is None or not contents.items:
        return []
    golds = {item.gold for item in contents.items}
    given = {item.said[contents.chosen].label for item in contents.items if contents.chosen in item.said}
    return [name for level in scale.levels if (name := scale.write(level)) in golds and name not in given][:5]
