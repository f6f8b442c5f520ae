"""Knows how training, guideline, costs, audits and what a run stands on are shown on the page about it."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..console import duration
from ..results import machine_sentence, number
from .blocks import (
    Block,
    ChangeBlock,
    FigureBlock,
    QuoteBlock,
    Section,
    TableBlock,
    TextBlock,
    count_cell,
    some,
    span,
)
from .run_contents import RunContents
from .svg_plot import Plot, axis
from .tables import TableRows
from .training import Training

_POINTS = 200
"""Points of a line of losses: more cannot be told apart."""


def training_section(contents: RunContents) -> Section:
    """Show how the losses fell, all candidates on one scale."""
    section = ("training", "Training")
    if not contents.training:
        distilled = any("rules" in one.get("details", {}) for one in contents.report.get("candidates", ()))
        said = (
            "No weights were trained: the run compiled a guideline." if distilled else "Nothing has been trained yet."
        )
        return Section(*section, [TextBlock(said, "missing")])
    top = max(loss for one in contents.training for loss in (*_thinned(one.losses), *one.dev_losses, 0.0))
    curves = [_curve(place, one, top) for place, one in enumerate(contents.training)]
    rows = [(one.name, *_losses(one)) for one in contents.training]
    table = TableBlock(
        "Mean loss of the first and of the last tenth of the steps.",
        ("candidate", "steps", "first", "last", "on dev, best", "state"),
        rows,
        folded="The numbers",
    )
    return Section(*section, [*curves, table])


def _curve(place: int, one: Training, top: float) -> FigureBlock:
    losses = _thinned(one.losses)
    steps = _thinned(tuple(map(float, one.steps)))
    x = axis(0, max([one.total, *one.steps, 1]), "step", parts=4)
    first, last = (losses[0], losses[-1]) if losses else (0.0, 0.0)
    plot = Plot(
        f"training-{place}",
        f"Training loss of {one.name}",
        f"From {number(first)} at the first step to {number(last)} at step {one.steps[-1] if one.steps else 0}.",
        x,
        axis(0, top, parts=3),
        height=140,
    )
    plot.line(list(zip(steps, losses, strict=True)), "own")
    for step, loss in zip(one.dev_steps, one.dev_losses, strict=True):
        plot.dot(step, loss, "dot hollow")
    averaged = (
        f", each point the mean of {len(one.losses) / len(losses):.0f} steps" if len(losses) < len(one.losses) else ""
    )
    dev = "; dots: [[loss]] on dev rows" if one.dev_losses else ""
    state = "" if one.finished else " It did not come to its end."
    return FigureBlock(
        plot.svg(), f"'{one.name}': [[loss]] by step on its training rows{averaged}{dev}.{state}", small=True
    )


def _thinned(values: Sequence[float]) -> list[float]:
    """Return the means of so many equal stretches as can be told apart."""
    if len(values) <= _POINTS:
        return list(values)
    cuts = [round(place * len(values) / _POINTS) for place in range(_POINTS + 1)]
    return [sum(values[start:end]) / (end - start) for start, end in zip(cuts, cuts[1:], strict=False)]


def _losses(one: Training) -> tuple[str, ...]:
    tenth = max(len(one.losses) // 10, 1)
    if not one.losses:
        return ("0", "-", "-", "-", "begun")
    first, last = sum(one.losses[:tenth]) / tenth, sum(one.losses[-tenth:]) / tenth
    best = number(min(one.dev_losses)) if one.dev_losses else "not measured"
    return (
        count_cell(len(one.losses)),
        number(first),
        number(last),
        best,
        "finished" if one.finished else "not finished",
    )


def guideline_section(contents: RunContents, tables: Mapping[str, TableRows]) -> Section:
    """Show what was changed in the guideline, how its drafts fared, and how it reads now."""
    blocks: list[Block] = []
    if contents.changes:
        many = some(len(contents.changes), "change")
        blocks.append(TextBlock(f"From the guideline as it was given to the current one: {many}."))
        blocks += [
            ChangeBlock(f"{one.kind}: {one.where}{f' ({one.why})' if one.why else ''}", one.old, one.new)
            for one in contents.changes
        ]
    elif contents.versions:
        blocks.append(TextBlock("The guideline stays as it was given: no rule differs."))
    elif contents.guideline:
        blocks.append(TextBlock("The guideline was not changed: this compile trained weights."))
    else:
        blocks.append(TextBlock("No rater has been saved yet, so there is no guideline to show.", "missing"))
    if tables["drafts"]:
        blocks.append(_drafts(tables["drafts"], contents.items_in("dev")))
    if contents.guideline:
        blocks.append(QuoteBlock(contents.guideline, folded="The guideline of the saved rater"))
    return Section("guideline", "Guideline", blocks)


def _drafts(drafts: TableRows, items: int) -> TableBlock:
    rows = [
        (
            draft["name"],
            "" if draft["alpha"] is None else number(draft["alpha"]),
            "" if draft["value"] is None else f"{number(draft['value'], sign=True)} [{span(draft, sign=True)}]",
            count_cell(draft["tokens"]),
            f"{draft['outcome']}: {draft['why']}",
        )
        for draft in drafts
    ]
    return TableBlock(
        f"Drafts of the guideline on {some(items, 'dev item')}: alpha, how far above the original, size.",
        ("draft", "alpha", "to original", "tokens", "what became of it"),
        rows,
    )


def cost_section(contents: RunContents, tables: Mapping[str, TableRows]) -> Section:
    """Show what was paid in draws, tokens, dollars and time."""
    rows = tables["costs"]
    if not rows:
        return Section("cost", "Cost", [TextBlock("Nothing is recorded yet.", "missing")])
    cells = [
        (
            row["what"],
            count_cell(row.get("draws")),
            count_cell(row.get("calls")),
            count_cell(row.get("prompt_tokens")),
            count_cell(row.get("completion_tokens")),
            _dollars(row),
            "" if row.get("seconds") is None else duration(row["seconds"]),
        )
        for row in rows
    ]
    cost = contents.report.get("traces", {}).get("cost", {})
    each = cost.get("tokens_per_trace")
    said = "" if each is None else f" A trace took {count_cell(each)} tokens of draws on average."
    caption = (
        "What was paid. Draws found in the journal cost nothing again. Times are of this run alone, and short where it "
        f"went on from an earlier one.{said} {machine_sentence(contents.report.get('machine', {}))}"
    )
    heads = ("what", "draws", "calls", "prompt tokens", "reply tokens", "dollars", "time")
    return Section("cost", "Cost", [TableBlock(caption, heads, cells)])


def _dollars(row: Mapping[str, Any]) -> str:
    if "usd" not in row:
        return ""
    return "price unknown" if row["usd"] is None else f"{row['usd']:,.2f}"


def audits_section(contents: RunContents) -> Section:
    """Show what an audit of the rater found, where one was made."""
    if not contents.audit:
        said = (
            f"The rater was not audited. 'accord audit {contents.folder / 'rater'} FILE --out {contents.folder}' looks "
        )
        said += "for position and length bias, unsteady answers and texts that talk it into a label."
        return Section("audits", "Audits", [TextBlock(said, "missing")])
    rows = [
        (one["name"], one["state"], _n(one), one["finding"]["verdict"] if one.get("finding") else one.get("why", ""))
        for one in contents.audit.get("audits", ())
    ]
    table = TableBlock("What was looked for, and what was found.", ("audit", "state", "n", "finding"), rows)
    return Section("audits", "Audits", [TextBlock(str(contents.audit.get("summary", "")), "finding"), table])


def _n(audit: Mapping[str, Any]) -> str:
    return count_cell(audit["finding"]["n"]) if audit.get("finding") else ""


def basis_section(contents: RunContents) -> Section:
    """Say what the figures stand on, and name what is missing."""
    blocks: list[Block] = []
    splits = contents.report.get("splits", {})
    if splits:
        uses = {
            "train": "traces are drawn for it and raters trained on it",
            "dev": "chooses among the candidates",
            "test": "proves; every agreement on this page is measured on it",
        }
        blocks.append(
            TableBlock(
                "The [[split]]s, and how often each was read to choose or to prove something.",
                ("split", "items", "groups", "read", "what it is for"),
                [
                    (name, count_cell(one["items"]), count_cell(one["groups"]), f"{one['reads']}x", uses.get(name, ""))
                    for name, one in splits.items()
                ],
            )
        )
    if contents.scale is not None:
        blocks.append(TextBlock(f"A label is {contents.scale.describe()} ({contents.scale.kind} scale)."))
    recording = contents.report.get("recording")
    if recording:
        blocks.append(
            TextBlock(
                f"The teacher's draws are a recording of {recording.get('model')}, made on {recording.get('date')}; "
                "they were not made in this run."
            )
        )
    blocks += [TextBlock(f"Missing: {gap.what}. {gap.why}", "missing") for gap in contents.gaps]
    blocks.append(
        TextBlock(
            "Intervals hold 95 % and come from the bootstrap over test items (whole groups where items have groups) "
            "unless something else is said. They tell how much other items of the same kind would change a figure, and "
            "nothing of what a new kind of item would do."
        )
    )
    return Section("basis", "What this stands on", blocks)
