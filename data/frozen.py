"""Knows how to keep a small mapping from being changed; knows nothing about what is in it."""

from typing import Any, NoReturn, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class FrozenDict(dict[K, V]):
    """A dict that cannot be changed after it was made.

    It is a real ``dict`` so that ``json.dumps`` takes it, and unlike ``types.MappingProxyType`` it can be pickled,
    deep-copied and hashed (order does not matter for the hash, as it does not for equality).

    Raises:
        TypeError: On any attempt to change it.
    """

    def __hash__(self) -> int:  # type: ignore[override]
        """Hash the pairs regardless of their order."""
        return hash(frozenset(self.items()))

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("this mapping is read-only; make a new one with dict(mapping)")

    __setitem__ = __delitem__ = __ior__ = _refuse  # type: ignore[assignment]
    clear = pop = popitem = setdefault = update = _refuse  # type: ignore[assignment]

    def __copy__(self) -> "FrozenDict[K, V]":
        """Return itself: nobody can change it."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "FrozenDict[K, V]":
        """Return itself: it holds plain values and nobody can change it."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the plain dict it was made from."""
        return FrozenDict, (dict(self),)
