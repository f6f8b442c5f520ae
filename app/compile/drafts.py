"""Knows how the drafts of a distillation look in a terminal and in words; does not know how they were measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from ..console import Console
from ..results import number


def draft_findings(provenance: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a distillation has to say of its choice, as sentences; nothing for any other compile.

    Args:
        provenance: Of the compiled rater.
    """
    rows = provenance.get("drafts", ())
    kept = [row["name"] for row in rows if row["outcome"] == "kept"]
    said = [f"The guideline stays as it was: no draft was let through ({_outcomes(rows)})."] if kept else []
    return (*said, *provenance.get("warnings", ()))


def show_drafts(rows: Sequence[Mapping[str, Any]], items: int, console: Console) -> None:
    """Print what every draft scored on dev, how that compares with the original, its size, and what became of it.

    Args:
        rows: As a distilled rater's provenance has them under ``drafts``.
        items: How many items dev has.
        console: Where it goes.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (("draft", "left"), ("alpha", "right"), ("to original", "right"), ("tokens", "right")):
        table.add_column(name, justify=justify, no_wrap=True)  # pyright: ignore[reportArgumentType]
    table.add_column("what became of it", ratio=1)
    for row in rows:
        first = row["outcome"] in ("chosen", "kept")
        tokens = f"{row['tokens']:,}" if "tokens" in row else ""
        cells = [number(row["alpha"]) if "alpha" in row else "", _difference(row.get("difference")), tokens]
        told = Text(f"{row['outcome']}: {row['why']}")
        table.add_row(
            Text(f"{'* ' if first else '  '}{row['name']}"), *cells, told, style="bold green" if first else ""
        )
    levels = {row["difference"]["level"] for row in rows if "difference" in row}
    allowing = "".join(f"; intervals at {level:.4g} %" for level in sorted(100 * level for level in levels))
    console.print(f"Drafts of the guideline on {items:,} dev items (alpha{allowing}):")
    console.table(table)
    sizes = {row["name"]: row["tokens"] for row in rows if "tokens" in row}
    now = next((row["name"] for row in rows if row["outcome"] == "chosen"), "original")
    if {now, "original"} <= sizes.keys():
        console.print(f"Tokens of the guideline: {sizes['original']:,} before, {sizes[now]:,} after.")


def _difference(found: Mapping[str, Any] | None) -> str:
    if found is None or found["value"] is None:
        return ""
    value, low, high = (found[name] for name in ("value", "low", "high"))
    if low is None or high is None:
        return number(value, sign=True)
    return f"{number(value, sign=True)} [{number(low, sign=True)}, {number(high, sign=True)}]"


def _outcomes(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return how the drafts fared: ``2 refused, 1 skipped``."""
    fared = [row["outcome"] for row in rows if row["outcome"] in ("refused", "skipped")]
    return ", ".join(f"{fared.count(name)} {name}" for name in dict.fromkeys(fared)) or "there was none"
