"""Knows how to say in words what the numbers of a run mean, the least welcome sentence first; measures nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...data import Difference, Estimate
from ...data.values import undefined_last

if TYPE_CHECKING:
    from .record import RaterRow, ReportedComparison

_SIMPLER = ("label", "label_all", "original")
"""Candidates that carry no reasoning, or are the rater as it was."""

_LITTLE = 0.05
"""A gain in alpha that no compile is worth, even if it is there."""


def verdict(
    rows: Sequence["RaterRow"],
    comparisons: Sequence["ReportedComparison"],
    chosen: str,
    *,
    tried: Sequence[str],
    paid: str = "",
    luck: str = "",
    drafts: Sequence[str] = (),
) -> tuple[str, ...]:
    """Return the run's findings as sentences, most important first.

    A rater is called better only if the 95 % interval of the paired difference in alpha lies above 0.

    Args:
        rows: The table.
        comparisons: The chosen rater against every other one, on the test items.
        chosen: Name of the rater that dev chose.
        tried: Names of the candidates that were compared on dev.
        paid: What dev says of rationales against the labels alone, or empty.
        luck: Warning about a teacher that is not above luck, or empty.
        drafts: What is to be said of the drafts of a guideline and their choice.
    """
    by_name = {row.name: row for row in rows}
    against = {comparison.b: comparison.difference for comparison in comparisons}
    rivals = [row for row in rows if row.kind in ("zero-shot", "baseline") and row.name != chosen]
    as_good = [row for row in rivals if not _above(against[row.name])]
    sentences: list[str] = []
    if as_good:
        best = max(as_good, key=lambda row: _value(row))
        low = best.agreement.metrics["alpha"].low
        if best.kind == "zero-shot" and low is not None and low > 0:
            sentences.append(_needless(by_name[chosen], best, against[best.name]))
        else:
            sentences.append(
                f"A simpler rater did as well: {best.name} has alpha {_alpha(best)}, the compiled '{chosen}' "
                f"{_alpha(by_name[chosen])} (difference {_interval(against[best.name])}). "
                "Do not deploy it on this evidence."
            )
    if chosen in _SIMPLER and "trace" in tried:
        sentences.append(
            f"The simpler candidate won: '{chosen}', trained on labels alone, was chosen on dev over 'trace' "
            f"(on test, '{chosen}' minus 'trace' is {_interval(against.get('trace'))} in alpha)."
        )
    sentences += drafts
    if not as_good and rivals:
        best = max(rivals, key=lambda row: _value(row))
        sentences.append(
            f"'{chosen}' has alpha {_alpha(by_name[chosen])} with people on {by_name[chosen].agreement.n} test items, "
            f"above every simple rater; the best of them, {best.name}, has {_alpha(best)} "
            f"(difference {_interval(against[best.name])})."
        )
    for row in rows:
        if row.kind == "teacher" and row.name in against:
            sentences.append(_beside(chosen, row, against[row.name]))
        if row.kind == "human":
            sentences.append(
                f"For comparison, one human against the others has alpha {_alpha(row)}: a reference, not a ceiling."
            )
    if paid:
        sentences.append(f"Did the rationales pay on dev? {paid}.")
    if luck:
        sentences.append(luck)
    return tuple(sentences)


def _needless(chosen: "RaterRow", before: "RaterRow", difference: Difference) -> str:
    """Advise against the compile: the rater as it was agrees with people, and the compiled one is not above it."""
    has = f"{before.name} has alpha {_alpha(before)} with people on {before.agreement.n} test items"
    if chosen.name == "original":
        return f"No compile is needed: the rater stays as it was, and {has}. Use it as it is."
    against = f"the compiled '{chosen.name}' has {_alpha(chosen)} (difference {_interval(difference)})"
    nothing_gained = difference.value is not None and difference.value <= 0
    if nothing_gained or (difference.high is not None and difference.high <= _LITTLE):
        return f"No compile is needed: {has}, and {against}. Do not compile; use the rater as it was."
    return (
        f"The compile is not shown to pay: {has}, and {against}. Do not compile on this evidence; more test items "
        "would tell."
    )


def _beside(chosen: str, teacher: "RaterRow", difference: Difference) -> str:
    if _above(difference):
        standing = "is better than the prompted teacher"
    elif difference.high is not None and difference.high < 0:
        standing = "is worse than the prompted teacher"
    else:
        standing = "cannot be told apart from the prompted teacher"
    return f"'{chosen}' {standing} (alpha {_alpha(teacher)}, difference {_interval(difference)})."


def _above(difference: Difference) -> bool:
    return difference.low is not None and difference.low > 0


def _value(row: "RaterRow") -> float:
    return undefined_last(row.agreement.metrics["alpha"].value)


def _alpha(row: "RaterRow") -> str:
    return number(row.agreement.metrics["alpha"].value)


def _interval(found: Difference | Estimate | None) -> str:
    if found is None or found.value is None:
        return "undefined"
    if found.low is None or found.high is None:
        return number(found.value, sign=True)
    return f"{number(found.value, sign=True)}, 95 % interval {number(found.low)} to {number(found.high)}"


def number(value: float | None, *, sign: bool = False) -> str:
    """Write a coefficient with two digits; a dash where it is undefined."""
    if value is None:
        return "-"
    return f"{value:+.2f}" if sign else f"{value:.2f}"
