"""Knows how small tables and texts look in a notebook, as HTML without script; knows nothing about what is in them."""

from collections.abc import Sequence
from html import escape

_LONGEST = 240
"""Characters of a text that a cell shows."""

_CELL = "text-align:left;vertical-align:top;padding:.15em .9em .15em 0;background:none"


def html_table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; the first column names the rows. Everything is text: markup in it is shown, not followed.

    Args:
        caption: What it shows.
        columns: The heads of the columns.
        rows: The cells, as many a row as there are columns.
    """
    head = "".join(f'<th scope="col" style="{_CELL}">{escape(name)}</th>' for name in columns)
    body = "".join(f"<tr>{''.join(_cell(place, one) for place, one in enumerate(row))}</tr>" for row in rows)
    return (
        '<table style="border-collapse:collapse;font-variant-numeric:tabular-nums">'
        f'<caption style="text-align:left;caption-side:top;padding-bottom:.4em">{escape(caption)}</caption>'
        f'<thead><tr style="border-bottom:1px solid #8886">{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def html_text(heading: str, text: str) -> str:
    """Return a heading over a text with its line breaks."""
    return f'<p><b>{escape(heading)}</b></p><div style="white-space:pre-wrap;max-width:46em">{escape(text)}</div>'


def shortened(text: str) -> str:
    """Return a text in one line, cut where it is too long for a cell."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST].rstrip()} [...]"


def _cell(place: int, text: str) -> str:
    kind = 'th scope="row"' if place == 0 else "td"
    weight = ";font-weight:normal" if place == 0 else ""
    return f'<{kind} style="{_CELL}{weight}">{escape(text)}</{kind[:2]}>'
