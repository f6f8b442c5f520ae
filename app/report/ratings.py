"""Knows how the saved rater's test ratings are shown beside people's: confusion, scatter, length, confidence."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...data import Finding, Scale
from ..results import number
from .blocks import (
    Block,
    FigureBlock,
    Section,
    TableBlock,
    TableCell,
    TextBlock,
    count_cell,
    share,
    shares,
    some,
    span,
)
from .findings import RunFindings
from .run_contents import RunContents
from .svg_plot import Plot, axis, dot_row, tick_row
from .tables import TableRows

_MATRIX = 12
"""Levels up to which a matrix can be read."""

_DOTS = 800
"""Points of a scatter that are drawn."""

_MOST = 20
"""Rows of a list of frequent differences."""

NO_RATINGS = "The run keeps no test ratings, so this cannot be shown; see what is missing."


def errors_section(contents: RunContents, tables: Mapping[str, TableRows]) -> Section:
    """Show which labels the saved rater gives where people give others."""
    section = ("errors", "Where the rater and people differ")
    counts = [row for row in tables["confusion"] if row["rater"] == contents.chosen]
    if not counts or contents.scale is None:
        return Section(*section, [TextBlock(NO_RATINGS, "missing")])
    scored = [row for row in tables["ratings"] if row["rater"] == contents.chosen and row["score"] is not None]
    ordered = contents.scale.ordered
    levels = [contents.scale.write(one) for one in contents.scale.levels or ()]
    readable = 0 < len(levels) <= _MATRIX
    blocks: list[Block] = []
    if readable:
        blocks.append(_matrix(contents, counts, levels))
    elif not ordered:
        blocks.append(_frequent(contents, counts))
    if scored or (ordered and not readable):
        rated = scored if scored else [row for row in tables["ratings"] if row["rater"] == contents.chosen]
        blocks.append(_scatter(contents, rated, contents.scale))
    return Section(*section, blocks)


def _matrix(contents: RunContents, counts: TableRows, levels: Sequence[str]) -> TableBlock:
    found = {(row["gold"], row["label"]): row["items"] for row in counts}
    silent = any(row["label"] is None for row in counts)
    columns: list[str | None] = [*levels, *([None] if silent else [])]
    rows = []
    for gold in levels:
        total = sum(found.get((gold, label), 0) for label in columns)
        cells = [
            TableCell(
                count_cell(found.get((gold, label), 0)), share=found.get((gold, label), 0) / total if total else 0.0
            )
            for label in columns
        ]
        right = found.get((gold, gold), 0) / total if total else None
        rows.append((TableCell(_named(contents.scale, gold)), *cells, count_cell(total), share(right)))
    n = sum(row["items"] for row in counts)
    caption = (
        f"Rows are people's [[gold]] label, columns what '{contents.chosen}' says; {n:,} test items. A cell is shaded "
        "by its share of the row, so a rater that always agrees has a strong diagonal. The last column is the share of "
        "the row that is exactly right."
    )
    heads = ["people say", *(label if label is not None else "no label" for label in columns), "items", "right"]
    return TableBlock(caption, heads, rows, style="matrix")


def _named(scale: Scale | None, label: str) -> str:
    if scale is None:
        return label
    anchor = scale.anchors.get(scale.read(label))
    return f"{label} {anchor}" if anchor and anchor != label else label


def _frequent(contents: RunContents, counts: TableRows) -> TableBlock:
    wrong = sorted((row for row in counts if row["gold"] != row["label"]), key=lambda row: -row["items"])
    n = sum(row["items"] for row in counts)
    return TableBlock(
        f"The most frequent differences of {n:,} test items; {min(len(wrong), _MOST)} of {len(wrong)} pairs of labels.",
        ("people say", f"'{contents.chosen}' says", "items"),
        [(row["gold"], row["label"] or "no label", count_cell(row["items"])) for row in wrong[:_MOST]],
    )


def _scatter(contents: RunContents, rated: TableRows, scale: Scale) -> FigureBlock:
    pairs = [
        (
            scale.value(scale.read(row["gold"])),
            row["score"] if row["score"] is not None else _value(scale, row["label"]),
        )
        for row in rated
        if row["label"] is not None
    ]
    picked = _sample(len(pairs), _DOTS)
    values = [value for pair in pairs for value in pair]
    x = axis(min(values, default=0), max(values, default=1), "people's gold")
    width = (x.high - x.low) / 60
    x = replace(x, low=x.low - 2 * width, high=x.high + 2 * width)
    y = axis(min(values, default=0), max(values, default=1))
    title = f"What '{contents.chosen}' rates, by people's gold"
    plot = Plot(
        "scatter", title, "Each dot is a test item; on the diagonal the rater says what people say.", x, y, height=300
    )
    plot.line([(y.low, y.low), (y.high, y.high)], "diagonal")
    shift = np.random.default_rng(0).uniform(-width, width, len(pairs))
    for place in picked:
        plot.dot(pairs[place][0] + float(shift[place]), pairs[place][1], "point", radius=2.5)
    drawn = f"a sample of {len(picked):,} of {len(pairs):,}" if len(picked) < len(pairs) else f"all {len(pairs):,}"
    caption = (
        f"The score of '{contents.chosen}' (upwards) by people's gold (across): {drawn} test items with a rating. Dots "
        "are moved a little sideways so that they do not hide each other; the line is perfect agreement."
    )
    return FigureBlock(plot.svg(), caption)


def _value(scale: Scale, label: str | None) -> float:
    return 0.0 if label is None else scale.value(scale.read(label))


def _sample(many: int, most: int) -> list[int]:
    """Return places, all of them or so many drawn at random."""
    if many <= most:
        return list(range(many))
    return sorted(np.random.default_rng(0).choice(many, most, replace=False).tolist())


def length_section(contents: RunContents, findings: RunFindings) -> Section:
    """Show whether the rater likes long items more than people do."""
    section = ("length", "Length")
    if findings.length is None:
        why = NO_RATINGS if not contents.items else "The two texts that are compared cannot be told from their names."
        return Section(*section, [TextBlock(why, "missing")])
    blocks: list[Block] = [_said(findings.length, "[[length bias|Length bias]]")]
    if findings.parts:
        blocks.append(_by_length(contents, findings))
    blocks.append(_measures(findings.length))
    return Section(*section, blocks)


def _by_length(contents: RunContents, findings: RunFindings) -> TableBlock:
    numeric = contents.scale is not None and contents.scale.ordered
    parts = findings.parts
    ends = [end for part in parts for end in (part.off.low, part.off.value, part.off.high) if end is not None]
    middle = 0.0 if numeric else 1.0
    along = axis(min([middle, *ends]), max([middle, *ends]))
    rows = [
        (
            f"{part.shortest:,} to {part.longest:,}",
            TableCell(drawing=dot_row(along, part.off.value, part.off.low, part.off.high, "own", [middle])),
            number(part.off.value, sign=numeric),
            span(part.off.to_dict(), sign=numeric),
            f"{part.items:,}",
        )
        for part in parts
    ]
    what = "mean of rating minus gold" if numeric else "share of ratings that equal gold"
    return TableBlock(
        f"How far '{contents.chosen}' is off in each fifth of the test items by length: {what}, 95 % interval.",
        ("characters", "", "off" if numeric else "right", "95 % interval", "n"),
        rows,
        style="dots",
        foot=("", TableCell(drawing=tick_row(along)), "", "", ""),
        spare=(4,),
    )


def confidence_section(contents: RunContents, findings: RunFindings) -> Section:
    """Show whether the rater's confidences are worth anything."""
    section = ("confidence", "Confidence")
    if findings.coverage is None or findings.calibration is None:
        why = (
            NO_RATINGS
            if not contents.items
            else "This rater writes a label without saying how sure it is, so there are no confidences to look at. One "
            "that scores by the probabilities of the levels (scoring in the task file) has them; 'accord audit' takes "
            "them from repeated replies."
        )
        return Section(*section, [TextBlock(why, "missing")])
    return Section(
        *section,
        [
            _said(findings.coverage, "[[risk and coverage|Risk and coverage]]"),
            _said(findings.calibration, "[[calibration|Calibration]]"),
            _coverage(findings.coverage),
            _calibration(findings.calibration),
            _measures(findings.coverage),
            _measures(findings.calibration),
        ],
    )


def _said(finding: Finding, name: str) -> TextBlock:
    return TextBlock(f"{name} ({some(finding.n, 'test item')}): {finding.verdict}.", "finding")


def _measures(finding: Finding) -> TableBlock:
    rows = [(name, number(found.value), span(found.to_dict()), found.note) for name, found in finding.measures.items()]
    return TableBlock(
        f"What was measured on {some(finding.n, 'test item')}, with 95 % intervals.",
        ("measure", "value", "95 % interval", "note"),
        rows,
        folded=f"All measures of {finding.name}",
    )


def _coverage(finding: Finding) -> FigureBlock:
    curve = [row for row in finding.details["curve"] if row["risk"] is not None]
    ends = [row[name] for row in curve for name in ("risk", "high") if row[name] is not None]
    plot = Plot(
        "coverage",
        "Share of wrong labels by the share of labels kept",
        _rise(curve),
        axis(0, 1, "share of labels kept, the surest first", percent=True),
        axis(0, max(ends, default=1), percent=True),
        height=200,
    )
    held = [row for row in curve if row["low"] is not None]
    plot.band([(row["coverage"], row["low"]) for row in held], [(row["coverage"], row["high"]) for row in held])
    plot.line([(row["coverage"], row["risk"]) for row in curve], "own")
    rows = [(share(row["coverage"]), share(row["risk"]), shares(row["low"], row["high"])) for row in curve]
    table = TableBlock("", ("kept", "wrong", "95 % interval"), rows, folded="The numbers")
    return FigureBlock(
        plot.svg(),
        f"How many labels are wrong when only the surest are kept ({some(finding.n, 'test item')}; band: pointwise "
        "95 % interval). A line that falls to the left means that doubtful labels can be held back for people.",
        table,
        small=True,
    )


def _rise(curve: TableRows) -> str:
    if not curve:
        return "Nothing could be measured."
    first, last = curve[0], curve[-1]
    return (
        f"Of the surest {share(first['coverage'])} of the labels {share(first['risk'])} are wrong, of all labels "
        f"{share(last['risk'])}."
    )


def _calibration(finding: Finding) -> FigureBlock:
    curve: list[dict[str, Any]] = list(finding.details["curve"])
    plot = Plot(
        "calibration",
        "Share of right labels by how sure the rater is",
        f"{len(curve)} groups of labels, from the least to the most sure; on the diagonal the rater is as often right "
        "as it says.",
        axis(0, 1, "how sure the rater says it is", percent=True),
        axis(0, 1, percent=True),
        height=200,
    )
    plot.line([(0.0, 0.0), (1.0, 1.0)], "diagonal")
    for row in curve:
        plot.whisker(row["confidence"], row["low"], row["high"])
        plot.dot(row["confidence"], row["right"], "dot own")
    rows = [
        (share(row["confidence"]), share(row["right"]), shares(row["low"], row["high"]), count_cell(row["n"]))
        for row in curve
    ]
    table = TableBlock("", ("says", "right", "95 % interval", "n"), rows, folded="The numbers")
    return FigureBlock(
        plot.svg(),
        f"How often labels are right, by how sure the rater is ({some(finding.n, 'test item')}; 95 % Wilson "
        "intervals). Dots under the line: too sure.",
        table,
        small=True,
    )
