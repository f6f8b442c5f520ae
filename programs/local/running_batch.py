"""Knows how rows are decoded together while others join and leave; does not know who wants them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache, cache_utils

from .growing_cache import GrowingLayer, let_grow
from .sequence_request import SequenceRow

_BLOCK = 128

_IDLE = 8
"""Rows that ended are carried along until they are one in so many: taking them out copies all the others."""

_JOINING = {
    cache_utils.DynamicLayer,
    GrowingLayer,
    cache_utils.DynamicSlidingWindowLayer,
    getattr(cache_utils, "DummyLayer", cache_utils.DynamicLayer),  # it holds nothing: another layer's are used
}
"""Kinds of cache layers whose rows can be put below each other, aligned on the right."""


@dataclass
class Begun:
    """Where rows stand between two steps: nothing of the token to be chosen next is in the cache.

    Attributes:
        logits: (rows, vocabulary), those of each row's next token.
        cache: Keys and values of what has been read, aligned on the right.
        position: (rows,), the place of each row's next token in its text.
        mask: (rows, width of the cache), 0 where a row is padded on its left.
    """

    logits: torch.Tensor
    cache: DynamicCache
    position: torch.Tensor
    mask: torch.Tensor

    def select(self, index: torch.Tensor) -> None:
        """Keep these rows, in this order; one may be named several times."""
        self.cache.batch_select_indices(index)
        self.logits, self.position, self.mask = self.logits[index], self.position[index], self.mask[index]

    @property
    def joins(self) -> bool:
        """Whether other rows can be put beside these."""
        return joinable(self.cache)

    def append(self, *others: "Begun") -> None:
        """Put other rows below these, padding the narrower ones on their left.

        That is right for sliding windows too, which count columns: between the tokens of a text there are no pads.
        """
        all_of_them = (self, *others)
        width = max(begun.mask.shape[1] for begun in all_of_them)
        self.mask = torch.cat([_widened(begun.mask, width, 1) for begun in all_of_them])
        self.logits = torch.cat([begun.logits for begun in all_of_them])
        self.position = torch.cat([begun.position for begun in all_of_them])
        for mine, *theirs in zip(*(_layers(begun.cache) for begun in all_of_them), strict=True):
            held = _set_width(mine, width)
            mine.keys = torch.cat([_widened(layer.keys, held, 2) for layer in (mine, *theirs)])
            mine.values = torch.cat([_widened(layer.values, held, 2) for layer in (mine, *theirs)])

    def narrow(self) -> None:
        """Drop the columns on the left that no row uses any more."""
        unused = int(self.mask.any(dim=0).int().argmax())
        if unused and self.joins:
            self.mask = self.mask[:, unused:]
            for layer in _layers(self.cache):
                held = _set_width(layer, self.mask.shape[1])
                layer.keys, layer.values = layer.keys[:, :, -held:], layer.values[:, :, -held:]


class RunningBatch:
    """Rows that get one token each a step. Rows join before a step, and leave with the step that ends them.

    Attributes:
        rows: Those that are being decoded.
    """

    def __init__(self, model: Any, stop_ids: frozenset[int]) -> None:
        """Begin without rows."""
        self._slots: list[SequenceRow | None] = []
        self._model = model
        self._stop_ids = stop_ids
        self._begun: Begun | None = None

    @property
    def rows(self) -> list[SequenceRow]:
        """Those that are being decoded."""
        return [row for row in self._slots if row is not None]

    @property
    def open(self) -> bool:
        """Whether rows can join now."""
        return self._begun is None or self._begun.joins

    @torch.inference_mode()
    def join(self, begun: Begun, rows: Sequence[SequenceRow]) -> None:
        """Decode more rows from the next step on; `begun` is used up."""
        if self._begun is None:
            self._begun = begun
        else:
            self._begun.append(begun)
        self._slots += rows

    @torch.inference_mode()
    def step(self) -> list[SequenceRow]:
        """Give each row its next token, and return the rows that ended with it."""
        if self._begun is None:
            return []
        rows, slots = self.rows, [slot for slot, row in enumerate(self._slots) if row is not None]
        chosen = _choose(self._begun.logits if len(rows) == len(self._slots) else self._begun.logits[slots], rows)
        ended: list[SequenceRow] = []
        for row, token in zip(rows, chosen, strict=True):
            if token in self._stop_ids:
                row.finished = "stop"
            else:
                row.tokens.append(token)
                if len(row.tokens) >= row.max_tokens:
                    row.finished = "length"
            if row.finished:
                ended.append(row)
        self.keep([row for row in rows if not row.finished])
        self._forward()
        return ended

    @torch.inference_mode()
    def keep(self, rows: Sequence[SequenceRow]) -> None:
        """Go on with these rows only, which are some of the batch's in its order."""
        if not rows:
            self._slots, self._begun = [], None
            return
        wanted = set(rows)
        self._slots = [row if row in wanted else None for row in self._slots]
        if self._begun is not None and (len(self._slots) - len(rows)) * _IDLE >= len(self._slots):
            self._begun.select(torch.tensor([slot for slot, row in enumerate(self._slots) if row is not None]))
            self._begun.narrow()
            self._slots = list(rows)

    def _forward(self) -> None:
        """Read each row's last token."""
        begun = self._begun
        if begun is None:
            return
        let_grow(begun.cache)
        begun.mask = torch.cat([begun.mask, begun.mask.new_ones(len(self._slots), 1)], dim=1)
        tokens = [0 if row is None else row.tokens[-1] for row in self._slots]
        alive = torch.tensor([row is not None for row in self._slots])
        output = self._model(
            input_ids=torch.tensor(tokens, device=self._model.device)[:, None],
            attention_mask=begun.mask.to(self._model.device),
            position_ids=begun.position[:, None].to(self._model.device),
            past_key_values=begun.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        begun.logits, begun.position = (
            output.logits[:, -1],
            begun.position + alive,
        )  # models know no place beyond their last


def joinable(cache: DynamicCache) -> bool:
    """Return whether rows of a cache can be put below those of another one."""
    return all(type(layer) in _JOINING for layer in cache.layers)


def _layers(cache: DynamicCache) -> list[Any]:
    """Return the layers that hold anything."""
    layers: list[Any] = list(cache.layers)
    return [layer for layer in layers if layer.keys is not None]


def _set_width(layer: Any, width: int) -> int:
    """Tell a layer how many columns its cache has, and return how many of them it holds itself: the last ones."""
    if not layer.is_sliding:
        return width
    layer.cumulative_length = width
    return min(width, layer.sliding_window - 1)


def _widened(tensor: torch.Tensor, width: int, dimension: int) -> torch.Tensor:
    """Return the tensor with zeros before it along one dimension, where it is narrower."""
    lacking = width - tensor.shape[dimension]
    if not lacking:
        return tensor
    shape = [*tensor.shape[:dimension], lacking, *tensor.shape[dimension + 1 :]]
    return torch.cat([tensor.new_zeros(shape), tensor], dim=dimension)


def _choose(logits: torch.Tensor, rows: Sequence[SequenceRow]) -> list[int]:
    """Pick each row's next token: the likeliest, or the one its own next number falls on."""
    drawn = [slot for slot, row in enumerate(rows) if row.temperature]
    if not drawn:
        return logits.argmax(dim=-1).tolist()
    sampled = _draw(logits if len(drawn) == len(rows) else logits[drawn], [rows[slot] for slot in drawn])
    if len(drawn) == len(rows):
        return sampled
    tokens = logits.argmax(dim=-1).tolist()
    for slot, token in zip(drawn, sampled, strict=True):
        tokens[slot] = token
    return tokens


def _draw(logits: torch.Tensor, rows: Sequence[SequenceRow]) -> list[int]:
    """Draw by inverse CDF from each row's own temperature and number."""
    temperatures = torch.tensor([[row.temperature] for row in rows], device=logits.device)
    plain = all(row.temperature == 1 for row in rows)
    probabilities = torch.softmax(logits if plain else logits.float() / temperatures, dim=-1, dtype=torch.float32)
    # Two levels, blocks and then tokens, so that the sums are short: exact enough in double, and fast.
    short = -probabilities.shape[-1] % _BLOCK
    padded = torch.nn.functional.pad(probabilities, (0, short)) if short else probabilities
    blocks = padded.unflatten(-1, (-1, _BLOCK))
    by_block = blocks.sum(dim=-1).double().cumsum(dim=-1)
    numbers = [[row.uniforms[len(row.tokens)]] for row in rows]
    target = torch.tensor(numbers, dtype=torch.float64, device=logits.device) * by_block[:, -1:]
    block = torch.searchsorted(by_block, target, right=True).clamp(max=by_block.shape[-1] - 1)
    before = torch.where(block > 0, by_block.gather(1, (block - 1).clamp(min=0)), 0.0)
    within = blocks[torch.arange(len(rows), device=logits.device), block[:, 0]].double().cumsum(dim=-1)
    offset = torch.searchsorted(within, (target - before).clamp(min=0.0), right=True).clamp(max=_BLOCK - 1)
    return (block * _BLOCK + offset)[:, 0].clamp(max=logits.shape[-1] - 1).tolist()
