"""Knows which strengths comparisons settle, by who beat whom at least once; does not know how strong anyone is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .davidson import Design

_MOST = 5
"""Names that a note shows of a set of systems."""


@dataclass(frozen=True)
class WinGraph:
    """What comparisons leave open.

    Attributes:
        unlinked: Why nothing can be said at all, e.g. two sets of systems that no comparison links; '' if all is well.
        unsettled: By system, why its strength against the others is not finite; empty where all are.
    """

    unlinked: str
    unsettled: dict[str, str]

    @property
    def open(self) -> str:
        """Why the likelihood alone has no maximum though all are linked; '' where it has one."""
        return "; ".join(dict.fromkeys(self.unsettled.values()))


def win_graph(design: Design, names: Sequence[str]) -> WinGraph:
    """Look for sets of systems that never lost to all others (Ford's condition), or were never compared with them.

    The likelihood has a maximum where, however the systems are cut in two, someone on each side beat or tied with
    someone on the other: where the graph of "did not lose to" is strongly connected.
    """
    if not names:
        return WinGraph("no comparison has a verdict", {})
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    # An edge for each system that did not lose: a tie is one each way.
    above, below = design.outcome != 1, design.outcome != 0
    edges = np.array(
        [*zip(design.a[above], design.b[above], strict=True), *zip(design.b[below], design.a[below], strict=True)]
    )
    size = len(names)
    graph = csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(size, size))
    parts, part = connected_components(graph, directed=False)
    if parts > 1:
        sets = [_set([name for name, own in zip(names, part, strict=True) if own == number]) for number in range(parts)]
        return WinGraph(f"no comparison links {sets[0]} with {sets[1]}: fit each set by itself", {})
    if (design.outcome == 2).all():
        return WinGraph("", dict.fromkeys(names, "every comparison is a tie"))
    if design.home and _first_place_is_fixed(design):
        return WinGraph("who is shown first follows from who is compared: home cannot be told from strength", {})
    count, code = connected_components(graph, directed=True, connection="strong")
    if count == 1:
        return WinGraph("", {})
    crossing = code[edges[:, 0]] != code[edges[:, 1]]
    winners, losers = set(code[edges[crossing, 0]]), set(code[edges[crossing, 1]])
    unsettled: dict[str, str] = {}
    for number in range(count):
        members = [name for name, own in zip(names, code, strict=True) if own == number]
        alone = _set(members)
        if number not in losers:
            said = f"{alone} never lost to the others"
        elif number not in winners:
            said = f"{alone} never won against the others"
        else:
            said = f"{alone} only lost to some of the others and only won against the rest"
        unsettled |= dict.fromkeys(members, said)
    return WinGraph("", unsettled)


def _set(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST])
    return shown if len(names) <= _MOST else f"{shown} and {len(names) - _MOST} more"


def _first_place_is_fixed(design: Design) -> bool:
    """Tell whether strengths alone could do what the first place does in every comparison that was made."""
    pairs = np.unique(np.stack([design.a, design.b], axis=1), axis=0)
    table = np.zeros((len(pairs), design.systems + 1))
    row = np.arange(len(pairs))
    table[row, pairs[:, 0]], table[row, pairs[:, 1]], table[:, -1] = 1, -1, 1
    return bool(np.linalg.matrix_rank(table) == np.linalg.matrix_rank(table[:, :-1]))
