"""Knows how traces look in a notebook; does not know how they came about."""

from collections.abc import Sequence

import dspy

from ...data import Scale
from ...data.notebook import html_table, shortened

_SHOWN = 5
"""Traces that are shown."""


def traces_html(traces: Sequence[dspy.Example], scale: Scale, *, items: int, model: str, stopped: str) -> str:
    """Return how many items are explained, by whom, and the first traces.

    Args:
        traces: The accepted ones.
        scale: Of their labels.
        items: How many there were to explain.
        model: Who drew them.
        stopped: Empty, or which limit of the budget ended the run early.
    """
    shown = traces[:_SHOWN]
    partial = f", stopped by the budget ({stopped})" if stopped else ""
    caption = f"{len(traces):,} of {items:,} items have a trace, drawn from {model}{partial}; the first {len(shown)}"
    rows = [
        (
            str(trace["item_id"]),
            shortened(" / ".join(str(text) for text in trace.inputs().values())),
            scale.write(trace["label"]),
            shortened(trace["rationale"]),
            f"{trace['hits']} of {trace['draws']}",
        )
        for trace in shown
    ]
    return html_table(caption, ("item", "text", "label", "rationale", "hits"), rows)
