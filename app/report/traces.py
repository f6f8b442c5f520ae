"""Knows how the drawing of traces is shown on the page about a run: what was explained, what luck would explain."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from .blocks import Block, FigureBlock, Section, TableBlock, TableCell, TextBlock, count_cell, share, shares, some
from .run_contents import RunContents
from .svg_plot import Axis, Plot, axis, dot_row, tick_row
from .tables import TableRows

_OUTCOMES = {
    "blind": "explained without seeing the label",
    "hinted": "explained with a hint",
    "no_match": "no draw reached the label",
    "not_above_luck": "matches that luck explains as well",
    "filtered": "matches whose rationales were no use",
    "not_drawn": "not drawn for",
    "no_target": "no label to reach",
}


def traces_section(contents: RunContents, tables: Mapping[str, TableRows]) -> Section:
    """Show what the teacher explained, beside its luck control."""
    section = ("traces", "The reconstructed thinking")
    traces = contents.report.get("traces", {})
    if not traces and not contents.traces:
        return Section(*section, [TextBlock("No traces have been drawn.", "missing")])
    blocks: list[Block] = []
    if traces:
        blocks += _summary(traces)
        blocks.append(_by_k(traces, tables["utilization"]))
    if tables["hit_rates"]:
        blocks.append(_hit_rates(tables["hit_rates"], contents))
    for part, title in (("level", "people's gold label"), ("disagreement", "how far the annotators are apart")):
        rows = [row for row in tables["utilization_by"] if row["part"] == part]
        if len(rows) > 1:
            blocks.append(_by_part(rows, title))
    blocks.append(_outcomes(contents))
    return Section(*section, blocks)


def _summary(traces: Mapping[str, Any]) -> list[Block]:
    advantage = traces.get("advantage", {})
    said = (
        f"The [[teacher]], {traces.get('teacher', 'a model')}, read {some(traces.get('items', 0), 'train item')} "
        f"without their labels and reasoned to one, {traces.get('draws', 0):,} times in all. On "
        f"{count_cell(traces.get('accepted'))} items at least one draw reached people's label."
    )
    if advantage.get("low") is not None:
        value, low, high = (100 * advantage[name] for name in ("value", "low", "high"))
        said += (
            f" A draw reaches the label {value:.1f} percentage points more often than it would reach the label of "
            f"another item (95 % interval {low:.1f} to {high:.1f})."
        )
    blocks: list[Block] = [TextBlock(said)]
    if traces.get("warning"):
        blocks.append(TextBlock(traces["warning"], "finding"))
    return blocks


def _by_k(traces: Mapping[str, Any], rows: TableRows) -> Block:
    rows = [row for row in rows if row["luck"] is not None]
    if not rows:
        return TextBlock("No draw was made.", "missing")
    ticks = tuple((float(place), str(row["k"])) for place, row in enumerate(rows))
    x = Axis(0, max(len(rows) - 1, 1), ticks, "draws an item (k)")
    last = rows[-1]
    plot = Plot(
        "utilization",
        "Share of items explained within k draws, and by luck alone",
        f"Within {last['k']} draws {share(last['matched'])} of the items are matched, {share(last['luck'])} by luck.",
        x,
        axis(0, 1, percent=True),
        height=220,
    )
    plot.band(
        [(place, row["luck"]) for place, row in enumerate(rows)],
        [(place, row["matched"]) for place, row in enumerate(rows)],
    )
    plot.line([(place, row["luck"]) for place, row in enumerate(rows)], "luck")
    plot.line([(place, row["matched"]) for place, row in enumerate(rows)], "own")
    for place, row in enumerate(rows):
        plot.dot(place, row["luck"], "dot quiet", radius=3)
        plot.dot(place, row["matched"], "dot own")
    table = TableBlock(
        "",
        ("k", "matched", "by luck", "difference"),
        [
            (str(row["k"]), share(row["matched"]), share(row["luck"]), f"{100 * (row['matched'] - row['luck']):+.0f}")
            for row in rows
        ],
        folded="The numbers",
    )
    caption = (
        f"[[utilization|Utilization]]: the share of {some(traces['items'], 'train item')} with a matching draw within "
        "k (filled dots), and what [[luck]] alone gives when labels are exchanged among the items (dashed). Only the "
        f"shaded distance between the two is the teacher's. Estimate: {traces.get('estimator', 'as recorded')}."
    )
    return FigureBlock(plot.svg(), caption, table, small=True)


def _hit_rates(rows: TableRows, contents: RunContents) -> FigureBlock:
    most = max(row["items"] for row in rows)
    drawn = sum(row["items"] for row in rows)
    ticks = tuple((place + 0.5, row["name"].partition("/")[0]) for place, row in enumerate(rows) if len(rows) <= 20)
    whole = "/" in rows[0]["name"]
    name = f"matching draws of {rows[0]['name'].partition('/')[2]}" if whole else "hit rate, in tenths"
    if not whole:
        ticks = tuple((place + 0.0, f"{place * 10}{'' if place else ' %'}") for place in range(11))
    x = Axis(0, len(rows), ticks, name)
    never = rows[0]["items"]
    plot = Plot(
        "hits",
        "How many items have which hit rate",
        f"{never:,} of {drawn:,} items were never or hardly ever matched.",
        x,
        axis(0, most),
        height=220,
    )
    for place, row in enumerate(rows):
        plot.bar(place + 0.08, place + 0.92, row["items"], "bar")
    table = TableBlock(
        "", ("hit rate", "items"), [(row["name"], count_cell(row["items"])) for row in rows], folded="The numbers"
    )
    caption = (
        f"[[hit rate|Hit rate]]: in how many of an item's draws the teacher came to people's label without seeing it "
        f"({some(drawn, 'train item')}). Items on the left are hard for the teacher, or labelled doubtfully."
    )
    return FigureBlock(plot.svg(), caption, table, small=True)


def _by_part(rows: TableRows, title: str) -> TableBlock:
    along = axis(0, 1, percent=True)
    cells = [
        (
            row["name"],
            TableCell(drawing=dot_row(along, row["matched"], row["low"], row["high"], "own", [row["luck"]])),
            share(row["matched"]),
            shares(row["low"], row["high"]),
            share(row["luck"]),
            count_cell(row["items"]),
        )
        for row in rows
    ]
    return TableBlock(
        f"Utilization by {title}: share of the train items with a matching draw among all their draws, 95 % Wilson "
        "interval. The upright stroke is [[luck]].",
        (title, "", "matched", "95 % interval", "luck", "n"),
        cells,
        style="dots",
        foot=("", TableCell(drawing=tick_row(along)), "", "", "", ""),
        spare=(3, 5),
    )


def _outcomes(contents: RunContents) -> TableBlock:
    known: Mapping[str, int] | None = contents.report.get("traces", {}).get("outcomes")
    own = Counter(str(trace["outcome"]) for trace in contents.traces if "outcome" in trace)
    found = own if known is None else known
    total = sum(found.values())
    rows = [(_OUTCOMES.get(name, name), count_cell(many), share(many / total)) for name, many in found.items() if many]
    traces = contents.report.get("traces", {})
    for key, what in (("reasons", "draws without a label"), ("refused", "matching draws refused")):
        rows += [
            (f"{what}: {name.replace('_', ' ')}", count_cell(many), "") for name, many in traces.get(key, {}).items()
        ]
    return TableBlock(
        f"How {some(total, 'train item')} came out, and what was wrong with draws that were not used.",
        ("outcome", "count", "of the items"),
        rows,
        folded="What became of the items and draws",
    )
