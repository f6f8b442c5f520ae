"""Knows what a rating is made of when several levels are possible; does not know where their probabilities come from.

Reading a score from the distribution of labels instead of the likeliest reply is RAIL (Lukasik et al. 2024, "Regression
Aware Inference with LLMs", EMNLP Findings): the expected value suits squared error, the median absolute error.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ...data import InputError, Label, Scale, SetupError

Rule = Literal["mode", "likeliest", "mean", "expected", "median"]

_PLACE = "scoring"
_EVEN = 1e-9
"""How far below a half the sum of probabilities may be from rounding alone."""


@dataclass(frozen=True)
class Scoring:
    """How a rater's rating of an item comes about.

    ============  ==================================================================================================
    ``mode``      the label that the reply at temperature 0 gives; a label, no score
    ``likeliest`` the label with the highest probability, on any scale with levels; a label, no score
    ``mean``      the mean label of `samples` replies at temperature 1
    ``expected``  the mean over the probabilities of the scale's levels
    ``median``    the lowest level at which their sum reaches a half
    ============  ==================================================================================================

    Probabilities of levels are those of the levels as they are written at the place of the label, after the rater's own
    rationale at temperature 0, renormalized so that they sum to 1. Where they come from:

    ========================================  ======================================================================
    a model in this process, ``vllm/<path>``  every level is weighed by its tokens; the label alone needs no reply
    a server with ``api_base=``               the alternatives to the label's tokens in the reply (``top_logprobs``);
                                              levels that are not among them get 0
    a LiteLLM name such as                    the same, through DSPy's own engines, where `dspy.LM.supported_params`
    ``openai/gpt-4o-mini``                    has ``top_logprobs``
    any other model, and a scale without      shares among `samples` replies at temperature 1
    levels
    ========================================  ======================================================================

    The last row also stands in for a server that sends no log-probabilities, and for single items whose label has no
    place among the tokens or whose alternatives leave open which level they begin; they are counted by reason
    (`Ratings.sampled`). What a server showed on all levels before it was brought to 1 is `Rating.level_mass`.

    Args:
        rule: Which of these.
        samples: Replies that shares are taken from.

    Raises:
        SetupError: If the rule is unknown or the samples are no whole number from 2 on.
    """

    rule: Rule = "mode"
    samples: int = 8

    def __post_init__(self) -> None:
        """Check what was given."""
        if self.rule not in get_args(Rule):
            cure = f"Give one of {', '.join(get_args(Rule))}."
            raise SetupError(f"unknown rule {self.rule!r}", place=_PLACE, cure=cure)
        if not isinstance(self.samples, int) or isinstance(self.samples, bool) or self.samples < 2:
            raise SetupError(f"samples={self.samples!r}", place=_PLACE, cure="Give a whole number from 2 on.")

    def check(self, scale: Scale) -> "Scoring":
        """Return this scoring if it suits the scale.

        Raises:
            SetupError: If scores are asked for on a scale whose labels are no numbers, or the likeliest level of one
                without levels.
        """
        if self.rule == "likeliest":
            if scale.levels is None:
                cure = "Use scoring='mode', 'mean' or 'expected', or give the scale a step."
                raise SetupError("'likeliest' needs levels, the scale has none", place=_PLACE, cure=cure)
            return self
        if self.rule != "mode" and not scale.ordered:
            cure = "Use scoring='mode' or 'likeliest', or an ordinal or interval scale."
            raise SetupError(f"{self.rule!r} needs numbers, a {scale.kind} scale has none", place=_PLACE, cure=cure)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for a rater's record."""
        if self.rule == "mode":
            return {"rule": self.rule}
        return {"rule": self.rule, "samples": self.samples, "levels": "as written, renormalized"}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | None, place: str | None = None) -> "Scoring":
        """Read what `to_dict` wrote; None (a rater saved before there was a choice) is ``mode``.

        Raises:
            InputError: If it is not such data.
        """
        if data is None:
            return cls()
        try:
            return cls(**{key: value for key, value in data.items() if key != "levels"})
        except (AttributeError, SetupError, TypeError) as error:
            cure = "Copy the whole directory again, or compile the rater anew."
            raise InputError(f"its scoring cannot be read ({error})", place=place, cure=cure) from None


@dataclass(frozen=True)
class Score:
    """A rating between the levels.

    Attributes:
        value: On the scale: an ordinal's number (the rank from 1 of a named level), an interval's value. None for the
            likeliest label, which needs no numbers.
        label: The level nearest to it, half-way the lower; or the likeliest.
        distribution: Probability of each label that has one, in the scale's order; sums to 1.
    """

    value: float | None
    label: Label
    distribution: Mapping[Label, float]


def score(distribution: Mapping[Label, float], rule: Rule, scale: Scale) -> Score:
    """Make the score of a distribution over labels.

    Args:
        distribution: Probability, or any other weight from 0 on, of each label; brought to sum 1.
        rule: ``median``, ``likeliest`` (between equals the first in the distribution), or ``expected`` or ``mean``,
            which are the same for a given distribution.
        scale: What the labels are on.

    Raises:
        SetupError: If the rule needs numbers that the scale's labels are not, or is ``mode``.
        ValueError: If the weights sum to 0 or not to a number.
    """
    Scoring(rule).check(scale)
    if rule == "mode":
        raise SetupError(
            "'mode' is a label and makes no score", place=_PLACE, cure="Use expected, median or likeliest."
        )
    total = math.fsum(distribution.values())
    if not (math.isfinite(total) and total > 0):
        raise ValueError(f"weights that sum to {total} are no distribution")
    shares = {label: distribution[label] / total for label in sorted(distribution, key=scale.position)}
    if rule == "likeliest":
        return Score(None, max(distribution, key=lambda label: distribution[label]), shares)
    if rule == "median":
        value = _median(shares, scale)
    else:
        value = math.fsum(share * scale.value(label) for label, share in shares.items())
    return Score(value, scale.nearest(value), shares)


def softmax(logarithms: Sequence[float]) -> list[float]:
    """Return the probabilities, up to rounding, whose logarithms are given up to a constant; they sum to 1."""
    top = max(logarithms)
    weights = [math.exp(one - top) for one in logarithms]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def _median(shares: Mapping[Label, float], scale: Scale) -> float:
    reached = 0.0
    for label, share in shares.items():
        reached += share
        if reached >= 0.5 - _EVEN:
            return scale.value(label)
    raise ValueError("the shares do not reach a half")
