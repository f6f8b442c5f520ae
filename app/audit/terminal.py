"""Knows how the findings of an audit look in a terminal of 80 columns or more; does not know how they were made."""

import json
from collections.abc import Iterator
from pathlib import Path

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ...data import Estimate
from ...optimizers.budget import dollars
from ...programs import Audit
from ..console import Console, counts, duration
from ..results import number
from .plan import AuditPlan
from .record import AuditReport

_CHANCE = (
    "Each audit that looks for a fault finds one by chance in up to one of twenty raters without it; one that finds "
    "nothing rules out no more than its interval does."
)
_AGREEMENT = "agreement with people"


def show_plan(plan: AuditPlan, console: Console, *, as_json: bool) -> None:
    """Print what would be asked: a table and sentences, or one JSON document."""
    if as_json:
        console.print(json.dumps(plan.to_dict(), ensure_ascii=False, allow_nan=False), wrap=False)
        return
    table = _table("set of ratings", "items", "calls", "prompt tokens", "reply tokens")
    for one in plan.sets:
        figures = (one.items, one.left.calls, one.prompt_tokens, one.left.max_tokens)
        table.add_row(Text(one.name), *(f"{figure:,}" for figure in figures))
    table.add_row(
        "together", "", *(f"{figure:,}" for figure in (plan.calls, plan.prompt_tokens, plan.reply_tokens)), style="bold"
    )
    console.table(table)
    console.print("")
    for sentence in plan.sentences():
        console.print(f"{sentence[0].upper()}{sentence[1:]}.")
    console.print("Tokens of prompts are estimated from their length, tokens of replies are the most there can be.")


def show_audit(report: AuditReport, path: Path, console: Console, *, as_json: bool) -> None:
    """Print what was found, or all of it as JSON."""
    if as_json:
        console.print(json.dumps(report.to_dict(), ensure_ascii=False, allow_nan=False), wrap=False)
        return
    console.table(Text(report.summary))
    console.print("")
    for line in findings_lines(report):
        console.table(line)
    console.print("")
    for line in _notes(report):
        console.table(Text(line))
    console.print(f"All figures are in {path}.", wrap=False)


def findings_lines(report: AuditReport) -> Iterator[RenderableType]:
    """Yield the table: agreement first, then each audit with a line of figures and, below it, the words.

    Faults stand first, audits that were not run last; else the order is that of the audits.
    """
    ordered = sorted(report.audits, key=_urgency)
    width = max(len(_AGREEMENT), *(len(one.name) for one in ordered))
    yield Text(_columns(width, "audit", "found", "value", "items", "calls"), style="bold")
    if report.agreement is not None:
        alpha = report.agreement.metrics["alpha"]
        paid = sum(one.cost.calls for one in report.sets if one.found.probe.kind == "deployed")
        yield Text(_columns(width, _AGREEMENT, "", _span(alpha), f"{report.agreement.n:,}", f"{paid:,}"))
        yield _below(f"Krippendorff's alpha as deployed{f'; {alpha.note}' if alpha.note else ''}")
    for one in ordered:
        calls = f"{report.calls_of(one):,}"
        name, value = _main(one)
        items = "" if one.finding is None else f"{one.finding.n:,}"
        figures = _columns(width, one.name, _state(one), "" if value is None else _span(value), items, calls)
        yield Text(figures, style="bold red" if one.against and one.state == "found" else "")
        said = f"not run: {one.why}" if one.finding is None else one.finding.verdict
        yield _below(f"{name}: {said}" if value is not None and value.value is not None else said)
        yield from map(_below, _beside(one))


def _beside(audit: Audit) -> Iterator[str]:
    """Say what belongs to a finding and is not in its words."""
    left = audit.details.get("not asked", ())
    if audit.finding is not None and left:
        yield f"not asked for want of budget: {', '.join(left)}"
    attacks = audit.details.get("by attack", {})
    if audit.state == "found" and attacks:
        counts = [f"{name} {one['after']} of {one['items']}" for name, one in attacks.items()]
        before = sum(one["before"] for one in attacks.values())
        yield f"items with that label, by text: {', '.join(counts)} (without any text {before} in all)"


def _columns(width: int, name: str, found: str, value: str, items: str, calls: str) -> str:
    return f"{name:<{width}}  {found:<7}  {value:>20}  {items:>6}  {calls:>7}"


def _below(text: str) -> Padding:
    return Padding(Text(text, style="dim"), (0, 0, 0, 4))


def _main(audit: Audit) -> tuple[str, Estimate | None]:
    """Return the measure that decides, and its name."""
    if audit.finding is None:
        return "", None
    return next(iter(audit.finding.measures.items()), ("", None))


def _urgency(audit: Audit) -> int:
    if audit.finding is None:
        return 3
    return 0 if audit.against and audit.state == "found" else 1 if audit.against else 2


def _state(audit: Audit) -> str:
    if audit.state == "not run" or not audit.against:
        return "-"
    return {"found": "fault", "not found": "none"}.get(audit.state, "?")


def _notes(report: AuditReport) -> Iterator[str]:
    """Say what the findings stand on and need care with."""
    data, spent = report.data, report.spent
    chosen = "" if len(data.sample) == len(data.whole) else f" of {len(data.whole):,}, chosen by lot"
    gold = "" if data.golden else ", without gold labels"
    yield f"{report.folder} on {data.path}: {len(data.sample):,} items{chosen}{gold}; seed {report.options.seed}."
    if data.whole.dropped:
        yield f"Left out of the file ({counts(data.whole.dropped)})."
    money = f", {dollars(spent.usd)}" if spent.usd else ""
    before = " The rest was recorded before." if spent.calls < report.plan.calls or not spent.calls else ""
    paid = f"{spent.calls:,} calls, {spent.tokens:,} tokens{money} in {duration(report.seconds)}."
    yield f"Paid in this run: {paid}{before if not report.stopped else ''}"
    if report.stopped:
        yield f"The budget ended the audit ({report.stopped}). The same command with more goes on from there."
    silent = [f"{one.found.probe.name} ({counts(one.found.unparsed)})" for one in report.sets if one.found.unparsed]
    if silent:
        yield f"Ratings without a label: {'; '.join(silent)}."
    errors = [one.found.first_error for one in report.sets if one.found.first_error]
    if errors:
        yield f"Of the failed requests the first said: {errors[0]}. The same command asks for them again."
    if report.paraphrases.failures:
        yield f"Paraphrases that could not be used ({counts(report.paraphrases.failures)})."
    yield _CHANCE


def _span(found: Estimate) -> str:
    if found.low is None or found.high is None:
        return number(found.value)
    return f"{number(found.value)} [{number(found.low)}, {number(found.high)}]"


def _table(*columns: str) -> Table:
    """Return a table without lines; all columns but the first hold figures."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", no_wrap=True)
    return table
