"""Knows how much a run may spend; does not know how spending is counted."""

import math
from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any

from ...data import SetupError


@dataclass(frozen=True)
class Budget:
    """The most that one run may spend; what is None is not limited.

    What a journal already holds is free and not counted: a run that is started again has its whole budget once more.
    Zero is allowed and lets nothing be asked: the run uses what is recorded and ends. `usd`, `tokens` and `calls` are
    kept before a call is made, by reserving the most that it can cost. `minutes` ends the asking: what is in flight by
    then is awaited.

    Attributes:
        usd: US dollars.
        tokens: Billed tokens, of prompts and replies together.
        calls: Requests sent; one request may bring several draws. Failed ones count.
        minutes: Minutes on the clock, from the start of the run.
    """

    usd: float | None = None
    tokens: int | None = None
    calls: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no limit.

        Raises:
            SetupError: If a limit is negative, not finite or no number, or tokens or calls are not whole.
        """
        for name in ("usd", "tokens", "calls", "minutes"):
            value: Any = getattr(self, name)
            if value is None:
                continue
            if not _is_amount(value):
                cure = f"Give {name}= a number of at least 0, or None for no limit."
                raise SetupError(f"{name}={value!r}", place="Budget", cure=cure)
            if name in ("tokens", "calls"):
                if value != int(value):
                    cure = f"Give {name}= a whole number, or None for no limit."
                    raise SetupError(f"{name}={value!r}", place="Budget", cure=cure)
                # People write 2e6 for two million.
                object.__setattr__(self, name, int(value))

    def to_dict(self) -> dict[str, Any]:
        """Return the four limits as plain data."""
        return asdict(self)


def _is_amount(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return math.isfinite(value) and float(value) >= 0
