"""The table of audits: every audit is made of the columns it says it needs, and is called as its finding is."""

import pytest

from accord.data import Finding, LabelErrors, Pairwise
from accord.data.audits import LABEL_AUDITS

VERDICTS = ["A", "B", "tie", "B", "A"] * 6
OTHERS = ["A", "A", "tie", "B", "B"] * 6
KNOWN = {
    "ratings": VERDICTS,
    "gold": OTHERS,
    "given": VERDICTS,
    "swapped": OTHERS,
    "lengths": [0.5, 1.0, 2.0] * 10,
    "by": ["de", "en"] * 15,
    "confidences": [0.5, 0.75, 1.0] * 10,
    "human": OTHERS,
}


@pytest.mark.parametrize("name", LABEL_AUDITS)
def test_an_audit_takes_what_it_needs_and_its_finding_has_its_name(name: str) -> None:
    audit = LABEL_AUDITS[name]
    made = audit.of({column: KNOWN[column] for column in audit.needs}, Pairwise(), resamples=20)
    finding = made.finding if isinstance(made, LabelErrors) else made
    assert isinstance(finding, Finding)
    assert finding.name == name or name == "agreement by"


def test_what_an_audit_takes_by_name_is_handed_on_where_it_is_known() -> None:
    audit = LABEL_AUDITS["label errors"]
    surely = {**KNOWN, "confidences": [1.0] * 30, "ids": [f"item {place}" for place in range(30)]}
    made = audit.of(surely, Pairwise(), resamples=20)
    assert isinstance(made, LabelErrors)
    assert made.candidates
    assert all(one.id == f"item {one.place}" for one in made.candidates)
