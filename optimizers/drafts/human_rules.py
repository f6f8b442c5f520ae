"""Knows which rules stand in a guideline that is distilled anew, and which of them must stay; writes none itself."""

from collections.abc import Sequence
from dataclasses import replace

from ...data import Scale
from ...programs import Guideline, GuidelineRule, Rater, rules_of, with_rule, without_rule
from .contradictions import contradictions
from .drafts import Draft, Drafts, RuleRecord


def standing_rules(student: Rater, known: Sequence[RuleRecord]) -> tuple[RuleRecord, ...]:
    """Return the records of the rules that stand in a student's guideline.

    Before anything was distilled all of them are ``original``. Later, a rule that no distillation made and that was
    not there before is one that a person wrote.

    Args:
        student: Whose guideline and provenance are looked at.
        known: Rules of earlier distillations beside those in the provenance.

    Raises:
        InputError: If the provenance has rules that cannot be read.
    """
    place = "the student's provenance"
    recorded = [RuleRecord.from_dict(rule, place) for rule in student.provenance.get("rules", ())]
    by_id = {record.id: record for record in (*known, *recorded)}
    author = "human" if by_id else "original"
    return tuple(by_id.get(rule.id, RuleRecord.of(rule, author)) for rule in rules_of(student.guideline))


def keeping_all(proposed: Drafts, before: Sequence[RuleRecord]) -> Drafts:
    """Return the drafts with every rule that a person wrote, and with the records of all their rules.

    A new rule that contradicts a person's gives way (``dropped["rules"]`` counts them).

    Args:
        proposed: The drafts.
        before: The rules that stood in the guideline they were made from, see `standing`.
    """
    drafts = tuple(_keeping(draft, before) for draft in proposed.drafts)
    whole = (_with_people(draft.rater.guideline, before) for draft in proposed.drafts)
    lost = sum(
        len(rules_of(guideline)) - len(rules_of(draft.rater.guideline))
        for guideline, draft in zip(whole, drafts, strict=True)
    )
    dropped = {**proposed.dropped, "rules": {"contradicts_people": lost}} if lost else proposed.dropped
    return replace(proposed, drafts=drafts, dropped=dropped)


def _with_people(guideline: Guideline, before: Sequence[RuleRecord]) -> Guideline:
    """Return a guideline with every rule that a person wrote."""
    for record in before:
        if record.author == "human":
            guideline = with_rule(guideline, GuidelineRule(record.part, record.heading, record.text, 0, 1))
    return guideline


def _unopposed(guideline: Guideline, before: Sequence[RuleRecord], scale: Scale) -> Guideline:
    """Return a guideline without the new rules that contradict what a person wrote."""
    stood = {record.id for record in before}
    people = {record.id for record in before if record.author == "human"}
    losing: set[str] = set()
    for pair in contradictions(rules_of(guideline), scale):
        losing |= {one.id for one, other in ((pair.one, pair.other), (pair.other, pair.one)) if other.id in people}
    for id in sorted(losing - stood):
        rule = next(rule for rule in rules_of(guideline) if rule.id == id)
        guideline = without_rule(guideline, rule)
    return guideline


def _keeping(draft: Draft, before: Sequence[RuleRecord]) -> Draft:
    guideline = _unopposed(_with_people(draft.rater.guideline, before), before, draft.rater.scale)
    records = {record.id: record for record in (*before, *draft.rules)}
    # A line that only leads up to rules has no record of its own; without one it would pass for a person's next time.
    rules = tuple(records.get(rule.id, RuleRecord.of(rule, "original")) for rule in rules_of(guideline))
    if guideline == draft.rater.guideline:
        return replace(draft, rules=rules)
    return replace(draft, rater=draft.rater.variant(guideline=guideline), rules=rules)
