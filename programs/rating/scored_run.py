"""Knows what scored ratings are made from and what one is; does not know where probabilities come from."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from ...data import Journal
from ..adapter import Prompt
from ..completions import Sampling
from .ratings import Progress, Rating
from .scoring import Score


@runtime_checkable
class LevelEngine(Protocol):
    """An engine that knows how probable each level is at the place of the label."""

    def choice_log_probabilities(
        self, prompts: Sequence[Prompt], replies: Sequence[Sequence[str]]
    ) -> list[list[float] | None]:
        """Return for each prompt ln p of each of its replies up to a constant, None where it is too long."""
        ...


@dataclass(frozen=True)
class ScoredRun:
    """How a corpus is rated: what `rate` was given.

    Attributes:
        sampling: At temperature 0.
        journal: Where replies are kept and found again, with the probabilities of levels that a server showed with
            them. Those of a model in this process are not kept: they cost one pass.
        progress: Called as items are done.
    """

    sampling: Sampling
    journal: Journal | None = None
    progress: Progress | None = None

    def tell(self, done: int, total: int) -> None:
        """Report progress where somebody wants it."""
        if self.progress is not None:
            self.progress(done, total, "")


@dataclass
class Scored:
    """What was found of a corpus so far.

    Attributes:
        ratings: By the item's place.
        unweighed: Items whose levels could not be weighed, by place, with the reason: they are still to be rated.
        prompt_tokens: Tokens sent.
        completion_tokens: Tokens received.
    """

    ratings: dict[int, Rating] = field(default_factory=dict)
    unweighed: dict[int, str] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0


def scored(rating: Rating, made: Score) -> Rating:
    """Return a rating with the score and its label."""
    return replace(rating, label=made.label, unparsed="", score=made.value, distribution=made.distribution)
