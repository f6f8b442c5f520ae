"""Knows the rows of a training job, as token ids; does not know what they are made of or how they are learned."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...programs import common_start
from .regression_targets import Aim

IGNORED = -100
"""The label of a token that does not count in the loss."""


@dataclass(frozen=True)
class Row:
    """One prompt and the reply that the model should learn to give to it, as token ids.

    Attributes:
        prompt: The request's ids, exactly those that are sent at deployment.
        completion: The reply's ids and the id that ends it; only these count in the loss.
        weight: What the row's loss counts beside the others'; on average 1 over the completion tokens of all rows.
        aim: What the expected label is pulled to, where the objective does.
        rejected: The ids of a worse reply and its end, where the objective compares two.
    """

    prompt: tuple[int, ...]
    completion: tuple[int, ...]
    weight: float = 1.0
    aim: Aim | None = None
    rejected: tuple[int, ...] = ()

    @property
    def input_ids(self) -> list[int]:
        """The ids the model reads: prompt, then completion."""
        return [*self.prompt, *self.completion]

    @property
    def tokens(self) -> int:
        """How many tokens are learned from: where two replies are compared, each is read with the prompt before it."""
        second = len(self.prompt) + len(self.rejected) if self.rejected else 0
        return len(self.prompt) + len(self.completion) + second

    @property
    def labels(self) -> list[int]:
        """The ids the loss compares with, in the same places: `IGNORED` on the prompt."""
        return [*[IGNORED] * len(self.prompt), *self.completion]


def shared_prefix(rows: Sequence[Row]) -> int:
    """Return how many tokens all prompts begin with, leaving each prompt at least its last one."""
    return common_start([row.prompt for row in rows])
