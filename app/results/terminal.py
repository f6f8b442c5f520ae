"""Knows how a report looks in a terminal of 80 columns; does not know where its numbers come from."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from ...data import Difference, Estimate
from ...programs import AgreementRow
from .verdict import number

if TYPE_CHECKING:
    from ...optimizers import Utilization
    from .record import Report

_KS = 7
"""Columns of k that fit beside their names."""

SCORES_NOTE = "Of raters that score, tau-b and MAE are of the score, alpha is of the label nearest to it."


def rater_table(rows: Sequence[AgreementRow], chosen: str = "", *, title: str = "") -> Table:
    """Return the table of raters: alpha with its interval, tau-b, MAE (or kappa and accuracy), unparsed replies."""
    ordered = any("mae" in row.agreement.metrics for row in rows)
    columns = ("tau_b", "mae") if ordered else ("kappa", "accuracy")
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("rater", no_wrap=True)
    table.add_column("alpha", justify="right")
    table.add_column("95 % interval", justify="right")
    for name in columns:
        table.add_column({"tau_b": "tau-b", "mae": "MAE"}.get(name, name), justify="right")
    table.add_column("unparsed", justify="right")
    for row in rows:
        metrics = row.agreement.metrics
        alpha = metrics["alpha"]
        unparsed = str(row.agreement.unparsed) if row.kind not in ("baseline", "human") else ""
        cells = [number(alpha.value), span_text(alpha), *(_cell(metrics, name) for name in columns), unparsed]
        style = "bold green" if row.name == chosen else "dim" if row.kind in ("baseline", "human") else ""
        mark = "* " if row.name == chosen else "  "
        table.add_row(Text(mark + row.name), *cells, style=style)
    return table


def utilization_table(found: "Utilization") -> Table:
    """Return utilization by k beside its luck control; of many k the first and the last ones."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", min_width=26)
    every = list(found.curve)
    shown = every if len(every) <= _KS else [every[0], *every[1 - _KS :]]
    for k in shown:
        table.add_column(f"k={k}", justify="right")
    table.add_row("matched", *(f"{found.curve[k]:.0%}" for k in shown))
    table.add_row("by luck (labels permuted)", *(f"{found.luck[k]:.0%}" for k in shown), style="dim")
    return table


def summary(report: "Report") -> str:
    """Return the line under the table that says what the numbers stand on."""
    splits = ", ".join(f"{name} {split['items']} (read {split['reads']}x)" for name, split in report.splits.items())
    filled = any(row.agreement.unparsed for row in report.rows)
    notes = ["A reply without a label counts as the constant answer."] if filled else []
    if any(row.agreement.numbers == "scores" for row in report.rows):
        notes.append(SCORES_NOTE)
    return " ".join([f"* chosen on dev. Items: {splits}. Intervals: bootstrap over test items.", *notes])


def span_text(found: Estimate | Difference | Mapping[str, Any]) -> str:
    """Write an interval; a dash where there is none."""
    low, high = (found["low"], found["high"]) if isinstance(found, Mapping) else (found.low, found.high)
    return "-" if low is None or high is None else f"{number(low)} to {number(high)}"


def _cell(metrics: Mapping[str, Estimate], name: str) -> str:
    """Write a metric; nothing where it is not measured, a dash where it is undefined."""
    return number(metrics[name].value) if name in metrics else ""
