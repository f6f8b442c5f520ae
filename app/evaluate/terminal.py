"""Knows how an evaluation looks in a terminal of 80 columns or more; does not know where its numbers come from."""

from collections.abc import Mapping
from dataclasses import replace

from rich.table import Table
from rich.text import Text

from ...data import Agreement
from ...programs import AgreementRow
from ..console import Console
from ..results import RaterRow, alpha_of, number, rater_table, span_text
from .label_audits import Audits
from .measure import Contest, EntrantEvaluation
from .sentences import alt_sentence

_SHOWN = {True: "yes", False: "no", None: "-"}


def show_tables(evaluation: EntrantEvaluation, audits: Mapping[str, Audits], console: Console) -> None:
    """Print who agrees how far, who is better than whom, and what the audits found."""
    console.table(rater_table(rows_of(evaluation)))
    if evaluation.contests:
        console.print("")
        console.table(contest_table(evaluation.contests))
    for name, found in audits.items():
        console.print("")
        console.table(audit_table(found, f"audits of {name}"))


def rows_of(evaluation: EntrantEvaluation) -> list[AgreementRow]:
    """Return everybody as rows: entrants, baselines from the strongest down, people."""
    rows = [*evaluation.measured, *sorted(evaluation.baselines, key=alpha_of, reverse=True)]
    people = evaluation.people
    if people.one is not None:
        rows += [people.one, RaterRow("people among each other", "human", people.among)]
    ceiling = _ceiling(evaluation)
    return rows if ceiling is None else [*rows, RaterRow("who knew the truth (ceiling)", "human", ceiling)]


def _ceiling(evaluation: EntrantEvaluation) -> Agreement | None:
    """Return what somebody who knew the truth would score against this gold, as a row; None where it is not known."""
    found = evaluation.people.reliability
    if found.ceilings["alpha"].value is None:
        return None
    return replace(evaluation.people.among, metrics=found.ceilings, n=found.n)


def contest_table(contests: tuple[Contest, ...]) -> Table:
    """Return the paired differences in alpha, with p-values corrected for all of them."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("paired difference in alpha", overflow="fold")
    for name in ("value", "95 % interval", "p (Holm)"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("shown", no_wrap=True)
    for contest in contests:
        found = contest.difference
        table.add_row(
            Text(f"  {contest.a} - {contest.b}"),
            number(found.value, sign=True),
            span_text(found),
            probability(contest.adjusted),
            "better" if contest.better else "worse" if contest.worse else "neither" if found.value is not None else "-",
        )
    return table


def audit_table(found: Audits, title: str) -> Table:
    """Return one row an audit: its name, whether what it looks for is there, and what it found."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(title, no_wrap=True)
    table.add_column("shown", no_wrap=True)
    table.add_column("", overflow="fold")
    for finding in found.findings:
        table.add_row(Text(f"  {finding.name}"), _SHOWN[finding.shown], Text(finding.verdict))
    if found.alt_test is not None:
        passed = {"passed": "yes", "failed": "no", "not shown": "no", "undefined": "-"}[found.alt_test.verdict]
        table.add_row(Text("  in people's place"), passed, Text(alt_sentence(found.alt_test)))
    if found.replaced is not None:
        table.add_row(Text("  in one's place"), "-", Text(f"alpha of people changes by {found.replaced.change}"))
    return table


def probability(p: float | None) -> str:
    """Write a p-value with three digits."""
    return "-" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"
