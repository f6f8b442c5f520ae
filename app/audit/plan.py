"""Knows what an audit would cost before anybody is asked, from what a journal lacks; does not know what it finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy

from ...data import Journal
from ...optimizers import Budget, Unasked, unasked
from ...optimizers.budget import dollars
from ...programs import Price, Probe

_BYTES_A_TOKEN = 4
"""Of English text; other languages take up to twice as many tokens."""


@dataclass(frozen=True)
class PlannedSet:
    """One set of ratings that is still to be had, or a part of it.

    Attributes:
        name: The probe's.
        kind: What it is for.
        items: Items in it.
        left: What a journal does not have of it.
    """

    name: str
    kind: str
    items: int
    left: Unasked

    @property
    def prompt_tokens(self) -> int:
        """About so many tokens of prompts are still to be sent."""
        return round(self.left.prompt_bytes / _BYTES_A_TOKEN)


@dataclass(frozen=True)
class AuditPlan:
    """What an audit is going to ask, in its order.

    Attributes:
        sets: The sets of ratings.
        price: What tokens cost; None where it is unknown.
        budget: What may be spent.
        writing: Requests to a writer of paraphrases, which are made first.
    """

    sets: tuple[PlannedSet, ...]
    price: Price | None
    budget: Budget
    writing: int = 0

    @property
    def calls(self) -> int:
        """Requests."""
        return sum(one.left.calls for one in self.sets)

    @property
    def prompt_tokens(self) -> int:
        """About so many tokens of prompts."""
        return sum(one.prompt_tokens for one in self.sets)

    @property
    def reply_tokens(self) -> int:
        """At most so many tokens of replies."""
        return sum(one.left.max_tokens for one in self.sets)

    @property
    def usd(self) -> float | None:
        """About so many dollars at most; None where the price is unknown."""
        return None if self.price is None else self.price.of(self.prompt_tokens, self.reply_tokens)

    @property
    def ends_in(self) -> str:
        """The name of the set within which the budget's calls end; empty where they do not."""
        made = self.writing
        for one in self.sets:
            made += one.left.calls
            if self.budget.calls is not None and made > self.budget.calls:
                return one.name
        return ""

    def sentences(self) -> list[str]:
        """Return the plan in words, one sentence an entry."""
        items = max((one.items for one in self.sets), default=0)
        if not self.calls:
            return [f"{len(self.sets)} sets of ratings of {items:,} items, all of them recorded or free: no calls"]
        money = f", at most {dollars(self.usd)}" if self.usd else ""
        said = [
            f"{len(self.sets)} sets of ratings of {items:,} items: {self.calls:,} calls to make, about "
            f"{self.prompt_tokens:,} tokens of prompts and at most {self.reply_tokens:,} of replies{money}"
        ]
        if self.writing:
            said.append(f"{self.writing:,} calls to the writer of paraphrases come before them")
        if self.ends_in:
            said.append(f"the budget of {self.budget.calls:,} calls will end within {self.ends_in!r}")
        return said

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "sets": [
                {
                    "name": one.name,
                    "kind": one.kind,
                    "items": one.items,
                    "calls": one.left.calls,
                    "draws": one.left.draws,
                    "prompt_tokens_about": one.prompt_tokens,
                    "reply_tokens_at_most": one.left.max_tokens,
                }
                for one in self.sets
            ],
            "calls": self.calls,
            "prompt_tokens_about": self.prompt_tokens,
            "reply_tokens_at_most": self.reply_tokens,
            "usd_at_most": self.usd,
            "calls_to_writer": self.writing,
        }


def plan_audit(
    probes: Sequence[Probe],
    lm: dspy.LM,
    *,
    price: Price | None,
    budget: Budget,
    seed: int,
    journal: Journal | None,
    writing: int = 0,
) -> AuditPlan:
    """Find out what is still to be asked, by asking a model that answers nothing.

    Args:
        probes: What is to be asked.
        lm: Who will be asked.
        price: What it charges.
        budget: What may be spent.
        seed: Of the draws.
        journal: What is recorded.
        writing: Requests to a writer of paraphrases.
    """
    sets: list[PlannedSet] = []
    for probe in probes:
        nobody, left = unasked(lm)
        probe.ask(lm=nobody, seed=seed, journal=journal)
        sets.append(PlannedSet(probe.name, probe.kind, len(probe.corpus), left))
    return AuditPlan(tuple(sets), price, budget, writing)


@dataclass(frozen=True)
class AuditOptions:
    """What is audited and how.

    Attributes:
        columns: The file's columns by what they are: label, annotator, id, group.
        by: Further columns whose parts are compared.
        items: How many items; None for all.
        repeats: Replies an item at temperature 1.
        paraphrases: Files with guidelines that should ask for the same.
        writer: A model that writes paraphrases, or None.
        written: How many it writes.
        budget: What may be spent.
        wanted: Accuracy that labels are to have where unsure ones are held back.
        resamples: Of the bootstraps.
        seed: Of the sample, the draws, the texts that ask for labels and the bootstraps.
    """

    columns: Mapping[str, str | None]
    by: tuple[str, ...] = ()
    items: int | None = None
    repeats: int = 5
    paraphrases: tuple[Path, ...] = ()
    writer: str | None = None
    written: int = 3
    budget: Budget = Budget()
    wanted: float = 0.8
    resamples: int = 2000
    seed: int = 0
