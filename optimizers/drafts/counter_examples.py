"""Knows which items speak against a rule: where the like was said and people gave another label."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...data import Label
from ..embedders import TFIDF, Embedder, Vectors, cosines
from ..traces import Traces
from .critiques import sentences
from .drafts import RuleRecord

_ALIKE = 0.5
"""Cosine from which a sentence says what a rule says; models that put all texts close together ask for more."""


def with_counter_examples(
    rules: Sequence[RuleRecord], traces: Traces, embedder: Embedder = TFIDF
) -> tuple[RuleRecord, ...]:
    """Return the records of rules and questions of a label with the items that speak against them.

    An item does where a draw that led to the rule's label, which is not the item's, says nearly the same: people saw
    what the rule speaks of and judged otherwise. Rejected blind draws are looked at, and hinted ones, whose reasoning
    was written for the item's own label. Rules under a heading that is no label have no counter-examples.

    Args:
        rules: The records.
        traces: All draws, accepted or not.
        embedder: Says how alike sentences are. What counts as nearly the same differs between models, so a model's
            sentences have to be as alike to a rule as those that the rules were taken from mostly are.
    """
    said = _said(traces)
    names = {traces.scale.write(level): level for level in said if level is not None}
    judged = [rule for rule in rules if rule.part != "instruction" and said.get(names.get(rule.heading))]
    if not judged:
        return tuple(rules)
    texts = [text for level in said.values() for text, _ in level]
    fitted = embedder.fitted([*texts, *(rule.text for rule in judged)])
    least = _ALIKE if embedder.embed is None else max(_ALIKE, _own_likeness(judged, traces, fitted))
    vectors = {level: fitted.transform([text for text, _ in found]) for level, found in said.items() if found}
    against: dict[str, set[str]] = defaultdict(set)
    for rule in judged:
        level = names[rule.heading]
        alike = cosines(vectors[level], fitted.transform([rule.text]))[:, 0]
        against[rule.id] |= {said[level][place][1] for place in np.flatnonzero(alike >= least)}
    return tuple(replace(rule, against=tuple(sorted(against[rule.id] - set(rule.sources)))) for rule in rules)


def _own_likeness(rules: Sequence[RuleRecord], traces: Traces, vectors: Vectors) -> float:
    """Return how alike a rule and the nearest sentence of an item that it comes from are: the median, 0 without any."""
    thought = {trace["item_id"]: sentences(str(trace["rationale"])) for trace in traces}
    found = [
        float(cosines(vectors.transform([rule.text]), vectors.transform(thought[source])).max())
        for rule in rules
        for source in rule.sources
        if thought.get(source)
    ]
    return float(np.median(found)) if found else 0.0


def _said(traces: Traces) -> dict[Label | None, list[tuple[str, str]]]:
    """Return by level the sentences that speak for it on items of another label, with the item's id."""
    found: dict[Label | None, list[tuple[str, str]]] = defaultdict(list)
    levels = traces.scale.levels or ()
    for item in traces.items:
        for draw, matched in zip(item.draws, item.matches, strict=True):
            if not matched and draw.label is not None and not draw.repaired:
                found[draw.label] += [(text, item.item_id) for text in sentences(draw.rationale)]
        if item.hinted is not None:
            others = [level for level in levels if level != item.gold]
            written = [draw for draw in item.hinted.draws if draw.kind == "hinted"]
            for text in {text for draw in written for text in sentences(draw.rationale)}:
                for level in others:
                    found[level].append((text, item.item_id))
    return found
