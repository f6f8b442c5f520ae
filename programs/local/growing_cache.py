"""Knows how keys and values get room for the tokens to come, so that a step writes one column and copies nothing else.

transformers' own layer joins old and new by a copy of everything in each step.
"""

from typing import Any

from transformers import DynamicCache, cache_utils

_AHEAD = 32
"""Columns of room: with more, growing is rarer and takes more memory."""


class GrowingLayer(cache_utils.DynamicLayer):
    """Keys and values of full attention, each a view of a larger tensor unless somebody replaced it by another."""

    _rooms: Any = None

    def update(self, key_states: Any, value_states: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Add columns on the right, and return all of them."""
        keys, values = (None, None) if self._rooms is None else self._rooms
        self.keys, keys = _extended(self.keys, keys, key_states)
        self.values, values = _extended(self.values, values, value_states)
        self._rooms = keys, values
        return self.keys, self.values

    def batch_select_indices(self, indices: Any) -> None:
        """Keep these rows, in this order, with their room."""
        held: Any = self.keys
        rooms: Any = () if self._rooms is None else self._rooms
        start = _start(held, rooms[0]) if rooms else None
        if start is None:
            super().batch_select_indices(indices)
            return
        kept = [room.index_select(0, indices.to(room.device)) for room in rooms]
        self.keys, self.values = (room[:, :, start : start + held.shape[2]] for room in kept)
        self._rooms = kept


def let_grow(cache: DynamicCache) -> None:
    """Give the plain layers of a cache room; the others stay as they are."""
    for place, layer in enumerate(cache.layers):
        if type(layer) is cache_utils.DynamicLayer and layer.keys is not None:
            roomy = GrowingLayer()
            vars(roomy).update(vars(layer))
            cache.layers[place] = roomy


def _extended(held: Any, room: Any, new: Any) -> tuple[Any, Any]:
    """Return the held columns with new ones on their right, and the tensor that both are a view of."""
    start = _start(held, room)
    width = held.shape[2]
    if start is None or start + width + new.shape[2] > room.shape[2]:
        start, room = 0, held.new_empty((*held.shape[:2], width + new.shape[2] + _AHEAD, held.shape[3]))
        room[:, :, :width] = held
    end = start + width + new.shape[2]
    room[:, :, end - new.shape[2] : end] = new
    return room[:, :, start:end], room


def _start(held: Any, room: Any) -> int | None:
    """Return at which column of a room the held ones begin; None where they are no view of it, or there is none."""
    if room is None:
        return None
    same = held.untyped_storage().data_ptr() == room.untyped_storage().data_ptr()
    if not same or held.shape[:2] != room.shape[:2] or held.stride() != room.stride():
        return None
    return (held.storage_offset() - room.storage_offset()) // room.stride(2)
