"""A guideline that is too long loses its cheapest rules, never what people wrote or a label's last criterion."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.data import Ordinal
from accord.optimizers import DistillGuideline
from accord.optimizers.drafts.drafts import CaseRecord, RuleRecord
from accord.optimizers.drafts.size_budget import SizeBudget, fitted
from accord.programs import Case, Guideline, LocalEngine, local_lm, rules_of, scripted_lm
from worlds.rule_world import RuleWorld

TWO = Ordinal(1, 2)
TOLD = Guideline(
    "1. Read it to its last line.\n2. Then rate it.",
    "### 1\n- The plot breaks off.\n- It is dull from the first line.\n\n"
    "### 2\n- A skilful turn.\n- It can be read aloud.",
)


def _records(guideline: Guideline = TOLD, **changes: dict[str, Any]) -> tuple[RuleRecord, ...]:
    """Records by the writer with one source each; changes by the rule's first word."""
    made = [RuleRecord.of(rule, "writer", ["i1"]) for rule in rules_of(guideline)]
    return tuple(replace(one, **changes.get(one.text.split()[0], {})) for one in made)


def _words(text: str) -> int:
    return len(text.split())


def _left_out(most: int, rules: tuple[RuleRecord, ...], guideline: Guideline = TOLD) -> list[str]:
    found = fitted(guideline, rules, SizeBudget(most, _words), TWO)
    assert found.guideline is not None and SizeBudget(most, _words).tokens(found.guideline) <= most
    assert {rule.id for rule in found.rules} == {rule.id for rule in rules_of(found.guideline)}
    return [one.text for one in found.left_out]


SIZE = _words(TOLD.to_markdown())


def test_what_fits_stays_as_it_is() -> None:
    found = fitted(TOLD, _records(), SizeBudget(SIZE, _words), TWO)
    assert found.guideline == TOLD and found.left_out == () and found.rules == _records()


def test_the_least_support_for_each_token_goes_first() -> None:
    # One source each: the longest rule is the cheapest, 7 words; "It can be read aloud." would be next.
    assert _left_out(SIZE - 1, _records()) == ["It is dull from the first line."]
    rich = {"sources": tuple(f"i{number}" for number in range(9))}
    found = [one for one in _records() if one.text.startswith("It is")]
    rules = tuple(replace(one, **rich) if one in found else one for one in _records())
    assert _left_out(SIZE - 1, rules) == ["Read it to its last line."]


def test_what_dev_did_not_miss_goes_before_all_and_what_it_missed_last() -> None:
    rules = _records(
        It={"effect": {"value": 0.2}}, Read={"effect": {"value": 0.1}}, Then={"effect": {"value": -0.01}}
    )  # fmt: skip
    # Of "The plot breaks off." and "A skilful turn." each may go as long as its label has another criterion.
    assert _left_out(SIZE - 1, rules) == ["Then rate it."]
    assert _left_out(SIZE - 6, rules)[:3] == ["Then rate it.", "The plot breaks off."]
    assert _left_out(SIZE - 10, rules)[:3] == ["Then rate it.", "The plot breaks off.", "A skilful turn."]


@pytest.mark.parametrize("author", ["human", "original"])
def test_what_people_wrote_never_goes(author: str) -> None:
    rules = _records(It={"author": author}, Read={"author": author})
    found = fitted(TOLD, rules, SizeBudget(20, _words), TWO)
    assert found.guideline is None and "and 20 are allowed; about 29 are left without what can go" in found.why
    everything = fitted(TOLD, _records(It={"author": "human"}), SizeBudget(SIZE - 8, _words), TWO)
    assert everything.guideline is not None and "It can be read aloud." in everything.guideline.rubric


def test_no_label_loses_its_last_criterion_and_no_part_its_last_rule() -> None:
    found = fitted(TOLD, _records(), SizeBudget(1, _words), TWO)
    assert found.guideline is None
    most = int(found.why.partition("about ")[2].partition("about ")[2].partition(" ")[0])
    smallest = fitted(TOLD, _records(), SizeBudget(most, _words), TWO).guideline
    assert smallest is not None
    assert [rule.heading for rule in rules_of(smallest)] == ["", "1", "2"]
    # "1: bad" of the original is a criterion too, so that all that was added for the label may go.
    told = Guideline("Rate it.", "1: bad\n\n2: good\n\n### 1\n- The plot breaks off.\n\n### 2\n- A skilful turn.")
    rules = _records(told, **{word: {"author": "original"} for word in ("Rate", "1:", "2:")})
    assert len(_left_out(10, rules, told)) == 2


def test_new_cases_go_too_but_not_a_labels_last_one() -> None:
    cases = [Case({"text": "so it goes " * (3 + number)}, "why", str(1 + number % 2)) for number in range(4)]
    told = replace(TOLD, cases=(Case({"text": "an old one " * 30}, "why", "1"), *cases))
    new = [CaseRecord(f"s{number}", case.label) for number, case in enumerate(cases)]
    budget = SizeBudget(_words(told.to_markdown()) - 1, _words)
    found = fitted(told, (), budget, TWO, cases=new)
    assert found.guideline is not None and [one.id for one in found.left_out] == ["s3"], "the longest"
    assert found.guideline.cases == told.cases[:4] and found.cases == tuple(new[:3])
    assert fitted(told, (), SizeBudget(1, _words), TWO, cases=new).guideline is None


def test_tokens_are_those_of_the_model_that_follows_where_they_can_be_counted(tiny_model: Path) -> None:
    # The tiny model's tokens are bytes.
    count = SizeBudget.of(None, [local_lm(LocalEngine(tiny_model)), scripted_lm(lambda prompt, draw: "")]).count
    assert count("") == 0 and count("größer") == 8
    by_hand = SizeBudget.of(None, [scripted_lm(lambda prompt, draw: "")])
    assert by_hand.count("a" * 9) == 3 and by_hand.count("ß" * 9) == 5


@given(
    st.lists(st.tuples(st.sampled_from(["1", "2"]), st.integers(1, 12), st.integers(0, 5)), min_size=1, max_size=8),
    st.integers(5, 60),
)
def test_what_is_left_fits_and_is_otherwise_untouched(rules: list[tuple[str, int, int]], most: int) -> None:
    lines = [f"### {level}\n- rule {place} {'very ' * words}plain" for place, (level, words, _) in enumerate(rules)]
    told = Guideline("Read it.  Rate\tit.", "\n\n".join(lines))
    records = tuple(
        RuleRecord.of(rule, "writer", [f"i{number}" for number in range(support)])
        for rule, (_, _, support) in zip(rules_of(told)[1:], rules, strict=True)
    )
    found = fitted(told, records, SizeBudget(most, _words), TWO)
    if found.guideline is None:
        assert found.why
        return
    assert _words(found.guideline.to_markdown()) <= most
    assert found.guideline.instruction == told.instruction, "byte for byte"
    gone = {one.id for one in found.left_out}
    assert [rule.id for rule in rules_of(found.guideline)] == [r.id for r in rules_of(told) if r.id not in gone]
    assert {rule.heading for rule in rules_of(told)} == {rule.heading for rule in rules_of(found.guideline)}


def test_the_budget_holds_without_a_writer_too() -> None:
    world = RuleWorld(stories=80)
    train, dev = world.corpus[:40].examples(), world.corpus[40:].examples()
    examples = [one.copy(rationale=f"It is told {'well ' * one['label']}indeed.") for one in train]
    student = world.rater("student")
    whole = DistillGuideline(cases_per_level=1, ablate=0, resamples=50).compile(student, trainset=examples, valset=dev)
    (both,) = [one for one in whole.candidates if one.name == "both"]
    compiler = DistillGuideline(max_tokens=both.details["tokens"] - 1, cases_per_level=2, ablate=0, resamples=50)
    found = {one.name: one for one in compiler.compile(student, trainset=examples, valset=dev).candidates}
    assert all(one.details["tokens"] < both.details["tokens"] for one in found.values())
    assert found["cases"].details["left_out"][0]["why"].startswith("a case of '")
