"""Knows how the agreement of everybody with people is shown on the page about a run; measures nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..results import number
from .blocks import SPACE, Block, Section, TableBlock, TableCell, TextBlock, span
from .run_contents import RunContents
from .svg_plot import Axis, axis, dot_row, tick_row

_WRITTEN = {
    "alpha": "alpha",
    "kappa": "kappa",
    "weighted_kappa": "weighted kappa",
    "tau_b": "tau-b",
    "spearman": "Spearman's rho",
    "pearson": "Pearson's r",
    "icc3": "ICC(3,1)",
    "mse": "MSE",
    "mae": "MAE",
    "accuracy": "accuracy",
    "bias": "bias",
}
_KINDS = {
    "candidate": "compiled",
    "zero-shot": "as it was",
    "teacher": "teacher",
    "baseline": "baseline",
    "human": "people",
}


def agreement_section(contents: RunContents) -> Section:
    """Show alpha with its interval for everybody, the differences from the saved rater, and all other coefficients."""
    rows = contents.rows
    if not rows:
        return Section("agreement", "Agreement with people", [TextBlock("No rater has been measured.", "missing")])
    blocks: list[Block] = [_dots(contents, rows)]
    if contents.report.get("comparisons"):
        blocks.append(_differences(contents.report["comparisons"]))
    blocks.append(_all_metrics(rows))
    return Section("agreement", "Agreement with people", blocks)


def metric_name(metric: str) -> str:
    """Return how a coefficient is called on the page."""
    return _WRITTEN.get(metric, metric)


def _dots(contents: RunContents, rows: Sequence[Mapping[str, Any]]) -> TableBlock:
    alphas = {row["name"]: row["metrics"]["alpha"] for row in rows}
    along = _axis([alphas[row["name"]] for row in rows], "alpha", top=1.0)
    human = contents.row("human")
    marks = [] if human is None or (value := alphas[human["name"]]["value"]) is None else [value]
    cells = [_dotted(row, alphas[row["name"]], along, contents.chosen, marks) for row in rows]
    items = sorted({row["n"] for row in rows})
    n = f"{items[0]:,}" if len(items) == 1 else f"{items[0]:,} to {items[-1]:,}"
    caption = (
        f"[[alpha|Alpha]] of each rater with people's gold label on {n} test items, with 95 % [[interval]]s "
        "(bootstrap). 1 is perfect agreement, 0 is what chance would give."
    )
    if marks:
        caption += " The upright stroke marks [[one human against the others]]."
    unparsed = sum(row.get("unparsed", 0) for row in rows)
    if unparsed:
        caption += " A reply without a label counts as the answer of the [[constant]]."
    return TableBlock(
        caption,
        ("rater", "kind", "", "alpha", "95 % interval", "n", "unparsed"),
        cells,
        style="dots",
        foot=("", "", TableCell(drawing=tick_row(along)), "", "", "", ""),
        spare=(1, 5, 6),
    )


def _dotted(
    row: Mapping[str, Any], alpha: Mapping[str, Any], along: Axis, chosen: str, marks: Sequence[float]
) -> Sequence[str | TableCell]:
    own = row["name"] == chosen
    style = "own" if own else "quiet" if row["kind"] in ("baseline", "human") else "other"
    drawing = dot_row(along, alpha["value"], alpha["low"], alpha["high"], style, marks)
    unparsed = "" if row["kind"] in ("baseline", "human") else str(row.get("unparsed", 0))
    return (
        TableCell(row["name"], strong=own),
        "saved" if own else _KINDS.get(row["kind"], row["kind"]),
        TableCell(drawing=drawing),
        TableCell(number(alpha["value"]), strong=own),
        span(alpha),
        f"{row['n']:,}",
        unparsed,
    )


def _differences(comparisons: Sequence[Mapping[str, Any]]) -> TableBlock:
    along = _axis([{**one, "value": one["difference"]} for one in comparisons], "difference", top=0.0)
    cells = [
        (
            one["b"],
            TableCell(drawing=dot_row(along, one["difference"], one["low"], one["high"], "other", [0.0])),
            number(one["difference"], sign=True),
            span(one, sign=True),
            f"{one['n']:,}",
        )
        for one in comparisons
    ]
    caption = (
        f"By how much '{comparisons[0]['a']}' is above each of them in alpha, on the same test items "
        "([[paired difference]], 95 % interval). The upright stroke is 0; only where the whole interval lies to its "
        "right is the saved rater shown to be better."
    )
    return TableBlock(
        caption,
        ("compared with", "", "above by", "95 % interval", "n"),
        cells,
        style="dots",
        foot=("", TableCell(drawing=tick_row(along)), "", "", ""),
        spare=(4,),
    )


def _axis(found: Sequence[Mapping[str, Any]], name: str, *, top: float) -> Axis:
    ends = [one[end] for one in found for end in ("low", "value", "high") if one.get(end) is not None]
    return axis(min([0.0, *ends]), max([top, *ends]), name)


def _all_metrics(rows: Sequence[Mapping[str, Any]]) -> TableBlock:
    metrics = list(dict.fromkeys(metric for row in rows for metric in row["metrics"]))

    def cell(found: Mapping[str, Any] | None) -> str:
        if found is None or found["value"] is None:
            return "-"
        ends = f"{number(found['low'])},{SPACE}{number(found['high'])}"
        return f"{number(found['value'])} [{ends}]"

    return TableBlock(
        "Every coefficient on the test items, with its 95 % interval in brackets. MSE, MAE and bias are in the scale's "
        "units; for errors less is better.",
        ("rater", "n", *(metric_name(metric) for metric in metrics)),
        [(row["name"], f"{row['n']:,}", *(cell(row["metrics"].get(metric)) for metric in metrics)) for row in rows],
        folded="All coefficients",
    )
