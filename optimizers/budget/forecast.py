"""Knows what a run will cost, from what a few of its items did cost; does not know how they were drawn.

The items whose costs are known stand for the others as a random sample does, and are themselves not estimated.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...data import Estimate, SetupError
from ...programs import Price
from .cost import Bill
from .finite_population import Sample, extrapolate
from .pilot import ItemCost

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


def rounded_count(number: float) -> str:
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


_CHANCES = 20_000
"""Simulated runs behind the interval of the explained share."""


@dataclass(frozen=True)
class Remaining:
    """What is still to be paid.

    Attributes:
        calls: Requests.
        tokens: Billed tokens of prompts and replies together.
        usd: US dollars; None where the price is unknown.
    """

    calls: Estimate
    tokens: Estimate
    usd: Estimate | None


@dataclass(frozen=True)
class Forecast:
    """What a whole run costs, each figure with a prediction interval; known items are in it as they were.

    Attributes:
        items: Items of the run.
        known: How many of them have been drawn for already, in a pilot or in an earlier run.
        paid: What those did cost. It is recorded, so going on does not cost it again.
        draws: Draws of all items.
        calls: Requests of all items.
        prompt_tokens: Billed prompt tokens.
        completion_tokens: Billed completion tokens.
        tokens: Both together.
        usd: US dollars; None where the price is unknown.
        explained: Share of all items, 0 to 1, that will have an accepted draw.
        level: Of the intervals.
    """

    items: int
    known: int
    paid: Bill
    draws: Estimate
    calls: Estimate
    prompt_tokens: Estimate
    completion_tokens: Estimate
    tokens: Estimate
    usd: Estimate | None
    explained: Estimate
    level: float

    @property
    def remaining(self) -> Remaining:
        """What is still to be paid: the whole without what the known items did cost."""
        usd = None if self.usd is None or self.paid.usd is None else _less(self.usd, self.paid.usd)
        return Remaining(_less(self.calls, self.paid.calls), _less(self.tokens, self.paid.tokens), usd)

    def to_dict(self) -> dict[str, Any]:
        """Return all figures as plain data."""
        names = ("draws", "calls", "prompt_tokens", "completion_tokens", "tokens", "usd", "explained")
        figures = {name: getattr(self, name) for name in names}
        return {
            "items": self.items,
            "known": self.known,
            "level": self.level,
            "paid": self.paid.to_dict(),
            "total": _plain(figures),
            "remaining": _plain(vars(self.remaining)),
        }

    def sentences(self) -> list[str]:
        """Return the forecast in words, one sentence an entry."""
        items = f"{self.items:,} item{'s' * (self.items != 1)}"
        pilot = f"{self.known:,} item{'s' * (self.known != 1)}"
        said = [f"{_amounts(self.calls, self.tokens, self.usd)} for {items}; pilot: {pilot}"]
        if self.known < self.items:
            left = self.remaining
            still = _amounts(left.calls, left.tokens, left.usd)
            said.append(f"still to be paid: {still}; what the pilot drew is recorded and not paid again")
        said.append(f"{in_words(self.explained, percent)} of the items get a trace")
        if self.usd is None:
            said.append("dollars are unknown: nobody gave the model's price")
        if self.calls.note:
            said.append(self.calls.note)
        return said


def forecast(
    known: Sequence[ItemCost],
    lengths: Sequence[int],
    *,
    price: Price | None = None,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Forecast:
    """Work out what a run over all items costs, from the items that were drawn for already.

    Draws, calls and completion tokens of the other items are the known items' mean; prompt tokens go with the length of
    the prompts, so that longer items cost more (`extrapolate`). The share of explained items has the beta-binomial
    prediction interval with Jeffreys' prior, which has a width even where all known items are explained.

    A sampler that learns as it goes spends less on later items than on a pilot: then the forecast is on the dear side.

    Args:
        known: What items did cost that are a random sample of all; see `pilot_places`.
        lengths: Bytes of the prompt of every item, the known ones included.
        price: What tokens cost; None leaves dollars out.
        resamples: Of the bootstrap.
        level: Of the intervals.
        seed: Of the bootstrap.

    Raises:
        SetupError: If nothing is known, an item is known twice, or is not one of the items.
    """
    places = [item.place for item in known]
    if not places or len(set(places)) < len(places) or not set(places) <= set(range(len(lengths))):
        what = f"{len(places)} known items at {len(set(places))} places of {len(lengths)}"
        raise SetupError(what, place="forecast", cure="Give each item of a pilot once, by its place among the items.")
    rest = len(lengths) - len(known)
    sizes = np.array([lengths[place] for place in places], dtype=float)
    rates = (0.0, 0.0) if price is None else (price.completion, price.prompt)
    replies = np.array([[item.completion_tokens] for item in known], dtype=float)
    prompts = np.array([[item.prompt_tokens] for item in known], dtype=float)
    counts = np.array([[item.draws, item.calls] for item in known], dtype=float)
    # Columns: draws, calls, prompt tokens, completion tokens, all tokens, dollars.
    sample = Sample(
        fixed=np.hstack([counts, replies @ [[0.0, 1.0, 1.0, rates[0]]]]),
        sized=np.hstack([0.0 * counts, prompts @ [[1.0, 0.0, 1.0, rates[1]]]]),
        sizes=sizes,
        rest=rest,
        rest_size=float(sum(lengths) - sizes.sum()),
    )
    draws, calls, prompt_tokens, completion_tokens, tokens, usd = extrapolate(
        sample, resamples=resamples, level=level, seed=seed
    )
    paid = Bill(int(counts[:, 1].sum()), int(prompts.sum()), int(replies.sum()))
    return Forecast(
        items=len(lengths),
        known=len(known),
        paid=paid.priced(price),
        draws=draws,
        calls=calls,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        tokens=tokens,
        usd=None if price is None else usd,
        explained=_share(
            sum(item.explained for item in known), len(known), rest, level=level, rng=np.random.default_rng(seed)
        ),
        level=level,
    )


def _share(hits: int, known: int, rest: int, *, level: float, rng: np.random.Generator) -> Estimate:
    value = hits / known
    if rest == 0:
        return Estimate(value, value, value)
    more = rng.binomial(rest, rng.beta(hits + 0.5, known - hits + 0.5, size=_CHANCES))
    low, high = np.quantile(hits + more, [(1 - level) / 2, (1 + level) / 2]) / (known + rest)
    return Estimate(value, float(low), float(high))


def _less(of: Estimate, known: float) -> Estimate:
    def shift(end: float | None) -> float | None:
        return None if end is None else max(end - known, 0.0)

    return Estimate(shift(of.value), shift(of.low), shift(of.high), of.note)


def _plain(figures: Mapping[str, Estimate | None]) -> dict[str, Any]:
    return {name: None if figure is None else figure.to_dict() for name, figure in figures.items()}


def _amounts(calls: Estimate, tokens: Estimate, usd: Estimate | None) -> str:
    """Say three amounts. Tokens have their interval only where no dollars say the same."""
    said = [in_words(calls, rounded_count, " calls")]
    said.append(
        f"{rounded_count(tokens.value)} tokens"
        if usd is not None and tokens.value
        else in_words(tokens, rounded_count, " tokens")
    )
    if usd is not None:
        said.append(in_words(usd, dollars))
    return f"{'' if is_known(calls) and is_known(tokens) else 'about '}{', '.join(said)}"
