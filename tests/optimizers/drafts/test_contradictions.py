"""Rules that cannot both be followed, on every kind of scale, and honest rubrics that look alike."""

import pytest

from accord.data import Interval, Nominal, Ordinal, Pairwise, Scale
from accord.optimizers.drafts.contradictions import contradictions
from accord.programs import Guideline, rules_of

FIVE, QUARTERS, PAIR = Ordinal(1, 5), Interval(0, 1, step=0.25), Pairwise()
NAMED, ANSWERS = Ordinal.of(["poor", "good"]), Nominal(["yes", "no"])


def _found(rubric: str, scale: Scale) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.why, one.levels) for one in contradictions(rules_of(Guideline("Rate it.", rubric)), scale)]


@pytest.mark.parametrize(
    ("scale", "rubric", "levels"),
    [
        (FIVE, "### 4\n- The plot is easy to follow.\n\n### 5\n- The plot is easy to follow.", ("4", "5")),
        (
            FIVE,
            "### Label 4: fine\n- The plot is easy to follow.\n\n### 5 - best\n- Plots are easy to follow.",
            ("4", "5"),
        ),
        (FIVE, "1: The plot breaks off early.\n\n2: The plot breaks off early.", ("1", "2")),
        (
            QUARTERS,
            "### 0.25\n- Half of the facts are right.\n\n### 0.50\n- Half of the facts are right.",
            ("0.25", "0.5"),
        ),
        (
            NAMED,
            "### Poor\n- The writer never gives reasons.\n\n### Good\n- The writer never gives reasons.",
            ("poor", "good"),
        ),
        (ANSWERS, "### yes\n- The writer insults readers.\n\n### no\n- The writer insults readers.", ("yes", "no")),
        (PAIR, "### A\n- A cites more than B does.\n\n### B\n- A cites more than B does.", ("A", "B")),
    ],
)
def test_one_statement_for_two_labels_is_found(scale: Scale, rubric: str, levels: tuple[str, ...]) -> None:
    assert _found(rubric, scale) == [("levels", levels)]


@pytest.mark.parametrize(
    ("scale", "rubric"),
    [
        (FIVE, "### 3\n- The ending follows from the story.\n- The ending does not follow from the story."),
        (FIVE, "### 3\n- The ending isn’t clear to readers.\n- The ending is clear to readers."),
        (FIVE, "### 3\n- There are spelling errors.\n- There aren't any spelling errors."),
        (FIVE, "- Facts lack a named source.\n- Facts have a named source."),
        (QUARTERS, "### 0.5\n- The facts are never all right.\n- The facts are all right."),
        (NAMED, "good: people give their reasons\n\ngood: people fail to give their reasons"),
        (ANSWERS, "### no\n- No reason is given.\n- A reason is given."),
        (PAIR, "### tie\n- A does not cite more.\n- A cites more."),
    ],
)
def test_a_statement_and_its_denial_are_found(scale: Scale, rubric: str) -> None:
    assert _found(rubric, scale) == [("negation", ())]


@pytest.mark.parametrize(
    ("scale", "rubric"),
    [
        (
            FIVE,
            "### 4\n- The argument is mostly clear and is supported by relevant evidence from the text.\n\n"
            "### 5\n- The argument is entirely clear and is supported by relevant evidence from the text.",
        ),
        (FIVE, "### 1\n- There are more than 5 errors on a page.\n\n### 2\n- There are more than 3 errors on a page."),
        (FIVE, "### 1\n- Errors > 5 per page of text.\n\n### 2\n- Errors < 5 per page of text."),
        (FIVE, "1: The story does not end well.\n\n5: The story ends well."),
        (FIVE, "### 1\n- Polite tone.\n\n### 2\n- Polite tone."),
        (FIVE, "### 1\n- There are no errors in the first lines.\n- There are errors in the second lines."),
        (FIVE, "### Advice\n- Look at the plot alone.\n\n### 3\n- Look at the plot alone."),
        (QUARTERS, "### 0.25\n- A quarter of the facts is right.\n\n### 0.5\n- Half of the facts is right."),
        (NAMED, "### poor\n- The text is not only clear but short.\n- The text is clear."),
        (ANSWERS, "### yes\n- The writer insults the reader.\n\n### no\n- The writer does not insult the reader."),
        (PAIR, "### A\n- A answers with more detail.\n\n### B\n- B answers with more detail."),
        (PAIR, "### A\n- A cites more than B does.\n\n### B\n- B cites more than A does."),
    ],
)
def test_graded_criteria_that_look_alike_are_not(scale: Scale, rubric: str) -> None:
    assert _found(rubric, scale) == []


def test_instructions_are_not_looked_at() -> None:
    told = Guideline("- Read the story twice.\n- Do not read the story twice.")
    assert list(contradictions(rules_of(told), FIVE)) == []
