"""Knows what each rule of a guideline brings on dev, and leaves out those that bring nothing; writes none itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...programs import rules_of, without_rule
from ..drafts import Draft, RuleRecord
from .gate import Gate, MeasuredDraft

_LOSES = "of the guideline's alpha on dev: above 0, the rule pays"


@dataclass(frozen=True)
class Ablated:
    """What came of taking rules out one by one.

    Attributes:
        whole: The guideline with the effect of every rule that was tried.
        pruned: The guideline without the rules that dev does not miss, the others with their effects; None where dev
            misses every rule that was tried.
    """

    whole: MeasuredDraft
    pruned: MeasuredDraft | None


def ablated(gate: Gate, whole: MeasuredDraft, most: int) -> Ablated:
    """Take each new rule out of a guideline and rate dev without it; then leave out what is not missed.

    The rules without which dev agrees as well or better go one by one, the least missed first, and every further one
    only if the guideline without it is no worse than it was at the start. Rules that people wrote, and those that the
    student already had, are never tried. Where a checklist is fitted on dev, what is left of it is fitted from what was
    proposed: a fit on all of dev would have told every fold what the others hold.

    Args:
        gate: Measures guidelines.
        whole: The guideline.
        most: The most rules that are tried, those with the fewest sources first; 0 tries none.
    """
    new = [rule for rule in whole.draft.rules if rule.author in ("extracted", "writer")]
    tried = sorted(new, key=lambda rule: (rule.support, rule.id))[:most]
    if not tried:
        return Ablated(whole, None)
    without = gate.measure([_without(whole.proposed, [rule]) for rule in tried], "rating dev without a rule")
    loss = {rule.id: whole.mean - one.mean for rule, one in zip(tried, without, strict=True)}
    effects = {rule.id: _effect(gate, whole, one) for rule, one in zip(tried, without, strict=True)}
    draft, proposed = (replace(one, rules=_told(one.rules, effects)) for one in (whole.draft, whole.proposed))
    whole = replace(whole, draft=draft, proposed=proposed)
    unmissed = sorted((rule for rule in tried if loss[rule.id] <= 0), key=lambda rule: loss[rule.id])
    gone: list[RuleRecord] = []
    kept: MeasuredDraft | None = None
    for rule in unmissed:
        (one,) = gate.measure([_without(whole.proposed, [*gone, rule])], "rating dev without several rules")
        if one.mean >= whole.mean:
            gone.append(rule)
            kept = one
    if kept is None:
        return Ablated(whole, None)
    dropped = [{"id": rule.id, "text": rule.text, "loss": loss[rule.id]} for rule in gone]
    draft = replace(kept.draft, details={**kept.draft.details, "dropped_rules": dropped})
    return Ablated(whole, replace(kept, draft=draft))


def _without(draft: Draft, rules: Sequence[RuleRecord]) -> Draft:
    """Return the draft without some of its rules."""
    guideline = draft.rater.guideline
    gone = {rule.id for rule in rules}
    while True:
        found = next((rule for rule in rules_of(guideline) if rule.id in gone), None)
        if found is None:
            break
        guideline = without_rule(guideline, found)
    left = tuple(rule for rule in draft.rules if rule.id not in gone)
    return replace(draft, name=f"{draft.name}_pruned", rater=draft.rater.variant(guideline=guideline), rules=left)


def _effect(gate: Gate, whole: MeasuredDraft, without: MeasuredDraft) -> Mapping[str, Any]:
    found = gate.difference(whole, without)
    return {**{name: found[name] for name in ("metric", "value", "low", "high", "n")}, "of": _LOSES}


def _told(rules: Sequence[RuleRecord], effects: Mapping[str, Mapping[str, Any]]) -> tuple[RuleRecord, ...]:
    return tuple(replace(rule, effect=effects[rule.id]) if rule.id in effects else rule for rule in rules)
