"""Knows which of the processes that train together this one is, and how they agree; does not know what they train."""

import os
from dataclasses import dataclass
from typing import Any

from ...programs import need


@dataclass(frozen=True)
class Ranks:
    """The processes of one training, started by a launcher such as ``accelerate launch``; mostly a single one.

    Attributes:
        number: Of this process, from 0. The first one writes what is shared.
        count: How many there are.
    """

    number: int
    count: int

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes."""
        return self.number == 0

    @property
    def alone(self) -> bool:
        """Whether there is no other."""
        return self.count == 1

    def agree(self, value: Any) -> Any:
        """Return the first process's value in all of them; they wait for each other here."""
        if self.alone:
            return value
        values = [value]
        need("accelerate.utils", "train", "to fine-tune").broadcast_object_list(values, from_process=0)
        return values[0]


def ranks() -> Ranks:
    """Return where this process stands among those that were started together, which must all call this."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        return Ranks(0, 1)
    torch = need("torch", "train", "to fine-tune")
    state = need("accelerate", "train", "to fine-tune").PartialState(cpu=not torch.cuda.is_available())
    return Ranks(state.process_index, state.num_processes)
