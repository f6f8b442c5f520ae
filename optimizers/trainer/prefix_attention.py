"""Knows how rows that begin alike attend when they go through a model as one text; does not know what they are for.

A step's tokens are laid out as one text: what all rows begin with, once, and then the rest of each row. Every layer
but attention treats tokens one by one, so it runs once over all of them, with larger matrices and half the calls of
two passes (one for the beginning, one for the rest). Attention is cut back into its parts here: the beginning sees
itself, each rest sees the beginning and itself. That is hydragen's decomposition (Juravsky et al. 2024,
arXiv 2402.05099) without its sums in parts: for training the parts are small.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import AttentionInterface

_NAME = "accord_prefix"


@dataclass(frozen=True)
class PrefixLayout:
    """How a step's tokens lie in one text.

    Attributes:
        prefix: Tokens that all rows begin with.
        rows: How many rows there are.
        rest: Tokens of each row's rest, padded on the right.
    """

    prefix: int
    rows: int
    rest: int

    def ids(self, ids: torch.Tensor) -> torch.Tensor:
        """Return (1, tokens) of (rows, prefix + rest): of the tokens, or of anything that there is one of for each."""
        return torch.cat([ids[:1, : self.prefix], ids[:, self.prefix :].reshape(1, -1)], dim=1)

    def positions(self, device: torch.device) -> torch.Tensor:
        """Return the place of each token in its own row: (1, tokens)."""
        places = torch.arange(self.prefix + self.rest, device=device)
        return torch.cat([places[: self.prefix], places[self.prefix :].repeat(self.rows)])[None]


_LAYOUT: PrefixLayout | None = None


def lies_together(model: Any, longest: int) -> bool:
    """Return whether a model's attention can be cut into parts: it asks for it by name, and no layer's window is short.

    Args:
        model: The model, or one with an adapter.
        longest: Tokens of the longest row.
    """
    config = model.config.get_text_config()
    window = getattr(config, "sliding_window", None)
    plain = set(getattr(config, "layer_types", None) or ["full_attention"]) == {"full_attention"}
    return bool(_base(model)._supports_attention_backend) and plain and (window is None or window >= longest)


@contextmanager
def laid_out(model: Any, layout: PrefixLayout) -> Iterator[None]:
    """Have a model attend by a layout within the block."""
    global _LAYOUT
    config = model.config.get_text_config()
    before, config._attn_implementation, _LAYOUT = config._attn_implementation, _NAME, layout
    try:
        yield
    finally:
        config._attn_implementation, _LAYOUT = before, None


def _base(model: Any) -> Any:
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _attend(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attention_mask: Any, **options: Any
) -> tuple[torch.Tensor, None]:
    """Attend by the layout, each part as the model's own plain attention does; all are (1, heads, tokens, size)."""
    layout = _LAYOUT
    if layout is None:
        raise RuntimeError(f"{_NAME} is used without a layout")
    plain = sys.modules[type(module).__module__].eager_attention_forward
    prefix = layout.prefix
    first, _ = plain(
        module, query[:, :, :prefix], key[:, :, :prefix], value[:, :, :prefix], _mask(query, 0, prefix), **options
    )
    rests = [_rows(one[:, :, prefix:], layout) for one in (query, key, value)]
    keys, values = (
        torch.cat([whole[:, :, :prefix].expand(layout.rows, -1, -1, -1), rest], dim=2)
        for whole, rest in zip((key, value), rests[1:], strict=True)
    )
    rest, _ = plain(module, rests[0], keys, values, _mask(query, prefix, layout.rest), **options)
    return torch.cat([first, rest.reshape(1, -1, *rest.shape[2:])], dim=1), None


def _rows(tensor: torch.Tensor, layout: PrefixLayout) -> torch.Tensor:
    """Return (rows, heads, rest, size) of (1, heads, rows * rest, size)."""
    return tensor[0].unflatten(1, (layout.rows, layout.rest)).transpose(0, 1)


def _mask(like: torch.Tensor, before: int, tokens: int) -> torch.Tensor:
    """Return (tokens, before + tokens): 0 where a token sees another, the least number where it does not.

    Rows are padded on the right, so no token that counts sees a pad.
    """
    hidden = torch.full((tokens, tokens), torch.finfo(like.dtype).min, dtype=like.dtype, device=like.device)
    return torch.nn.functional.pad(hidden.triu(1), (before, 0))[None, None]


AttentionInterface.register(_NAME, _attend)
