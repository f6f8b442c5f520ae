"""Knows what the expected label of a training row is pulled to; does not know how a loss is computed."""

from dataclasses import dataclass
from typing import Any

from ...data import Label, SetupError
from ...programs import LevelChoice, Rater, level_choice

SPAN = 4.0
"""From the lowest level to the highest in the units that errors are squared in: those of a scale from 1 to 5."""

_MOST_BRANCHES = 64
"""Ways in which levels may begin alike; each is one more pass through the model for each row."""


@dataclass(frozen=True)
class Aim:
    """What CoT-RAFT asks of a row: ``weight * (E[label] - gold)^2`` beside the cross-entropy of the completion.

    After Chiang et al., "TRACT" (arXiv 2503.04381, section 3) and RAFT (Lukasik et al., ICLR 2025), with these changes:

    - E is taken over the levels alone: their probabilities at the place of the label are renormalized, so that mass on
      other tokens does not pull it down.
    - The label's tokens keep their cross-entropy. Renormalized probabilities do not ask that the model writes a level
      at all, and a rater is also read by what it writes. With weight 0 the loss is the cross-entropy of ``trace``.
    - The errors of all rows of a step are averaged, whatever the batches it is cut into.
    - Values are brought to a span of `SPAN`, so that a weight means the same on a scale of 101 levels.

    Attributes:
        start: Tokens of the completion before the levels part.
        tails: For each level the token ids from there that tell it from the others (`LevelChoice`).
        values: The value of each level, in units of which the scale spans `SPAN`.
        gold: The human label's value, in the same units.
        weight: What the squared error counts beside the cross-entropy of a token.
    """

    start: int
    tails: tuple[tuple[int, ...], ...]
    values: tuple[float, ...]
    gold: float
    weight: float

    @property
    def branches(self) -> tuple[tuple[int, ...], ...]:
        """What has to be read after the start, beside nothing, to know the probabilities of all tails."""
        return LevelChoice((), self.tails).branches


def make_aim(rater: Rater, rationale: str, label: Label, tokenizer: Any, weight: float) -> Aim:
    """Find the place of the label in a rater's reply, and its levels there, with the tokenizer.

    Raises:
        SetupError: If the scale has no levels with values, or the tokenizer cannot tell them apart or needs too many
            passes for it.
    """
    scale = rater.scale
    levels = scale.levels
    if not scale.ordered or levels is None:
        cure = "Leave out 'regression', or use an ordinal scale, or an interval scale with a step."
        what = (
            f"'regression' needs levels with values, a {scale.kind} scale {'without step ' * (levels is None)}has none"
        )
        raise SetupError(what, place="FineTune", cure=cure)
    choice = level_choice(tokenizer, [rater.reply(rationale, level) for level in levels])
    if len(choice.branches) > _MOST_BRANCHES:
        what = f"'regression' would take {len(choice.branches)} more passes for each row on {len(levels)} levels"
        raise SetupError(what, place="FineTune", cure="Use a larger step, or leave out 'regression'.")
    values = [scale.value(level) for level in levels]
    unit = (max(values) - min(values)) / SPAN
    return Aim(
        start=len(choice.start),
        tails=choice.tails,
        values=tuple(value / unit for value in values),
        gold=scale.value(label) / unit,
        weight=float(weight),
    )
