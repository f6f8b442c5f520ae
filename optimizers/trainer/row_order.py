"""Knows in which order rows are trained on, which depends on the seed and the epoch alone; does not know the rows."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from transformers import TrainerCallback
from transformers.trainer_pt_utils import get_length_grouped_indices

from ...programs import settle_threads


class RowOrder(torch.utils.data.Sampler[int]):
    """The order of each epoch: shuffled, rows of like length in the same step, so that little is padded.

    The trainer's own sampler draws from the global generator, so after a resume within an epoch it would go on in
    another order than the one that was interrupted; and it groups by what one process holds, so that more processes
    would make other steps.

    Args:
        lengths: Tokens of each row.
        batch_size: Rows in a step, of all processes together.
        seed: Of the order.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        """Begin with epoch 0."""
        self._lengths = list(lengths)
        self._batch_size = batch_size
        self._seed = seed
        self.epoch = 0

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return -(-len(self._lengths) // self._batch_size)

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        """Iterate over the numbers of the rows."""
        generator = torch.Generator().manual_seed((self._seed << 20) + self.epoch)
        return iter(get_length_grouped_indices(self._lengths, self._batch_size, generator=generator))


class FollowCores(TrainerCallback):
    """Gives the arithmetic of each step the cores that are free then."""

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Look, every few seconds."""
        settle_threads()


class FollowEpochs(TrainerCallback):
    """Tells an order which epoch begins; a loader that skips what was trained before does not reach its sampler."""

    def __init__(self, order: RowOrder) -> None:
        """Keep the order."""
        self._order = order

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Set the epoch, also that of a resume within it."""
        self._order.epoch = state.global_step // self._order.steps
