"""Knows how verdicts on pairs turn and combine when pairs are shown in both orders; knows nothing about fields."""

from collections.abc import Sequence
from typing import Literal, get_args

from ..errors import InputError, SetupError
from ..scales import Label, Pairwise, Scale

Disagree = Literal["tie", "none", "given"]
"""What two verdicts that differ come to: a tie, no verdict, or the verdict in the order given."""

_TURNED = {"A": "B", "B": "A", "tie": "tie"}


def turned(verdict: Label | None) -> Label | None:
    """Return the verdict as it reads with the two exchanged: ``A`` for ``B``, ``B`` for ``A``; a tie and None stay."""
    return None if verdict is None else _TURNED[str(verdict)]


def check_pairwise(scale: Scale, place: str) -> Scale:
    """Return the scale if it is one of pairs.

    Raises:
        SetupError: If it is not.
    """
    if not scale.comparative:
        cure = "Give Pairwise(), whose verdicts are A, B and tie."
        raise SetupError(f"the {scale.kind} scale has no verdicts on pairs", place=place, cure=cure)
    return scale


def rule_where_orders_differ(scale: Scale, disagree: Disagree | None, place: str) -> Disagree:
    """Return the rule, by default a tie where the scale has one and else no verdict.

    Raises:
        SetupError: For an unknown rule, or a tie on a scale without.
    """
    if disagree is None:
        return "tie" if "tie" in scale else "none"
    if disagree not in get_args(Disagree):
        cure = f"Give one of {', '.join(get_args(Disagree))}."
        raise SetupError(f"unknown disagree={disagree!r}", place=place, cure=cure)
    if disagree == "tie" and "tie" not in scale:
        raise SetupError("the scale has no tie", place=place, cure="Give disagree='none' or 'given', or Pairwise().")
    return disagree


def both_orders(
    given: Sequence[Label | None],
    swapped: Sequence[Label | None],
    scale: Scale | None = None,
    *,
    disagree: Disagree | None = None,
) -> list[Label | None]:
    """Make one verdict of two: what both orders say, and where they differ what the rule says.

    A verdict in one order alone is as good as no verdict: nobody knows whether it would have stood.

    Args:
        given: Verdicts on the pairs as they are; None where there was no readable answer.
        swapped: Verdicts on the same pairs with the two exchanged, as they were said there: ``A`` is the pair's B.
        scale: A `Pairwise`; None for one with ties.
        disagree: What verdicts that differ come to; None for a tie where the scale has one, else no verdict.

    Raises:
        InputError: For lengths that differ or a verdict that is not on the scale.
        SetupError: For a scale that is not of pairs, or a rule that it does not allow.
    """
    place = "both_orders"
    scale = check_pairwise(Pairwise() if scale is None else scale, place)
    rule = rule_where_orders_differ(scale, disagree, place)
    if len(given) != len(swapped):
        raise InputError(f"{len(swapped)} swapped verdicts for {len(given)} given ones", cure="Give one for each pair.")
    for name, verdicts in (("given", given), ("swapped", swapped)):
        for verdict in set(verdicts):
            if verdict is not None:
                scale.check(verdict, name)
    return [combined(one, other, rule) for one, other in zip(given, swapped, strict=True)]


def combined(given: Label | None, swapped: Label | None, disagree: Disagree) -> Label | None:
    """Combine the verdicts on one pair by a rule from `rule_where_orders_differ`; see `both_orders`."""
    if given is None or swapped is None:
        return None
    return given if given == turned(swapped) else where_orders_differ(given, disagree)


def where_orders_differ(given: Label, disagree: Disagree) -> Label | None:
    """Return what a pair comes to whose verdict in the order given does not stand in the other."""
    return {"tie": "tie", "none": None, "given": given}[disagree]
