"""Knows how a guideline, its rules and its history look in a terminal; does not know where they are kept."""

from collections.abc import Mapping, Sequence
from textwrap import fill

from rich.table import Table
from rich.text import Text

from ...optimizers import RuleRecord, Step
from ...programs import Change, Guideline
from ..console import WIDTH, Console

_AUTHORS = {
    "extracted": "a trace",
    "writer": "writer",
    "human": "human",
    "original": "original",
}
_INDENT = " " * 12
_SOURCES = 5
_REASONING = 300


def show_rules(rules: Sequence[RuleRecord], console: Console) -> None:
    """Print every rule with its id, who wrote it, what it rests on and what it brings on dev."""
    place = ""
    for rule in rules:
        own = _where(rule.part, rule.heading)
        if own != place:
            console.print(own)
            place = own
        about = [_AUTHORS[rule.author], _items(rule.support) if rule.sources else "", _effect(rule)]
        console.print(f"  {rule.id}  {', '.join(filter(None, about))}")
        console.print(fill(rule.text, WIDTH - 1, initial_indent=_INDENT, subsequent_indent=_INDENT), wrap=False)


def show_thresholds(guideline: Guideline, console: Console) -> None:
    """Print from which share of its questions passed a checklist gives which level, where it says so."""
    if guideline.checklist is not None and guideline.checklist.thresholds:
        console.print("share of questions passed")
        for threshold in guideline.checklist.thresholds:
            console.print(f"  {threshold}")


def show_history(steps: Sequence[Step], console: Console) -> None:
    """Print how the versions came about, the current one marked."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("version", "came about", "when"):
        table.add_column(name, no_wrap=True)
    table.add_column("note", ratio=1)
    for number, step in enumerate(steps, start=1):
        mark = "* " if number == len(steps) else "  "
        when = step.time.replace("T", " ").replace("+00:00", "")
        table.add_row(Text(mark + step.version[:12]), step.how.replace("_", " "), when, Text(step.note))
    console.table(table)


def show_changes(changes: Sequence[Change], why: Mapping[str, str], console: Console) -> None:
    """Print what changed, rule by rule, with the reason where one is known.

    Args:
        changes: From the older to the newer version.
        why: Reason by rule id, of the old rule where there is no new one.
        console: Where it goes.
    """
    if not changes:
        console.print("No rule differs.")
    order = list(dict.fromkeys(_where(change.where, change.heading) for change in changes))
    place = ""
    for change in sorted(changes, key=lambda change: order.index(_where(change.where, change.heading))):
        own = _where(change.where, change.heading)
        if own != place:
            console.print(f"\n{own}" if place else own)
            place = own
        id = change.new_id if change.new_id else change.old_id
        reason = why.get(id, "")
        head = f"  {change.kind}{f' {id}' if id else ''}{f' ({reason})' if reason else ''}"
        console.print(head)
        if change.old:
            console.print(_paragraph("- ", change.old), wrap=False)
        if change.new:
            console.print(_paragraph("+ ", change.new), wrap=False)


def explain(rule: RuleRecord, reasoning: Mapping[str, str], since: str, console: Console) -> None:
    """Print where one rule comes from.

    Args:
        rule: The rule.
        reasoning: The trace of each source item, where it is at hand.
        since: Since which version it stands there; '' where that is not known.
        console: Where it goes.
    """
    where = f"{rule.part}{f', under {rule.heading!r}' if rule.heading else ''}"
    console.print(f"{rule.text}\n")
    console.print(f"rule        {rule.id}, {where}")
    console.print(f"author      {_AUTHORS[rule.author]}{f', since version {since[:12]}' if since else ''}")
    effect = _effect(rule)
    console.print(f"brings      {effect if effect else 'dev was not rated without it'}")
    if rule.sources:
        how = (
            "cited by the writer" if rule.author == "writer" and rule.cited else "its words are nearest to their traces"
        )
        how = "a cluster of like statements" if rule.author == "extracted" else how
        console.print(f"rests on    {_items(rule.support)} ({how})")
        for id in rule.sources[:_SOURCES]:
            said = " ".join(reasoning.get(id, "").split())
            shown = said if len(said) <= _REASONING else f"{said[: _REASONING - 3]}..."
            console.print(
                fill(f"{id}{f': {shown}' if shown else ''}", WIDTH - 1, initial_indent="  ", subsequent_indent="    ")
            )
        if rule.support > _SOURCES:
            console.print(f"  and {rule.support - _SOURCES} more")
    if rule.against:
        shown = ", ".join(rule.against[:_SOURCES])
        more = f" and {len(rule.against) - _SOURCES} more" if len(rule.against) > _SOURCES else ""
        console.print(f"against it  {_items(len(rule.against))} where the like led to another label: {shown}{more}")


def show_text(guideline: Guideline, console: Console) -> None:
    """Print the guideline as markdown, and nothing else: what is printed can be edited and compiled again."""
    console.print(guideline.to_markdown(), wrap=False)


def _paragraph(mark: str, text: str) -> str:
    return fill(text, WIDTH - 1, initial_indent=f"    {mark}", subsequent_indent="      ")


def _where(part: str, heading: str) -> str:
    return f"{part}, {heading}" if heading else part


def _items(count: int) -> str:
    return f"{count} item" if count == 1 else f"{count} items"


def _effect(rule: RuleRecord) -> str:
    if rule.effect is None or rule.effect.get("value") is None:
        return ""
    value, low, high = (rule.effect.get(name) for name in ("value", "low", "high"))
    interval = "" if low is None or high is None else f" [{low:+.2f}, {high:+.2f}]"
    return f"alpha {value:+.2f}{interval} on dev"
