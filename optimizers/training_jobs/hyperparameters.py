"""Knows the numbers that a model is trained with and which of them cannot be; does not know what they do."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from ...data import SetupError

Method = Literal["lora", "qlora", "full"]
"""What is trained: an adapter; an adapter on a base that is held in 4 bits; all weights."""

LEARNING_RATES: Mapping[Method, float] = {"lora": 5e-4, "qlora": 5e-4, "full": 2e-5}
"""The learning rate where none is given: all weights bear far less than an adapter."""


@dataclass(frozen=True)
class Parameters:
    """How a model is trained.

    Attributes:
        lora_rank: Rank of the adapter's matrices, on every linear layer but the last.
        lora_alpha: The adapter's product is scaled by ``lora_alpha / lora_rank``.
        epochs: Passes over the rows; the most of them where ``patience`` may end it earlier.
        learning_rate: Of AdamW at its peak.
        batch_size: Rows in a step.
        seed: Of the adapter's start and of the order of the rows.
        method: What is trained. ``qlora`` holds the base in 4 bits (Dettmers et al. 2023) and needs bitsandbytes;
            ``full`` trains all weights and knows no rank and no alpha.
        micro_batch: Rows that a process holds at once; None is all of a step. It changes memory and speed, not what
            is learned (but for rounding).
        patience: Epochs without a lower loss on the dev rows after which training ends. The weights of the epoch with
            the lowest are kept. None trains all epochs and keeps the last weights.

    Raises:
        SetupError: If a number cannot be trained with.
    """

    lora_rank: int
    lora_alpha: int
    epochs: int
    learning_rate: float
    batch_size: int
    seed: int
    method: Method = "lora"
    micro_batch: int | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in ("lora_rank", "lora_alpha", "epochs", "batch_size", "micro_batch", "patience"):
            number = getattr(self, name)
            if number is None and name in ("micro_batch", "patience"):
                continue
            if not isinstance(number, int) or isinstance(number, bool) or number < 1:
                raise SetupError(f"{name}={number!r}", place="FineTune", cure="Give a whole number from 1 on.")
        if not isinstance(self.seed, int) or isinstance(self.seed, bool) or not 0 <= self.seed < 2**32:
            raise SetupError(f"seed={self.seed!r}", place="FineTune", cure="Give a whole number from 0 on, e.g. 1.")
        rate: object = self.learning_rate
        if not isinstance(rate, int | float) or isinstance(rate, bool) or not (math.isfinite(rate) and rate > 0):
            what = f"learning_rate={rate!r}"
            raise SetupError(what, place="FineTune", cure="Give a number above 0, e.g. 5e-4.")
        if self.method not in get_args(Method):
            cure = f"Give one of {', '.join(get_args(Method))}."
            raise SetupError(f"unknown method={self.method!r}", place="FineTune", cure=cure)
        if self.micro_batch is not None and self.batch_size % self.micro_batch:
            what = f"micro_batch={self.micro_batch} does not divide batch_size={self.batch_size}"
            raise SetupError(what, place="FineTune", cure="Give one that does, so that every step has the same rows.")
