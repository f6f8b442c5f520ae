"""What holds of any guideline and any traces: the untouched part stays, and every rule has its sources in train."""

import json
import re
from typing import Any

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.data import Draw, Ordinal
from accord.optimizers import DistillGuideline
from accord.optimizers.distillation.writer_reply import read_reply
from accord.programs import Case, Guideline, Part, Prompt, Rater, rules_of, scripted_lm

TWO = Ordinal(1, 2)
_LINES = st.text(st.characters(codec="utf-8", exclude_characters="\r", exclude_categories=("Cs",)), max_size=30)
_TEXTS = st.lists(_LINES, max_size=6).map("\n".join).filter(
    lambda text: not re.search(r"^#|^\s*#+\s|</?guideline>", text, re.MULTILINE | re.IGNORECASE)
)  # fmt: skip
_SENTENCES = ("It breaks off early on.", "Somebody is insulted in it.", "The turn is a skilful one.", "It ends well.")


def _draw(text: str) -> Draw:
    return Draw("guideline", "0" * 64, 0, None, "", text=text, kind="writing")


@given(_TEXTS, _TEXTS, _TEXTS, _TEXTS, st.sampled_from(["instruction", "rubric"]))
def test_the_part_that_was_not_asked_for_stays_byte_for_byte(
    instruction: str, rubric: str, sent: str, other: str, part: Part
) -> None:
    told = Guideline(instruction, rubric, (Case({"text": "Hm."}, "Why not.", "1"),))
    parts = {"instruction": sent, "rubric": other} if part == "instruction" else {"instruction": other, "rubric": sent}
    reply = f"<guideline>\n## Instruction\n\n{parts['instruction']}\n\n## Rubric\n\n{parts['rubric']}\n</guideline>"
    found = read_reply(_draw(reply), told, part).guideline
    if found is None:
        assert not sent.strip()
        return
    untouched = "rubric" if part == "instruction" else "instruction"
    assert getattr(found, untouched) == getattr(told, untouched) and found.cases == told.cases


@pytest.mark.parametrize(
    ("instruction", "rubric"),
    [("# Instruction", "# Rubric"), ("### Instructions:", "### Rubric:"), ("## **Instruction**", "## **Rubric**")],
)
def test_headings_that_are_meant_for_the_parts_are_taken_for_them(instruction: str, rubric: str) -> None:
    told = Guideline("Rate it.", "1: so")
    reply = f"<guideline>\n{instruction}\n\nRead it.\n\n{rubric}\n\n1: bad\n</guideline>"
    assert read_reply(_draw(reply), told, "rubric").guideline == Guideline("Rate it.", "1: bad")
    assert read_reply(_draw(reply), told, "instruction").guideline == Guideline("Read it.", "1: so")


def _writer(cited: list[int]) -> dspy.LM:
    """A writer that makes a rule of each note, and cites what it is told to."""

    def script(prompt: Prompt, draw: int) -> str:
        asked = prompt.turns[0].content
        if asked.startswith("Below are the notes that an annotator made"):
            return asked.partition("# Notes")[2].strip()
        marks = [f" {cited}" if cited else "", ""]
        steps = "\n".join(f"{number}. Look at point {number}.{marks[number % 2]}" for number in range(1, 4))
        rubric = f"### 1\n- It is cut short.{marks[0]}\n\n### 2\n- It is whole."
        return f"<guideline>\n## Instruction\n\n{steps}\n\n## Rubric\n\n{rubric}\n</guideline>"

    return scripted_lm(script, model_id="writer")


@settings(max_examples=5)
@given(
    st.lists(st.tuples(st.integers(1, 2), st.sets(st.sampled_from(_SENTENCES), max_size=3)), min_size=4, max_size=12),
    st.lists(st.integers(0, 20), max_size=3),
    st.sampled_from(["two_stage", "extractive"]),
)
def test_each_source_of_each_rule_is_an_explained_item_of_train(
    made: list[tuple[int, set[str]]], cited: list[int], mode: str
) -> None:
    train = [
        dspy.Example(text=f"story {place}", label=label, item_id=f"i{place}", rationale=" ".join(sorted(said)) or None)
        .with_inputs("text")
        for place, (label, said) in enumerate([*made, (1, {_SENTENCES[0]}), (2, {_SENTENCES[3]})])
    ]  # fmt: skip
    dev = [dspy.Example(text=f"other {n}", label=1 + n % 2, item_id=f"d{n}").with_inputs("text") for n in range(4)]
    student = Rater(TWO, Guideline("Rate it.", "1: short"), lm=scripted_lm(lambda prompt, draw: "Label: 1"))
    options: dict[str, Any] = {"writer": _writer(cited)} if mode == "two_stage" else {}
    compiled = DistillGuideline(resamples=0, ablate=0, **options).compile(student, trainset=train, valset=dev)
    explained = {example["item_id"]: example["label"] for example in train if example["rationale"]}
    for candidate in compiled.candidates:
        records = {rule["id"]: rule for rule in candidate.details["rules"]}
        assert set(records) == {rule.id for rule in rules_of(candidate.rater.guideline)}
        new = [rule for rule in records.values() if rule["author"] in ("writer", "extracted")]
        assert all(rule["sources"] and set(rule["sources"]) <= set(explained) for rule in new)
        if mode == "extractive":
            assert all({str(explained[id]) for id in rule["sources"]} == {rule["heading"]} for rule in new)
        assert all(case["item"] in explained for case in candidate.details["cases"])
        assert candidate.items <= len(explained)
    assert json.loads(json.dumps(compiled.provenance)) == compiled.provenance


def test_a_line_that_leads_up_to_rules_is_nobodys_in_the_next_distillation() -> None:
    labels = [1, 2] * 6
    train = [
        dspy.Example(text=f"story {n}", label=label, item_id=f"i{n}", rationale=_SENTENCES[label]).with_inputs("text")
        for n, label in enumerate(labels)
    ]
    dev = [dspy.Example(text=f"other {n}", label=1 + n % 2, item_id=f"d{n}").with_inputs("text") for n in range(8)]

    def script(prompt: Prompt, draw: int) -> str:
        number = int(prompt.turns[-1].content.partition("other ")[2].split()[0])
        return f"Label: {1 + number % 2 if 'What was said' in prompt.turns[0].content else 1}"

    student = Rater(TWO, Guideline("Rate it."), lm=scripted_lm(script))
    options: dict[str, Any] = {"resamples": 200, "ablate": 0, "accept": "not_worse"}
    first = DistillGuideline(cases_per_level=0, **options).compile(student, trainset=train, valset=dev)
    assert first.guideline.rubric.startswith("What was said of items of each label")
    second = DistillGuideline(writer=_writer([]), **options).compile(first, trainset=train, valset=dev)
    drafts = {one.name: one for one in second.candidates}
    assert "What was said" not in drafts["rubric"].rater.guideline.rubric
    assert {rule["author"] for rule in drafts["rubric"].details["rules"]} == {"original", "writer"}
