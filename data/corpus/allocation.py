"""Knows how to deal clusters and single items into parts of wanted sizes and proportions; knows nothing about items.

Shapes throughout: P parts, S strata, C clusters. A *target* (P, S) says how many items of each stratum a part should
hold; its row sums are the parts' wanted sizes. The order in which clusters are given breaks ties.
"""

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]

MAX_MOVES = 2000


def place_clusters(counts: Counts, target: _Floats) -> npt.NDArray[np.intp]:
    """Return a part for each cluster, whole clusters only.

    Largest first, each cluster goes where it adds least to ``sum((held - target)^2 / target)`` over parts and strata
    (chi-square, so that a part is compared with its own size). Then single moves and exchanges are made as long as
    they lessen the number of items above the parts' wanted sizes: what lacks, single items can fill up.

    Args:
        counts: (C, S) items of each stratum in each cluster.
        target: (P, S) wanted.
    """
    parts = np.zeros(len(counts), dtype=np.intp)
    held = np.zeros_like(target)
    open_parts = target.sum(axis=1) > 0
    weight = 1 / np.maximum(target, 0.5)
    sizes = counts.sum(axis=1)
    for c in np.argsort(-sizes, kind="stable"):
        add = counts[c]
        cost = ((add**2 + 2 * add * (held - target)) * weight).sum(axis=1)
        part = int(np.argmin(np.where(open_parts, cost, np.inf)))
        parts[c] = part
        held[part] += add
    return _even_out(parts, sizes, target.sum(axis=1))


def _even_out(parts: npt.NDArray[np.intp], sizes: npt.NDArray[np.int64], wanted: _Floats) -> npt.NDArray[np.intp]:
    """Move or exchange clusters while that lessens ``sum(max(held - wanted, 0))``."""
    parts = parts.copy()
    # Rounded because targets are sums of quotients.
    wanted = np.round(wanted)
    for _ in range(MAX_MOVES):
        held = np.array([sizes[parts == part].sum() for part in range(len(wanted))], dtype=float)
        excess = held - wanted
        if np.maximum(excess, 0).sum() == 0:
            break
        step = _best_step(parts, sizes, excess, wanted > 0)
        if step is None:
            break
        for cluster, part in step:
            parts[cluster] = part
    return parts


def _best_step(
    parts: npt.NDArray[np.intp], sizes: npt.NDArray[np.int64], excess: _Floats, open_parts: npt.NDArray[np.bool_]
) -> list[tuple[int, int]] | None:
    """Return the move or exchange between two parts that lessens the total excess most, or None."""
    best, found = 0.0, None
    for a in range(len(excess)):
        for b in range(len(excess)):
            if a == b or not (open_parts[a] and open_parts[b]) or not excess[a] > max(excess[b], 0):
                continue

            def gain(net: npt.NDArray[np.int64], a: int = a, b: int = b) -> _Floats:
                before = max(excess[a], 0) + max(excess[b], 0)
                return before - np.maximum(excess[a] - net, 0) - np.maximum(excess[b] + net, 0)

            # One cluster of each size stands for all: the first, which is the seeded choice.
            out_sizes, out_first = np.unique(sizes[parts == a], return_index=True)
            in_sizes, in_first = np.unique(sizes[parts == b], return_index=True)
            out_index, in_index = np.flatnonzero(parts == a)[out_first], np.flatnonzero(parts == b)[in_first]
            for net, step in (
                (out_sizes[:, None], None),
                (out_sizes[:, None] - in_sizes[None, :], in_index),
            ):
                if not net.size:
                    continue
                gains = gain(net)
                i, j = np.unravel_index(int(np.argmax(gains)), gains.shape)
                if gains[i, j] > best:
                    best = float(gains[i, j])
                    found = [(int(out_index[i]), b)] + ([] if step is None else [(int(step[j]), a)])
    return found


def share_out(available: Counts, missing: _Floats, room: Counts) -> Counts:
    """Return how many single items of each stratum go to each part: (P, S) whole numbers.

    Column sums are ``available``. Row sums are ``room`` (brought to what there is when large clusters have overfilled a
    part). Among those tables, the one returned minimises ``sum((x - missing)^2)`` up to exchanges between two parts.

    Args:
        available: (S,) single items of each stratum.
        missing: (P, S) what the parts still want, fractions included, possibly negative.
        room: (P,) how many items each part still takes, possibly negative.
    """
    room = _whole(np.maximum(room, 0).astype(float), int(available.sum()))
    shares = np.zeros(missing.shape, dtype=np.int64)
    left = room.copy()
    for level, count in enumerate(available):
        later = available[level + 1 :].sum()
        wanted = np.clip(missing[:, level], 0, left)
        take = _whole(np.maximum(wanted, 0), int(count), np.minimum(left, count)) if later else left.copy()
        shares[:, level] = take
        left = left - take
    while True:
        error = shares - missing
        step = _exchange(shares, error)
        if step is None:
            return shares
        p, q, s, t = step
        shares[[p, q, q, p], [s, s, t, t]] += np.array([-1, 1, -1, 1])


def _exchange(shares: Counts, error: _Floats) -> tuple[int, int, int, int] | None:
    """Return (p, q, s, t): one item of s from p to q against one of t from q to p, or None when none pays."""
    best, found = -1e-9, None
    for p in range(len(shares)):
        for q in range(len(shares)):
            if p == q:
                continue
            # Change in sum of squares when one item of a stratum goes from p to q, and the other way round.
            there = np.where(shares[p] > 0, 2 * (error[q] - error[p] + 1), np.inf)
            back = np.where(shares[q] > 0, 2 * (error[p] - error[q] + 1), np.inf)
            s, t = int(np.argmin(there)), int(np.argmin(back))
            if there[s] + back[t] < best:
                best, found = float(there[s] + back[t]), (p, q, s, t)
    return found


def _whole(wanted: _Floats, total: int, most: npt.NDArray[np.int64] | None = None) -> Counts:
    """Return whole numbers of a given sum, each at most ``most``, in proportion to ``wanted`` by largest remainder."""
    room = np.full(len(wanted), total, dtype=np.int64) if most is None else most.astype(np.int64)
    weight = wanted if wanted.sum() > 0 else room.astype(float)
    ideal = np.minimum(weight * (total / weight.sum()) if weight.sum() > 0 else weight, room)
    whole = np.floor(ideal + 1e-9).astype(np.int64)
    while whole.sum() < total:
        lack = np.where(whole < room, ideal - whole, -np.inf)
        whole[int(np.argmax(lack))] += 1
    return whole
