"""Knows what a guideline can be distilled from: explained items by level, and the texts it must not copy."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import dspy
import numpy as np

from ...data import Label, SetupError
from ...programs import Rater
from ..compiler import item_id
from ..drafts import LeakGuard, Rationale
from ..embedders import TFIDF, Embedder
from ..traces import Traces


@dataclass(frozen=True)
class Evidence:
    """What the modes of a distillation are given.

    Attributes:
        student: The rater whose guideline is to be improved.
        examples: All training examples.
        traces: The draws behind the examples, where they came with them.
        embedder: Says which texts are alike.
    """

    student: Rater
    examples: tuple[dspy.Example, ...]
    traces: Traces | None = None
    embedder: Embedder = TFIDF

    def checked(self) -> "Evidence":
        """Return this evidence if there is something to distill from.

        Raises:
            SetupError: If the scale has no levels or no example has a rationale.
        """
        _ = self.levels, self.explained
        return self

    @cached_property
    def levels(self) -> tuple[Label, ...]:
        """The scale's levels.

        Raises:
            SetupError: If it has none.
        """
        levels = self.student.scale.levels
        if levels is None:
            cure = "Cut the labels into levels first, see Corpus.cut, or give the scale a step."
            raise SetupError("the scale has no levels to write rules for", place="DistillGuideline", cure=cure)
        return levels

    @cached_property
    def explained(self) -> tuple[dspy.Example, ...]:
        """The examples with a rationale, by item id.

        Raises:
            SetupError: If there are none.
        """
        found = sorted((e for e in self.examples if e.get("rationale")), key=lambda e: item_id(self.student, e))
        if not found:
            cure = "Give the traces that RejectionSampling(...).infer(...) returns."
            raise SetupError("no example of the trainset has a rationale", place="DistillGuideline", cure=cure)
        return tuple(found)

    @cached_property
    def rationales(self) -> tuple[Rationale, ...]:
        """The reasoning behind each explained item."""
        return tuple(Rationale(item_id(self.student, e), e["label"], str(e["rationale"])) for e in self.explained)

    @cached_property
    def guard(self) -> LeakGuard:
        """Knows the texts of all training items, explained or not."""
        return LeakGuard(
            (item_id(self.student, e), str(e[name])) for e in self.examples for name in self.student.fields
        )

    def sample(self, count: int, seed: int) -> tuple[Rationale, ...]:
        """Return up to `count` rationales of each level, chosen by `seed`, by level and item id."""
        chosen: list[Rationale] = []
        for number, level in enumerate(self.levels):
            own = [one for one in self.rationales if one.label == level]
            order = np.random.default_rng([seed, number]).permutation(len(own))[:count]
            chosen += [own[place] for place in sorted(order)]
        return tuple(chosen)

    def short(self, chosen: Sequence[Rationale], count: int) -> dict[str, int]:
        """Return how many rationales each level has that has fewer than were wanted."""
        found = {level: sum(one.label == level for one in chosen) for level in self.levels}
        return {self.student.scale.write(level): number for level, number in found.items() if number < count}
