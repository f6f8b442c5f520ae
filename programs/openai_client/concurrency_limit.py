"""Knows how many requests may be on their way at a time, and learns it from how they fare; does not send any."""

import time
from collections.abc import Callable


class ConcurrencyLimit:
    """Adaptive concurrency: additive increase, multiplicative decrease, with a slow start.

    As TCP does it (V. Jacobson, "Congestion avoidance and control", SIGCOMM 1988, sections 2 and 3): the limit begins
    at `start` and grows by 1 for each success, i.e. doubles with each round trip, up to the threshold; from there by 1
    for each round trip. A sign of congestion halves it, at most once for each round trip: requests that began before
    the last cut do not cut again. The threshold is half of the limit at which a series of cuts began, so that a long
    storm, which takes the limit down to 1, does not cost a long climb.

    Args:
        most: The limit's own limit.
        start: The limit to begin with, at most `most`.
        clock: Seconds on a clock that never goes back.
    """

    def __init__(self, most: int, *, start: int = 64, clock: Callable[[], float] = time.monotonic) -> None:
        """Open the gate."""
        self.most = most
        self.in_flight = 0
        self._limit = float(min(start, most))
        self._threshold = float(most)
        self._clock = clock
        self._last_cut = float("-inf")
        self._in_series = False
        self._closed_until = float("-inf")

    @property
    def limit(self) -> int:
        """How many may be on their way now."""
        return int(self._limit)

    @property
    def closed_for(self) -> float:
        """Seconds for which the server wants to be left alone; at most 0 when it does not."""
        return self._closed_until - self._clock()

    def has_room(self) -> bool:
        """Tell whether one more may go."""
        return self.in_flight < int(self._limit) and self._closed_until <= self._clock()

    def enter(self) -> float:
        """Note that one goes; returns when, for `succeeded` and `congested`."""
        self.in_flight += 1
        return self._clock()

    def leave(self) -> None:
        """Note that one came back, however."""
        self.in_flight -= 1

    def succeeded(self, began: float) -> None:
        """Raise the limit for a reply to a request that entered at `began`, unless it was cut since."""
        if began <= self._last_cut:
            return
        self._in_series = False
        step = 1.0 if self._limit < self._threshold else 1.0 / self._limit
        self._limit = min(float(self.most), self._limit + step)

    def congested(self, began: float, *, retry_after: float | None = None) -> None:
        """Halve the limit for a request that entered at `began` and was turned away, or took too long.

        Args:
            began: What `enter` returned.
            retry_after: Seconds for which the server wants to be left alone: nobody enters until then.
        """
        if retry_after is not None:
            self._closed_until = max(self._closed_until, self._clock() + retry_after)
        if began <= self._last_cut:
            return
        if not self._in_series:
            self._threshold = max(self._limit / 2.0, 1.0)
        self._in_series = True
        self._limit = max(self._limit / 2.0, 1.0)
        self._last_cut = self._clock()
