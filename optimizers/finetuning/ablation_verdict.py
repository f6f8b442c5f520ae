"""Knows how to say plainly whether rationales paid, from what raters said of dev items; does not know how they learned.

The comparison is that of Zhang et al., "Through the Judge's Eyes" (arXiv 2510.25860, table 1), made fair: its ablation
without rationales was trained on other items than the rater with them.
"""

from collections.abc import Sequence
from typing import Any

from ...data import Corpus, Label, paired_difference
from .measure import MeasuredCandidate

_AGAINST = {"label": "the labels of the same items alone", "trace_shuffled": "rationales of other items"}
"""What ``trace`` is compared with, and what that rater learned from."""


def traces_paid(measured: Sequence[MeasuredCandidate], dev: Corpus, fill: Label, seed: int) -> dict[str, Any]:
    """Compare ``trace`` with its ablations on dev, by a paired bootstrap of alpha over items or groups.

    Args:
        measured: What was trained and measured.
        dev: The items.
        fill: The label that stands in for an unreadable rating.
        seed: Of the bootstrap.

    Returns:
        Plain data: ``answer`` in one sentence, and for each ablation that was trained ``difference``, ``low`` and
        ``high`` of alpha (None where undefined) over ``items``. The dev items also choose between the candidates; that
        does not bias a comparison fixed beforehand.
    """
    by_name = {one.candidate.name: one for one in measured}
    wanted = [name for name in _AGAINST if name in by_name and "trace" in by_name]
    if not wanted:
        return {"answer": "not measured: it takes the objectives trace and label, or trace and trace_shuffled"}
    found: dict[str, Any] = {}
    said: list[str] = []
    for name in wanted:
        difference = paired_difference(
            by_name["trace"].labels,
            by_name[name].labels,
            dev.golds(),
            dev.scale,
            groups=dev.groups(),
            fill=fill,
            seed=seed,
        )
        found[name] = {key: getattr(difference, key) for key in ("low", "high")}
        found[name] = {"difference": difference.value, **found[name], "items": difference.n, "note": difference.note}
        answer = f"{_verdict(difference.low, difference.high)} against {_AGAINST[name]} ({_shown(found[name])})"
        rival = by_name[name].candidate.dev.metrics["alpha"]
        if found[name]["difference"] is not None and (rival.low is None or rival.low <= 0):
            # Short runs flatter rationales: they carry the label where its own few tokens have taught nothing yet.
            answer += f"; but {name!r} is not above a constant yet: train longer before you believe it"
        said.append(answer)
    return {
        "answer": ". ".join(f"{one[0].upper()}{one[1:]}" for one in said),
        "metric": "alpha",
        "level": 0.95,
        "against": found,
    }


def _verdict(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "cannot be said"
    if low > 0:
        return "yes"
    return "no, they cost" if high < 0 else "not shown"


def _shown(found: dict[str, Any]) -> str:
    value, low, high = (found[key] for key in ("difference", "low", "high"))
    if value is None:
        return found["note"] or "alpha is undefined"
    interval = "" if low is None else f" [{low:+.2f}, {high:+.2f}]"
    return f"alpha {value:+.2f}{interval} on {found['items']} dev items"
