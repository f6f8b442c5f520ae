"""Knows how a corpus is cut into train, dev and test without leaks; knows nothing about what the parts are used for.

Items that share a group or are near-duplicates form a cluster, and a cluster is never divided. Clusters of several
items are placed first, largest first, each where it keeps sizes and label proportions closest to the request; single
items then fill the parts up to their exact sizes with the label proportions as close as whole items allow.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..scales import Label, Scale
from ..values import is_number, plain, show
from .allocation import Counts, place_clusters, share_out
from .items import Item
from .near_duplicates import Clusters, near_duplicate_clusters

MAX_STRATA = 10
"""Up to so many levels are strata of their own; more, and intervals, are binned by quantile."""

_BINS = 5


def split_ids(
    items: Sequence[Item], scale: Scale, *, dev: float, test: float, seed: int, near_duplicates: bool
) -> tuple[list[str], ...]:
    """Return the ids of the items in train, dev and test; the arguments are those of `accord.data.split`.

    Raises:
        InputError: For sizes that cannot be, or too few items or clusters.
    """
    n = len(items)
    sizes = part_sizes(n, dev, test)
    ordered = sorted(items, key=lambda item: item.id)
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    strata = _strata([item.gold for item in ordered if item.gold is not None], scale)
    clusters = _clusters([item.group for item in ordered], [item.text for item in ordered] if near_duplicates else None)
    parts = _assign(order, strata, clusters, sizes)
    return tuple([ordered[i].id for i in order if parts[i] == part] for part in range(3))


def part_sizes(n: int, dev: float, test: float) -> tuple[int, int, int]:
    """Return the requested numbers of train, dev and test items."""
    wanted = [_count(n, plain(value), name) for name, value in (("dev", dev), ("test", test))]
    if sum(wanted) >= n:
        raise InputError(
            f"{wanted[0]} dev + {wanted[1]} test + at least 1 train make {sum(wanted) + 1} items, the corpus has {n}",
            cure="Ask for smaller parts or give more items.",
        )
    return n - sum(wanted), wanted[0], wanted[1]


def _count(n: int, value: float, name: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if is_number(value) and 0 <= value < 1:
        # A share that is asked for and not zero is never an empty part.
        return max(round(n * value), int(value > 0))
    raise InputError(f"{name} is {show(value)}", cure="Give a share of at least 0 and below 1, or a whole number.")


def _strata(golds: Sequence[Label], scale: Scale) -> npt.NDArray[np.intp]:
    """Return each item's stratum: its label, or its quantile bin where there are many labels."""
    positions = np.array([scale.position(gold) for gold in golds])
    if not scale.ordered or len(np.unique(positions)) <= MAX_STRATA:
        return np.unique(positions, return_inverse=True)[1]
    edges = np.unique(np.quantile(positions, np.arange(1, _BINS) / _BINS))
    return np.unique(np.searchsorted(edges, positions), return_inverse=True)[1]


def _clusters(groups: list[str | None], texts: list[str] | None) -> npt.NDArray[np.intp]:
    clusters = Clusters(len(groups))
    keys: list[list[object]] = [list(groups)]
    if texts is not None:
        keys.append(list(near_duplicate_clusters(texts)))
    for column in keys:
        first: dict[object, int] = {}
        for index, key in enumerate(column):
            if key is not None:
                clusters.join(first.setdefault(key, index), index)
    return np.array(clusters.numbers(), dtype=np.intp)


def _assign(
    order: npt.NDArray[np.intp],
    strata: npt.NDArray[np.intp],
    clusters: npt.NDArray[np.intp],
    sizes: tuple[int, int, int],
) -> npt.NDArray[np.intp]:
    """Return each item's part (0 train, 1 dev, 2 test)."""
    n, levels = len(order), int(strata.max()) + 1
    wanted = np.array(sizes)
    parts_needed = int((wanted > 0).sum())
    found = int(clusters.max()) + 1
    if found < parts_needed:
        raise InputError(
            f"{parts_needed} parts are wanted, but the {n} items form {found} cluster{'s' * (found > 1)} (a group or "
            "near-duplicates each), which are never divided",
            cure="Give items of more groups, or pass near_duplicates=False if alike texts may be apart.",
        )
    counts: Counts = np.zeros((found, levels), dtype=np.int64)
    np.add.at(counts, (clusters, strata), 1)
    cluster_size = counts.sum(axis=1)
    # Clusters in the seeded order of their first member.
    ranked = list(dict.fromkeys(clusters[order].tolist()))
    large = [c for c in ranked if cluster_size[c] > 1]
    part_of = np.full(found, -1, dtype=np.intp)
    target = np.outer(wanted, counts.sum(axis=0)) / n
    placed = place_clusters(counts[large], target)
    part_of[large] = placed
    filled = np.stack([counts[large][placed == part].sum(axis=0) for part in range(3)])
    single = [c for c in ranked if cluster_size[c] == 1]
    by_level = [[c for c in single if counts[c, level]] for level in range(levels)]
    shares = share_out(np.array([len(level) for level in by_level]), target - filled, wanted - filled.sum(axis=1))
    for level, members in enumerate(by_level):
        part_of[members] = np.repeat(np.arange(3), shares[:, level])
    for part in np.flatnonzero(wanted):
        if not (part_of == part).any():
            # A few large clusters can leave a part empty: it gets the smallest one of the part with the most.
            donor = np.argmax(np.bincount(part_of, minlength=3))
            part_of[min((c for c in ranked if part_of[c] == donor), key=lambda c: cluster_size[c])] = part
    return part_of[clusters]
