"""What a rewritten guideline may not say, and what honest ones say all the time and may."""

import math

import pytest

from accord.data import Interval, Nominal, Ordinal, Pairwise, Scale
from accord.optimizers.drafts.checks import Checks, DraftRefusal
from accord.optimizers.drafts.leak_guard import LeakGuard
from accord.optimizers.drafts.size_budget import SizeBudget
from accord.programs import Guideline

FIVE, QUARTERS = Ordinal(1, 5), Interval(0, 1, step=0.25)
NAMED, ANSWERS, PAIR = Ordinal.of(["poor", "fair", "good"]), Nominal(["yes", "no", "unclear"]), Pairwise()
TOLD = Guideline("Rate the story.", "1: bad\n\n5: good")
ITEM = "the king went home at night and ate seven loaves of bread"


def _refusals(new: Guideline, scale: Scale = FIVE, told: Guideline = TOLD, **options) -> list[DraftRefusal]:
    guard = LeakGuard(options.pop("items", {}).items())
    return Checks(scale, guard, **options).refusals(new, told)


def _instruction(text: str) -> Guideline:
    return Guideline(text, TOLD.rubric)


def _rubric(text: str) -> Guideline:
    return Guideline(TOLD.instruction, text)


@pytest.mark.parametrize(
    ("scale", "text"),
    [
        (FIVE, "Rate it on a scale from 1 to 10."),
        (FIVE, "Score it between 0 and 100."),
        (FIVE, "Rate it 1–7."),
        (FIVE, "Rate from 0 to 5."),
        (FIVE, "The rating ranges from 1 to 10"),
        (FIVE, "Assign a number from 1 to 10."),
        (FIVE, "Give it 1 to 10 points."),
        (FIVE, "Use a 1-10 scale."),
        (FIVE, "Use a ten-point scale."),
        (FIVE, "On a 7 point Likert scale, judge it."),
        (FIVE, "Score it out of 10."),
        (FIVE, "A rating of 8/10 is good."),
        (QUARTERS, "Rate from 1 to 5."),
        (NAMED, "Give a score from 1 to 10."),
        (ANSWERS, "Rate from 1 to 5."),
        (PAIR, "Score each of the two from 1 to 10."),
    ],
)
def test_another_scale_in_the_text_is_refused(scale: Scale, text: str) -> None:
    (found,) = _refusals(_instruction(text), scale)
    assert found.reason == "other_scale" and len(found.rules) == 1


@pytest.mark.parametrize(
    ("scale", "text"),
    [
        (FIVE, "Rate it from 1 to 5."),
        (FIVE, "Rate it from 1.0 to 5.0."),
        (FIVE, "Use a scale from 5 to 1."),
        (FIVE, "Rate it 5 (best) to 1 (worst)."),
        (FIVE, "Labels 2 to 4 are for the middle."),
        (FIVE, "A score of 5 out of 5 is rare; use the five-point scale as given."),
        (FIVE, "Quotes from 3 to 10 sentences are fine."),
        (FIVE, "Rate the story lower if 5 to 10 words are misspelled."),
        (FIVE, "Rated stories have 10 to 20 readers each."),
        (FIVE, "Stories of 100-200 words are rated by their plot."),
        (FIVE, "From 1990 to 2000 many stories were so."),
        (FIVE, "If two out of 3 facts are wrong, rate it 2."),
        (FIVE, "### 6 steps to follow\n- Read it."),
        (FIVE, "### 7. Weigh it\n- Weigh the plot."),
        (QUARTERS, "Rate from 0 to 1; a score between 0.3 and 0.7 is usual."),
        (NAMED, "A good reader finds a fair share of poor sentences in lines 3 to 10."),
        (ANSWERS, "Answer yes if 3 to 5 signs are there, and no score is needed."),
    ],
)
def test_numbers_in_other_roles_and_the_own_scale_are_not(scale: Scale, text: str) -> None:
    assert _refusals(_instruction(text), scale) == []


@pytest.mark.parametrize(
    ("scale", "rubric"),
    [
        (FIVE, "### 6\n- It is superb."),
        (FIVE, "### Label 7: superb\n- It is so."),
        (FIVE, "### 2.5\n- It is half good."),
        (FIVE, "### 0\n- There is nothing."),
        (FIVE, "6: superb\n\n1: bad"),
        (FIVE, "- **10** - flawless"),
        (FIVE, "### Poor\n- a\n\n### Weak\n- b\n\n### Fair\n- c\n\n### Good\n- d\n\n### Superb\n- e"),
        (NAMED, "### 1\n- a\n\n### 2\n- b\n\n### 3\n- c"),
        (ANSWERS, "### true\n- a\n\n### false\n- b\n\n### perhaps\n- c"),
    ],
)
def test_labels_of_another_scale_in_the_rubric_are_refused(scale: Scale, rubric: str) -> None:
    assert {found.reason for found in _refusals(_rubric(rubric), scale)} == {"other_scale"}


@pytest.mark.parametrize(
    ("scale", "rubric"),
    [
        (FIVE, "### Label 1: bad\n- It is dull.\n\n### Score 5 (best)\n- It shines."),
        (FIVE, "**1**: a bad plot\n\n**5**: a good one"),
        (FIVE, "### 1\n- There are 10 or more errors.\n- Of the words, 7 to 9 are wrong."),
        (FIVE, "### 1\n#### Plot\n- Dull.\n\n### 5\n#### Plot\n- It shines."),
        (FIVE, "### Plot\n- What happens.\n\n### Style\n- How it is told."),
        (FIVE, "### 5\n- 2024: the year is right."),
        (NAMED, "### Poor\n- Weak.\n\n### Fair\n- Neither.\n\n### Good\n- A good text."),
        (NAMED, "poor: it is bad\n\ngood: it is good"),
        (ANSWERS, "### Yes\n- It says so.\n\n### No\n- It says otherwise.\n\n### Unclear\n- It says nothing."),
        (PAIR, "### A\n- A cites more.\n\n### B\n- B cites more.\n\n### tie\n- Both cite alike."),
    ],
)
def test_labels_of_the_scale_may_be_written_in_any_way(scale: Scale, rubric: str) -> None:
    assert _refusals(_rubric(rubric), scale) == []


def test_what_the_original_says_of_another_scale_may_be_repeated() -> None:
    told = Guideline("Rate it from 1 to 10.", "### 10\n- Superb.")
    new = Guideline("Read it first. Rate it from 1 to 10.", "### 10\n- It is superb throughout.")
    assert _refusals(new, told=told) == []
    assert _refusals(new) != []


@pytest.mark.parametrize(
    ("text", "other", "refused"),
    [
        ("Look at the engagement of the reader.", "engagement", True),
        ("### Engagement\n- It is dull.", "engagement", True),
        ("Engagements of all kinds count.", "engagement", True),
        ("There is a plot-twist at the end.", "plot twist", True),
        ("Rate the plot.", "plot", True),
        ("Plot holes lower it.", "plot", False),  # the judged dimension is called so
        ("Start with the first part.", "art", False),
        ("It is stylish.", "style", False),
        ("Rate the story by its story.", "story", False),  # the original speaks of it
    ],
)
def test_another_dimension_is_named(text: str, other: str, refused: bool) -> None:
    found = _refusals(_instruction(text), others=(other,), dimension="plot holes")
    assert [one.what for one in found] == ([f"it speaks of {other}"] if refused else [])


@pytest.mark.parametrize(
    "text",
    [
        f"As in: {ITEM}, which is a 2.",
        "1. The king went home at\n2. night and ate seven loaves of bread",
        "### The king went home at night and ate\n- Rate it 2.",
    ],
)
def test_a_copy_names_its_item_wherever_it_stands(text: str) -> None:
    (found,) = _refusals(_instruction(text), items={"s17": ITEM})
    assert found.reason == "copies_item" and "it copies item 's17'" in found.what


def test_what_the_original_quotes_may_be_quoted_again() -> None:
    told = Guideline(f"Example: {ITEM} is a 2.", TOLD.rubric)
    new = Guideline(f"As in the example: {ITEM}. That is a 2.", TOLD.rubric)
    assert _refusals(new, told=told, items={"s17": ITEM}) == []


def test_the_size_is_that_of_the_whole_guideline() -> None:
    new = _instruction("Read it to the end. " * 20)
    size = math.ceil(len(new.to_markdown()) / 4)
    assert _refusals(new, budget=SizeBudget(size)) == []
    (found,) = _refusals(new, budget=SizeBudget(size - 1))
    assert (found.reason, found.what) == ("too_long", f"it has about {size} tokens, and {size - 1} are allowed")


def test_a_contradiction_is_named_with_its_labels() -> None:
    (found,) = _refusals(_rubric("### 4\n- The plot is easy to follow.\n\n### Label 5\n- Plots are easy to follow."))
    assert found.reason == "contradiction" and len(found.rules) == 2
    assert found.what == "'4' and '5' both claim: 'Plots are easy to follow.'"
