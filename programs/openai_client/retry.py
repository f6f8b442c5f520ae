"""Knows which failed requests to try again, and when; does not know what was asked or how it is sent."""

import email.utils
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .response import ServerError

FailureKind = Literal["overloaded", "broken", "malformed", "unreachable", "refused", "set_up"]

_OVERLOADED = {408, 429, 503, 504, 529}
_BROKEN = {409, 425}
_NO_MONEY = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")


@dataclass(frozen=True)
class Failure:
    """Why one attempt gave no completions.

    Attributes:
        kind: ``overloaded`` (429, 503, time-outs: try again, and fewer at a time), ``broken`` (other 5xx, lost
            connections), ``malformed`` (a reply that cannot be read), ``unreachable`` (no connection), ``refused``
            (this request, whoever asks again), ``set_up`` (every request: wrong key, name or address).
        said: What happened, on one line.
        cure: What to do about a wrong set-up.
        retry_after: Seconds that the server asks to wait, or None.
    """

    kind: FailureKind
    said: str
    cure: str = ""
    retry_after: float | None = None


@dataclass(frozen=True)
class Patience:
    """How long to try: at most so many attempts, and at most so many seconds after the first failure.

    Waits grow exponentially with full jitter: the k-th is uniform on [0, min(longest_wait, first_wait * 2^k)]
    (M. Brooker, "Exponential backoff and jitter", AWS Architecture Blog, 2015). The defaults outlast a rate limit storm
    of 30 s and a restart of the server with all requests in flight: the sum of 19 waits is 145 s on average.

    Attributes:
        attempts: Of one request, the first among them.
        seconds: After its first failure.
        first_wait: Bound of the first wait, in seconds.
        longest_wait: Bound of every wait that the server did not ask for.
        longest_retry_after: Longer wishes of a server are cut to this.
        malformed: Attempts whose replies could not be read: these are paid for.
        unreachable: Attempts to connect to a server that has never answered.
    """

    attempts: int = 20
    seconds: float = 300.0
    first_wait: float = 0.5
    longest_wait: float = 20.0
    longest_retry_after: float = 60.0
    malformed: int = 8
    unreachable: int = 6

    def wait(self, failure: Failure, failures: int, chance: random.Random) -> float:
        """Return the seconds to wait after the `failures`-th failure: never less than the server asks for."""
        bound = min(self.longest_wait, self.first_wait * 2.0 ** min(failures - 1, 32))
        if failure.kind == "malformed":
            bound = min(bound, 2 * self.first_wait)  # the server has time; it is its reply that is bad
        if failure.retry_after is None:
            return chance.uniform(0.0, bound)
        # On top of the server's wish, so that those who were refused together do not come back together.
        return min(failure.retry_after, self.longest_retry_after) + chance.uniform(0.0, min(bound, self.first_wait))

    def capped(self, retry_after: float | None) -> float | None:
        """Return a server's wish, cut to the longest that is heard."""
        return None if retry_after is None else min(retry_after, self.longest_retry_after)

    def lasts(self, failures: int, malformed: int, seconds: float) -> bool:
        """Tell whether to try again after so many failures (some malformed) in so many seconds."""
        return failures < self.attempts and malformed < self.malformed and seconds <= self.seconds


def failure_of(status: int, error: ServerError, *, served: bool = False, retry_after: float | None = None) -> Failure:
    """Classify a reply by its HTTP status and by what the server says.

    Args:
        status: The status.
        error: What the server says.
        served: Whether it has answered others: then a 403 is about this request (a gateway's moderation), not the key.
        retry_after: Seconds that it asks to wait, or None.
    """
    said = f"HTTP {status}: {error.said}" if error.said else f"HTTP {status}"
    if status == 402 or error.code in _NO_MONEY:
        return Failure("set_up", said, "Check the account's balance; what is recorded is kept.")
    if status == 401 or (status == 403 and not served):
        return Failure("set_up", said, "Check the key (api_key=, or the environment variable) and what it may use.")
    if status in (404, 405, 410):
        return Failure("set_up", said, "Check the model's name and api_base (it mostly ends in /v1).")
    if 300 <= status < 400:
        return Failure("set_up", said, "The server sends requests elsewhere: name that address as api_base.")
    if status in _OVERLOADED:
        return Failure("overloaded", said, retry_after=retry_after)
    if status in _BROKEN or (status >= 500 and status != 501):
        return Failure("broken", said, retry_after=retry_after)
    return Failure("refused", said)


def retry_after_of(headers: Mapping[str, str], now: float) -> float | None:
    """Read ``Retry-After`` (RFC 9110, section 10.2.3: seconds or an HTTP date) or ``retry-after-ms``, in seconds.

    Args:
        headers: The reply's headers, whatever their case.
        now: Seconds since the epoch, to which a date is compared.
    """
    thousandths = _seconds(headers.get("retry-after-ms"))
    if thousandths is not None:
        return thousandths / 1000.0
    written = headers.get("Retry-After")
    seconds = _seconds(written)
    if seconds is not None or written is None:
        return seconds
    try:
        return max(email.utils.parsedate_to_datetime(written).timestamp() - now, 0.0)
    except (ValueError, OverflowError):
        return None


def _seconds(written: str | None) -> float | None:
    try:
        seconds = float(written) if written is not None else -1.0
    except ValueError:
        return None
    return seconds if 0.0 <= seconds < float("inf") else None
