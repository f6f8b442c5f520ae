"""Knows how to force a label out of a reply that has reasoning and no label; does not let such a label match anything.

A small model often reasons and then forgets the label, or is cut before it. After the reply and ``Label:`` the model
still has a distribution over the levels, and one label is drawn from it. That always gives a label, and turns noise
into lucky hits, so the draw is marked `Draw.repaired` and counted apart: it stands for no item and moves no hit rate.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from ...data import Draw, Label, SetupError
from ...programs import Completion, Prompt, Rater, Sampling
from ..budget import Read

_BLANK_MARK = re.compile(r"(?:\A|\n)[ \t>#*_`-]*label[ \t*_`]*[:=]?[ \t*_`]*\Z", re.IGNORECASE)


@runtime_checkable
class ReplyEngine(Protocol):
    """An engine that knows how likely whole replies are; `accord.programs.LocalEngine` is one."""

    def level_log_probabilities(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> list[list[float]]:
        """Return ln p(reply | prompt) for each prompt and reply, up to one constant a prompt."""
        ...


@dataclass(frozen=True)
class Repair:
    """Draws a label for replies that have reasoning and none, from the model's own distribution over the levels.

    Attributes:
        reasons: Why a reply may have no label to be repaired. Refusals, empty replies, several labels and labels off
            the scale are answers, if bad ones: they stay as they are.
    """

    reasons: tuple[str, ...] = ("no_label", "truncated")

    def reader(self, teacher: Rater, sampling: Sampling, read: Read) -> Read:
        """Return a reading of completions that repairs what `read` finds no label in.

        Args:
            teacher: Whose model is asked for its distribution.
            sampling: Of the draws: its temperature also holds for the forced label, and its seed makes it repeatable.
            read: The reading that is repaired.

        Raises:
            SetupError: If the model gives no probabilities, or the scale has no finite set of levels.
        """
        engine = teacher.lm.engine
        levels = teacher.scale.levels
        if not isinstance(engine, ReplyEngine):
            cure = "Use a local model, or leave repair out."
            raise SetupError("the teacher's model gives no probabilities of labels", place="Repair", cure=cure)
        if levels is None:
            cure = "Give the interval a step, or leave repair out."
            raise SetupError("the scale has no finite set of levels", place="Repair", cure=cure)
        form = teacher.variant(order="label")
        endings = [form.reply("", level) for level in levels]

        def repaired(item_id: str, prompt: Prompt, index: int, completion: Completion) -> Draw:
            draw = read(item_id, prompt, index, completion)
            argued = _BLANK_MARK.sub("", draw.rationale)
            if draw.label is not None or draw.reason not in self.reasons or not argued or not completion.text:
                return draw
            begun = _BLANK_MARK.sub("", completion.text.rstrip())
            (scores,) = engine.level_log_probabilities([prompt], [f"{begun}\n{ending}" for ending in endings])
            label = _drawn(levels, scores, sampling, sampling.draw_seed(prompt, index))
            return draw if label is None else replace(draw, label=label, rationale=argued, reason="", repaired=True)

        return repaired


def _drawn(levels: Sequence[Label], scores: Sequence[float], sampling: Sampling, seed: int) -> Label | None:
    """Draw a level with probability proportional to exp(score / temperature); None where no score is finite."""
    finite = [score for score in scores if math.isfinite(score)]
    if not finite:
        return None
    best, heat = max(finite), max(sampling.temperature, 1e-6)
    weights = np.array([math.exp((score - best) / heat) if math.isfinite(score) else 0.0 for score in scores])
    # A stream of its own: the engine has used the seed itself for the reply.
    place = np.random.default_rng([seed, 1]).choice(len(levels), p=weights / weights.sum())
    return levels[int(place)]
