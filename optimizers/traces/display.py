"""Knows how traces look in a notebook; does not know how they came about."""

from typing import TYPE_CHECKING

from ...data.notebook import html_table, shortened

if TYPE_CHECKING:
    from .traces import Traces

_SHOWN = 5
"""Traces that are shown."""


def traces_html(traces: "Traces") -> str:
    """Return how many items are explained, by whom, and the first traces."""
    shown = traces[:_SHOWN]
    partial = f", stopped by the budget ({traces.stopped})" if traces.stopped else ""
    caption = (
        f"{len(traces):,} of {len(traces.items) + len(traces.aimless):,} items have a trace, drawn from "
        f"{traces.source.model}{partial}; the first {len(shown)}"
    )
    rows = [
        (
            str(trace["item_id"]),
            shortened(" / ".join(str(text) for text in trace.inputs().values())),
            traces.scale.write(trace["label"]),
            shortened(trace["rationale"]),
            f"{trace['hits']} of {trace['draws']}",
        )
        for trace in shown
    ]
    return html_table(caption, ("item", "text", "label", "rationale", "hits"), rows)
