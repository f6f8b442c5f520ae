"""The pooled client of OpenAI-compatible servers."""

from .concurrency_limit import ConcurrencyLimit
from .dispatcher import Dispatcher, Run
from .feed import stream
from .http import Address, Heads, Rewrite, checked_base
from .pool import AsyncPool, OpenAIPool, pooled_lm, response_of
from .request import MOST_ALTERNATIVES, ChatForm
from .response import read_error
from .retry import Failure, Patience, failure_of

__all__ = [
    "MOST_ALTERNATIVES",
    "Address",
    "AsyncPool",
    "ChatForm",
    "ConcurrencyLimit",
    "Dispatcher",
    "Failure",
    "Heads",
    "OpenAIPool",
    "Patience",
    "Rewrite",
    "Run",
    "checked_base",
    "failure_of",
    "pooled_lm",
    "read_error",
    "response_of",
    "stream",
]
