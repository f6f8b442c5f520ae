"""Knows the record of one draw and whom it was drawn from; does not know where draws are kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from ..scales import Label

DrawKind = Literal["blind", "hinted", "reading", "writing"]
"""How a draw came about: without the label; with the label shown; as a blind reading of an item and a rationale; as a
text that rates nothing (part of a guideline)."""


@dataclass(frozen=True)
class Source:
    """Whom draws come from: a model and how it was sampled. Holds no key or other secret.

    Attributes:
        model: The model's identity, by content where it is known.
        sampling: Temperature, token limit, seed.
    """

    model: str
    sampling: Mapping[str, Any]

    @cached_property
    def key(self) -> str:
        """The source as canonical JSON: with the prompt's hash and the draw's index, the key of a draw."""
        return json.dumps([self.model, dict(self.sampling)], sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True)
class Draw:
    """One sampled reply of a model to one item's prompt. The prompt is known by its hash only.

    Attributes:
        item_id: The item that was shown.
        prompt: SHA-256 of the prompt's bytes, in hexadecimal.
        index: Number of the draw among those of the same source and prompt, from 0.
        label: The label that was read, or None.
        rationale: The reasoning that was read, possibly empty.
        reason: Empty, or why there is no label (``no_label``, ``several_labels``, ``truncated``, ...).
        text: The visible reply.
        thinking: Native reasoning, where the engine returned it apart.
        finish_reason: ``stop``, ``length`` or what the server said.
        prompt_tokens: Billed prompt tokens; draws that share a prompt carry them once.
        completion_tokens: Billed completion tokens.
        kind: How it came about.
        repaired: Whether the label was forced out of a reply that had none. Forced labels turn noise into lucky hits,
            so they are always counted apart.
    """

    item_id: str
    prompt: str
    index: int
    label: Label | None
    rationale: str
    reason: str = ""
    text: str = ""
    thinking: str = ""
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    kind: DrawKind = "blind"
    repaired: bool = False
