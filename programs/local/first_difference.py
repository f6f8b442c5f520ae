"""Knows where the label begins in a reply's tokens and what tells the levels apart there; does not know a model."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...data import SetupError
from .chat_template import encode_reply


@dataclass(frozen=True)
class LevelChoice:
    """The place of the label in a reply, and how each level goes on from there, as token ids.

    Attributes:
        start: What the replies of all levels begin with.
        tails: For each level the fewest ids after `start` with which no other level's reply begins. A digit is one id
            where the tokenizer has a token for it; ``1`` beside ``10`` is the digit and the end of the reply.
    """

    start: tuple[int, ...]
    tails: tuple[tuple[int, ...], ...]

    @property
    def branches(self) -> tuple[tuple[int, ...], ...]:
        """What has to be read after `start` to know the probability of every tail: no branch begins another one."""
        inner = {tail[:length] for tail in self.tails for length in range(1, len(tail))}
        return tuple(sorted(inner - {path[:length] for path in inner for length in range(1, len(path))}))


def level_choice(tokenizer: Any, replies: Sequence[str]) -> LevelChoice:
    """Find with the tokenizer itself where the replies part; no token id is known beforehand.

    The probability of a level is that of its tail: whatever could still follow leads to no other level.

    Args:
        tokenizer: The model's.
        replies: The same reply once for each level, in the scale's order: the label at its end, or with what follows.

    Raises:
        SetupError: If the tokenizer writes two levels alike, or there are fewer than two.
    """
    end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    written = [[*encode_reply(tokenizer, reply), *end] for reply in replies]
    shared = common_start(written)
    tails = [tuple(ids[shared:]) for ids in written]
    begun = Counter(tail[:length] for tail in tails for length in range(1, len(tail) + 1))
    cut: list[tuple[int, ...]] = []
    for place, tail in enumerate(tails):
        own = next((length for length in range(1, len(tail) + 1) if begun[tail[:length]] == 1), None)
        if own is None or len(tails) < 2:
            raise written_alike(place, len(tails))
        cut.append(tail[:own])
    return LevelChoice(tuple(written[0][:shared]), tuple(cut))


def written_alike(place: int, count: int) -> SetupError:
    """Return what to raise where a tokenizer writes a level, the `place`-th of `count` from 0 on, as another one."""
    what = f"its tokenizer cannot tell level {place + 1} of {count} from the others"
    cure = "Use a model whose tokenizer can write the scale's levels, or name the levels otherwise."
    return SetupError(what, place="base model", cure=cure)


def common_start(sequences: Sequence[Sequence[int]]) -> int:
    """Return how many tokens all sequences begin with, leaving each at least one of its own; 0 for no sequences."""
    if not sequences:
        return 0
    limit = min(map(len, sequences)) - 1
    # What the first and the last in order begin with, all between them begin with too.
    low, high = min(map(list, sequences)), max(map(list, sequences))
    shared = 0
    while shared < limit and low[shared] == high[shared]:
        shared += 1
    return shared
