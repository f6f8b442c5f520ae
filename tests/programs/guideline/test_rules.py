"""Rules within a guideline's text: found, named, taken out and compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.data import InputError
from accord.programs import Guideline, find_rule, guideline_diff, rules_of, with_rule, without_rule

RUBRIC = """Rate the whole text.

### 1
- The writer insults the reader. (8 items)
- It threatens,
  in any words:
  - with harm
  - with the law

### 2
1. Facts only.

Two paragraphs are
one rule each."""
TOLD = Guideline("Read it twice.\n\nThen rate.", RUBRIC)


def test_list_items_and_paragraphs_are_rules_under_their_headings() -> None:
    assert [(rule.part, rule.heading, rule.text) for rule in rules_of(TOLD)] == [
        ("instruction", "", "Read it twice."),
        ("instruction", "", "Then rate."),
        ("rubric", "", "Rate the whole text."),
        ("rubric", "1", "The writer insults the reader."),
        ("rubric", "1", "It threatens, in any words: - with harm - with the law"),
        ("rubric", "2", "Facts only."),
        ("rubric", "2", "Two paragraphs are one rule each."),
    ]


def test_a_rule_keeps_its_id_wherever_it_stands_and_whatever_its_support() -> None:
    told = Guideline("Then rate.", "### 1\n\nThreats come first.\n\n* The writer  insults the reader. (11 items)")
    ids = {rule.text: rule.id for rule in rules_of(TOLD)}
    assert {rule.text: rule.id for rule in rules_of(told)} == {
        "Then rate.": ids["Then rate."],
        "Threats come first.": rules_of(told)[1].id,
        "The writer insults the reader.": ids["The writer insults the reader."],
    }
    assert len(set(ids.values())) == len(ids)


def test_a_rule_is_found_by_the_beginning_of_its_id() -> None:
    rule = rules_of(TOLD)[3]
    assert find_rule(TOLD, rule.id[:6]) == find_rule(TOLD, rule.id.upper()) == rule
    for wanted in ("", "xyz"):
        with pytest.raises(InputError, match=f"no rule {wanted!r}.*accord guideline show"):
            find_rule(TOLD, wanted)
    with pytest.raises(InputError, match="2 rules begin with"):
        many = Guideline("\n".join(f"- rule {number}" for number in range(17)))
        find_rule(many, _shared_start([rule.id for rule in rules_of(many)]))


def _shared_start(ids: list[str]) -> str:
    """Of 17 ids two begin with the same of 16 digits."""
    starts = [id[0] for id in ids]
    counts = {start: starts.count(start) for start in starts}
    assert 2 in counts.values()
    return next(start for start, count in counts.items() if count == 2)


def test_taking_a_rule_out_leaves_every_other_line() -> None:
    rules = rules_of(TOLD)
    assert without_rule(TOLD, rules[4]).rubric == (
        "Rate the whole text.\n\n### 1\n- The writer insults the reader. (8 items)\n\n### 2\n1. Facts only.\n\n"
        "Two paragraphs are\none rule each."
    )
    assert without_rule(TOLD, rules[0]) == Guideline("Then rate.", RUBRIC)


def test_taking_a_rule_out_leaves_empty_lines_elsewhere_alone() -> None:
    told = Guideline("Read.\n\n\n```\na\n\n\nb\n```\n\nSkip.\n\nRate.\n\n\nEnd.")
    (skip,) = [rule for rule in rules_of(told) if rule.text == "Skip."]
    assert without_rule(told, skip).instruction == told.instruction.replace("Skip.\n\n", "")


def test_a_list_item_without_words_is_no_rule() -> None:
    told = Guideline("- \n- Be fair.\n* \n1. Read.")
    assert [rule.text for rule in rules_of(told)] == ["Be fair.", "Read."]


def test_a_heading_may_end_with_a_sign_that_closes_headings() -> None:
    told = Guideline("Rate.", "### C#\n- Typed.\n\n### C ##\n- Terse.")
    assert [rule.heading for rule in rules_of(told)[1:]] == ["C#", "C"]


def test_a_heading_without_rules_goes_and_one_above_others_stays() -> None:
    told = Guideline("Rate.", "# Levels\n\n## 1\n- Rude.\n\n## 2\n- Kind.")
    rude, kind = rules_of(told)[1:]
    assert without_rule(told, rude).rubric == "# Levels\n\n## 2\n- Kind."
    assert without_rule(told, kind).rubric == "# Levels\n\n## 1\n- Rude."


def test_a_rule_of_another_guideline_cannot_be_taken_out() -> None:
    with pytest.raises(InputError, match="does not stand in it"):
        without_rule(Guideline("Rate."), rules_of(TOLD)[4])


_TEXTS = st.lists(
    st.sampled_from(["- one", "- two (3 items)", "  - deeper", "### 1", "## 2", "", "prose", "more prose", "1. step"])
).map("\n".join)


@given(_TEXTS, _TEXTS)
def test_taking_a_rule_out_takes_out_that_rule_alone(instruction: str, rubric: str) -> None:
    told = Guideline(instruction, rubric)
    for rule in rules_of(told):
        left = [other.text for other in rules_of(without_rule(told, rule))]
        # Lines that stood apart may become one paragraph; no word is lost or made.
        assert sorted(" ".join(left).split()) == sorted(
            " ".join(other.text for other in rules_of(told) if other != rule).split()
        )


def test_a_rule_is_put_under_its_heading_once() -> None:
    threat, facts = rules_of(TOLD)[4], rules_of(TOLD)[5]
    told = Guideline("Rate.", "### 1\n- Rude.\n\n### 2\nPlain.")
    more = with_rule(with_rule(told, threat), facts)
    assert more.rubric == (
        "### 1\n- Rude.\n- It threatens, in any words: - with harm - with the law\n\n### 2\nPlain.\n\n- Facts only."
    )
    assert {threat.id, facts.id} <= {rule.id for rule in rules_of(more)}
    assert with_rule(more, threat) == more
    assert with_rule(Guideline("Rate."), facts).rubric == "### 2\n- Facts only."


@given(_TEXTS, _TEXTS)
def test_putting_a_rule_in_loses_no_other(text: str, other: str) -> None:
    told = Guideline("Rate.", text)
    for rule in rules_of(Guideline("Rate.", other)):
        more = with_rule(told, rule)
        assert rule.id in {own.id for own in rules_of(more)}
        assert {own.id for own in rules_of(told)} <= {own.id for own in rules_of(more)}


def test_a_diff_says_what_was_added_dropped_and_changed() -> None:
    new = Guideline(
        "Then rate.",
        RUBRIC.replace("The writer insults the reader.", "The writer insults the reader or others.").replace(
            "1. Facts only.", "1. Opening hours."
        ),
    )
    kinds = [
        (change.kind, change.where, change.heading, change.old, change.new) for change in guideline_diff(TOLD, new)
    ]
    assert kinds == [
        ("dropped", "instruction", "", "Read it twice.", ""),
        ("dropped", "rubric", "2", "Facts only.", ""),
        (
            "changed",
            "rubric",
            "1",
            "The writer insults the reader.",
            "The writer insults the reader or others.",
        ),
        ("added", "rubric", "2", "", "Opening hours."),
    ]
    assert guideline_diff(TOLD, TOLD) == ()


@given(_TEXTS, _TEXTS)
def test_a_diff_accounts_for_every_rule_and_is_its_own_opposite(one: str, other: str) -> None:
    old, new = Guideline(one), Guideline(other)
    changes = guideline_diff(old, new)
    before, after = {rule.id for rule in rules_of(old)}, {rule.id for rule in rules_of(new)}
    assert {change.old_id for change in changes if change.old_id} == before - after
    assert {change.new_id for change in changes if change.new_id} == after - before
    back = guideline_diff(new, old)
    assert sorted(change.kind for change in back if change.kind == "changed") == sorted(
        change.kind for change in changes if change.kind == "changed"
    )
