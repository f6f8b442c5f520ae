"""Knows which rules stand in a guideline that is distilled anew, and which of them must stay; writes none itself."""

from collections.abc import Sequence
from dataclasses import replace

from ..programs import GuidelineRule, Rater, rules_of, with_rule
from .drafts import Draft, Drafts, RuleRecord


def standing(student: Rater, known: Sequence[RuleRecord]) -> tuple[RuleRecord, ...]:
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

    Args:
        proposed: The drafts.
        before: The rules that stood in the guideline they were made from, see `standing`.
    """
    return replace(proposed, drafts=tuple(_keeping(draft, before) for draft in proposed.drafts))


def _keeping(draft: Draft, before: Sequence[RuleRecord]) -> Draft:
    guideline = draft.rater.guideline
    for record in before:
        if record.author == "human":
            guideline = with_rule(guideline, GuidelineRule(record.part, record.heading, record.text, 0, 1))
    records = {record.id: record for record in (*before, *draft.rules)}
    # A line that only leads up to rules has no record of its own; without one it would pass for a person's next time.
    rules = tuple(records.get(rule.id, RuleRecord.of(rule, "original")) for rule in rules_of(guideline))
    if guideline == draft.rater.guideline:
        return replace(draft, rules=rules)
    return replace(draft, rater=draft.rater.variant(guideline=guideline), rules=rules)
