"""What a run's numbers mean in words: the least welcome sentence first, and advice that fits the evidence."""

from accord.app.results.record import RaterRow, ReportedComparison
from accord.app.results.verdict import verdict
from accord.data import Difference, Ordinal, agreement

SCALE = Ordinal(1, 5)
GOLD = [1, 2, 3, 4, 5] * 12


def row(name: str, kind: str, wrong: int) -> RaterRow:
    """Return a rater that is wrong on so many of 60 items."""
    said = [6 - label if place % 60 < wrong else label for place, label in enumerate(GOLD)]
    return RaterRow(name, kind, agreement(said, GOLD, SCALE, resamples=200))  # pyright: ignore[reportArgumentType]


def apart(value: float, low: float, high: float) -> Difference:
    return Difference("alpha", "alpha of a - alpha of b", value, low, high, None, 60, 0, (0, 0), 60, 200, 0, 0.95)


def first(before: RaterRow, value: float, low: float, high: float, *, chosen: str = "trace") -> str:
    """Return the first sentence where the compiled rater differs so much from the one before."""
    rows = (row(chosen, "candidate", 4), before, row("constant", "baseline", 50))
    found = (
        ReportedComparison(chosen, before.name, apart(value, low, high)),
        ReportedComparison(chosen, "constant", apart(0.5, 0.4, 0.6)),
    )
    return verdict(rows, found, chosen, tried=[chosen])[0]


def test_a_rater_that_is_as_good_before_needs_no_compile() -> None:
    said = first(row("zero-shot", "zero-shot", 3), -0.02, -0.1, 0.06)
    assert said.startswith("No compile is needed: zero-shot has alpha 0.") and "60 test items" in said
    assert said.endswith("Do not compile; use the rater as it was.")


def test_a_gain_that_is_too_small_to_matter_needs_no_compile_either() -> None:
    assert first(row("zero-shot", "zero-shot", 4), 0.01, -0.02, 0.04).startswith("No compile is needed")


def test_an_open_question_is_called_open() -> None:
    said = first(row("zero-shot", "zero-shot", 8), 0.1, -0.02, 0.22)
    assert said.startswith("The compile is not shown to pay: zero-shot") and said.endswith(
        "more test items would tell."
    )


def test_a_compile_that_changed_nothing_says_so() -> None:
    said = first(row("zero-shot", "zero-shot", 4), 0.0, 0.0, 0.0, chosen="original")
    assert said.startswith("No compile is needed: the rater stays as it was") and "'original'" not in said


def test_a_rater_that_agrees_with_nobody_is_not_recommended_for_being_as_good() -> None:
    said = first(row("zero-shot", "zero-shot", 40), 0.0, -0.1, 0.1)
    assert said.startswith("A simpler rater did as well: ") and said.endswith("Do not deploy it on this evidence.")


def test_a_rater_that_is_better_is_called_so() -> None:
    said = first(row("zero-shot", "zero-shot", 20), 0.4, 0.2, 0.6)
    assert said.startswith("'trace' has alpha 0.") and "above every simple rater" in said
