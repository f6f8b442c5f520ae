"""Knows the record of an evaluation that is printed as JSON; measures nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..results import Baselines
from .inputs import Opened
from .label_audits import Audits
from .measure import BaselineRow, Contest, EntrantEvaluation, MeasuredEntrant, PeopleEntrants

_SCHEMA = 2
"""Of what ``accord evaluate --json`` prints."""


def record(
    evaluation: EntrantEvaluation,
    baselines: Baselines,
    data: Opened,
    audits: Mapping[str, Audits],
    *,
    verdict: Sequence[str],
    notes: Sequence[str],
) -> dict[str, Any]:
    """Return everything that was measured as JSON-able data; None stands for what is undefined, never NaN."""
    corpus = data.corpus
    return {
        "schema": _SCHEMA,
        "data": str(data.path),
        "items": len(corpus),
        "scale": corpus.scale.to_dict(),
        "gold": {"consensus": corpus.consensus, "without": list(data.people)},
        "dropped": dict(corpus.dropped),
        "verdict": list(verdict),
        "raters": [_entrant(one, audits[one.entrant.name]) for one in evaluation.measured],
        "constant": {
            **_row(evaluation.baselines, "constant"),
            "label": baselines.constant,
            "from": baselines.constant_from,
        },
        "baselines": {
            row.key: {"name": row.name, **row.agreement.to_dict(), "from": baselines.fitted}
            for row in evaluation.baselines
            if row.key != "constant"
        },
        "one_human": None if evaluation.people.one is None else evaluation.people.one.agreement.to_dict(),
        "people": _people(evaluation.people),
        "comparisons": [_contest(contest) for contest in evaluation.contests],
        "notes": list(notes),
    }


def _row(rows: Sequence[BaselineRow], key: str) -> dict[str, Any]:
    return next(row.agreement.to_dict() for row in rows if row.key == key)


def _entrant(one: MeasuredEntrant, audits: Audits) -> dict[str, Any]:
    entrant = one.entrant
    return {
        "name": entrant.name,
        "kind": entrant.kind,
        "source": entrant.source,
        **one.agreement.to_dict(),
        "unparsed_by_reason": dict(entrant.unreadable),
        "sampled_by_reason": dict(entrant.sampled),
        "not_rated": entrant.missing,
        "unknown_items": entrant.unknown,
        "items_without_gold": entrant.unmeasured,
        "repeated": entrant.repeated,
        "audits": [found.to_dict() for found in audits.findings],
        "alt_test": None if audits.alt_test is None else audits.alt_test.to_dict(),
        "alt_test_note": audits.alt_note,
        "replace_one": None if audits.replaced is None else audits.replaced.to_dict(),
    }


def _people(people: PeopleEntrants) -> dict[str, Any]:
    return {
        "annotators": people.annotators,
        "one_human_skipped": dict(people.skipped),
        "among_each_other": people.among.to_dict(),
        "gold": people.reliability.to_dict(),
        "each": None if people.each is None else people.each.to_dict(),
    }


def _contest(contest: Contest) -> dict[str, Any]:
    return {
        "a": contest.a,
        "b": contest.b,
        "against": contest.against,
        **contest.difference.to_dict(),
        "p_holm": contest.adjusted,
        "better": contest.better,
        "worse": contest.worse,
        "labels_needed": None if contest.needed is None else contest.needed.to_dict(),
    }
