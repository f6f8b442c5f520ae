"""Knows how estimated amounts read in a sentence; does not know where they come from."""

import math
from collections.abc import Callable

from ...data import Estimate

Form = Callable[[float], str]
"""Writes one number for people."""


def in_words(estimate: Estimate, form: Form, unit: str = "") -> str:
    """Return e.g. ``31,200 calls (28,900 to 34,100)``; without the interval where there is none or its ends read alike.

    Args:
        estimate: The number.
        form: How numbers are written.
        unit: What is counted, e.g. ``" calls"``.
    """
    if estimate.value is None:
        return f"an unknown number of{unit}"
    value = f"{form(estimate.value)}{unit}"
    if estimate.low is None or estimate.high is None or form(estimate.low) == form(estimate.high):
        return value
    return f"{value} ({form(estimate.low)} to {form(estimate.high)})"


def is_known(estimate: Estimate) -> bool:
    """Tell whether a number is known rather than estimated."""
    return estimate.low == estimate.value == estimate.high


def count(number: float) -> str:
    """Write a count with three digits: ``950``, ``31,200``, ``42.1 M``."""
    rounded = three_digits(number)
    return f"{rounded / 1e6:,.3g} M" if 1e6 <= rounded < 1e9 else f"{rounded:,.0f}"


def dollars(amount: float) -> str:
    """Write dollars: ``$0.0042``, ``$12.40``, ``$1,240``."""
    if 0 < amount < 0.1:
        return f"${amount:.2g}"
    return f"${amount:,.2f}" if amount < 100 else f"${three_digits(amount):,.0f}"


def percent(share: float) -> str:
    """Write a share: ``62 %``."""
    return f"{share:.0%}".replace("%", " %")


def three_digits(number: float) -> float:
    """Round to three significant digits; whole numbers below 1,000 stay as they are."""
    return float(round(number, 2 - math.floor(math.log10(number)))) if number >= 1000 else float(round(number))
