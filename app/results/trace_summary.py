"""Knows how to say what drawing traces brought, in report.json and in words; does not know how they were drawn."""

from typing import Any

from ...optimizers import Traces, Utilization

_LISTED = 50
"""Suspects in report.json: more than anybody will look at in one go."""

_WORDS = {
    "no_match": "without a match",
    "not_above_luck": "with matches that luck explains as well",
    "filtered": "whose matching rationales were no use",
    "not_drawn": "not drawn for",
    "no_target": "without a label to reach",
}


def describe_traces(traces: Traces, found: Utilization) -> dict[str, Any]:
    """Return what sampling found as a section of report.json."""
    scale = traces.scale
    suspects = traces.suspects()
    return {
        **found.to_dict(),
        "explained": len(traces),
        "outcomes": dict(traces.outcomes),
        "tokens": traces.tokens,
        "teacher": traces.source.model,
        "sampling": dict(traces.source.sampling),
        "reasons": dict(traces.unparsed),
        "refused": dict(traces.refused),
        "errors": traces.errors,
        "failures": dict(traces.failures),
        "spent": {"draws": traces.asked, **traces.spent.to_dict()},
        "cost": {name: value for name, value in traces.cost().to_dict().items() if name != "run"},
        "stopped": traces.stopped,
        "warning": found.warning,
        "suspects": {
            "count": len(suspects),
            "first": [
                {
                    "item_id": one.item_id,
                    "label": scale.write(one.gold),
                    "teacher": scale.write(one.believed),
                    "probability": one.probability,
                    "disagreeing": one.disagreeing,
                    "draws": one.draws,
                }
                for one in suspects[:_LISTED]
            ],
        },
    }


def trace_sentences(traces: Traces) -> list[str]:
    """Return what a person wants to know before anything is compiled from the traces, one sentence an entry."""
    items = len(traces.items) + len(traces.aimless)
    outcomes = traces.outcomes
    apart = {"hinted": "with a hint", "human": "in people's own words"}
    kinds = [f"{outcomes[kind]:,} of them {how}" for kind, how in apart.items() if outcomes[kind]]
    hinted = f" ({', '.join(kinds)})" if kinds else ""
    rest = [f"{outcomes[name]:,} {said}" for name, said in _WORDS.items() if outcomes[name]]
    said = [f"{len(traces):,} of {items:,} items have a trace{hinted}" + (f"; {', '.join(rest)}." if rest else ".")]
    cost = traces.cost()
    tokens = cost.prompt_tokens + cost.completion_tokens
    dollars = "" if cost.usd is None or cost.usd == 0 else f", ${cost.usd:,.2f}"
    each = "" if cost.tokens_per_trace is None else f", {cost.tokens_per_trace:,.0f} tokens a trace"
    new = (
        "none of them new" if not traces.asked else "all new" if traces.asked == cost.draws else f"{traces.asked:,} new"
    )
    said.append(f"That took {cost.draws:,} draws ({new}) and {tokens:,} tokens{dollars}{each}.")
    doubtful = sum(suspect.probability > 0.5 for suspect in traces.suspects())
    if doubtful:
        labels = "1 label looks" if doubtful == 1 else f"{doubtful:,} labels look"
        said.append(f"{labels} doubtful to the teacher: see traces.suspects in report.json.")
    return said
