"""Knows in which order items are audited, so that a few stand for all; does not know what is asked of them."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from ...data import Corpus, Label, Scale

_BINS = 10
"""Strata of labels that are no levels."""


def audit_sample(corpus: Corpus, items: int | None = None, *, seed: int = 0) -> Corpus:
    """Choose items by lot, each label with its share.

    A larger sample begins with a smaller one of the same seed, so that asking about more items repeats nothing. Within
    a label the order is by lot, and the n-th of its m items stands at a place drawn from (n - 1) / m to n / m.

    Args:
        corpus: All items.
        items: How many; None takes all, in the order in which a smaller sample would take them.
        seed: Of the order.
    """
    rng = np.random.default_rng(seed)
    members: dict[Hashable, list[int]] = defaultdict(list)
    strata = _strata([item.gold for item in corpus], corpus.scale)
    for place, stratum in enumerate(strata):
        members[stratum].append(place)
    standing: list[tuple[float, int]] = []
    for places in members.values():
        shuffled = rng.permutation(places).tolist()
        spread = (np.arange(len(places)) + rng.uniform(size=len(places))) / len(places)
        standing += zip(spread.tolist(), shuffled, strict=True)
    order = [place for _, place in sorted(standing)]
    return corpus.select(corpus.ids[place] for place in order[:items])


def _strata(golds: Sequence[Label | None], scale: Scale) -> list[Hashable]:
    """Return what each item counts as: its label, or the tenth in which a label on an interval lies."""
    if scale.levels is not None:
        return list(golds)
    values = np.array([np.nan if gold is None else scale.value(gold) for gold in golds])
    known = values[np.isfinite(values)]
    if known.size == 0:
        return list(golds)
    ends = np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1])
    return [None if np.isnan(value) else int(np.searchsorted(ends, value)) for value in values]
