"""Knows which items speak against a rule: where the like was said and people gave another label."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..data import Label
from .critiques import sentences, vectorizer_of
from .drafts import RuleRecord
from .traces import Traces

_ALIKE = 0.5
"""TF-IDF cosine from which a sentence says what a rule says."""


def with_counter_examples(rules: Sequence[RuleRecord], traces: Traces) -> tuple[RuleRecord, ...]:
    """Return the records of rules of the rubric with the items that speak against them.

    An item does where a draw that led to the rule's label, which is not the item's, says nearly the same: people saw
    what the rule speaks of and judged otherwise. Rejected blind draws are looked at, and hinted ones, whose reasoning
    was written for the item's own label. Rules under a heading that is no label have no counter-examples.

    Args:
        rules: The records.
        traces: All draws, accepted or not.
    """
    said = _said(traces)
    names = {traces.scale.write(level): level for level in said if level is not None}
    judged = [rule for rule in rules if rule.part == "rubric" and said.get(names.get(rule.heading))]
    if not judged:
        return tuple(rules)
    texts = [text for level in said.values() for text, _ in level]
    vectorizer = vectorizer_of([*texts, *(rule.text for rule in judged)])
    vectors = {level: vectorizer.transform([text for text, _ in found]) for level, found in said.items() if found}
    against: dict[str, set[str]] = defaultdict(set)
    for rule in judged:
        level = names[rule.heading]
        alike = (vectors[level] @ vectorizer.transform([rule.text]).T).toarray()[:, 0]
        against[rule.id] |= {said[level][place][1] for place in np.flatnonzero(alike >= _ALIKE)}
    return tuple(replace(rule, against=tuple(sorted(against[rule.id] - set(rule.sources)))) for rule in rules)


def _said(traces: Traces) -> dict[Label | None, list[tuple[str, str]]]:
    """Return by level the sentences that speak for it on items of another label, with the item's id."""
    found: dict[Label | None, list[tuple[str, str]]] = defaultdict(list)
    levels = () if traces.scale.levels is None else traces.scale.levels
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
