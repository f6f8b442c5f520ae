"""Knows which items people should look at themselves, and how they are shown; does not know why they are doubtful."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ...data import Scale
from ..results import RatedItem, Said
from .blocks import Block, ItemBlock, MissingReason, MoreBlock, Section, TableBlock, TextBlock, share, some
from .ratings import NO_RATINGS
from .run_contents import RunContents
from .tables import TableRows, label_order

_CARDS = 20
"""Items that are shown with their texts: more than anybody reads in one go."""

_OPEN = 6
"""Of them, those that need not be opened."""

_LONGEST = 1200
"""Characters of a text that are shown."""


_FEW = 8
"""People whose labels are listed one by one."""


def suspects_section(contents: RunContents, tables: Mapping[str, TableRows]) -> Section:
    """Show the train items whose label the teacher disagrees with, with its reasons where the run keeps them."""
    section = ("suspects", "Labels to look at again")
    rows = tables["suspects"]
    found = contents.report.get("traces", {}).get("suspects", {})
    if not rows:
        said = (
            "The teacher confidently disagrees with no label." if found else "Suspects are known once traces are drawn."
        )
        return Section(*section, [TextBlock(said, "plain" if found else "missing")])
    total = found.get("count", len(rows))
    shown = rows[:_CARDS]
    intro = (
        f"On {some(total, 'train item')} the teacher usually came to a label far from people's. Each is a [[suspect]]: "
        "an error of labelling, a hole in the guideline, or a misreading of the teacher. Shown: "
        f"{len(shown):,} of {total:,}, the most suspicious first. P is the chance that the label is wrong if one label "
        "in twenty is; it is for ranking."
    )
    blocks: list[Block] = [TextBlock(intro)]
    if not contents.material:
        blocks.append(TextBlock("The run keeps no texts of its train items, so these are ids only.", "missing"))
        blocks.append(
            TableBlock(
                "",
                ("item", "people", "teacher", "draws against", "P"),
                [
                    (
                        row["item_id"],
                        row["label"],
                        row["teacher"],
                        f"{row['disagreeing']} of {row['draws']}",
                        share(row["probability"]),
                    )
                    for row in shown
                ],
            )
        )
        return Section(*section, blocks)
    return Section(*section, [*blocks, *_some_folded([_suspect(contents, row) for row in shown])])


def _suspect(contents: RunContents, row: Mapping[str, Any]) -> ItemBlock:
    item = contents.material.get(row["item_id"])
    told = (
        f"people: {row['label']}; teacher: {row['teacher']}, with {row['disagreeing']} of {row['draws']} draws against "
        f"people (P {share(row['probability'])})"
    )
    if item is None:
        return ItemBlock(row["item_id"], {}, told)
    reasons = () if item.doubt is None else item.doubt.reasons
    said = [MissingReason("the teacher", row["teacher"], _cut(reason)) for reason in reasons]
    traces = list(item.traces.values())[:1]
    said += [MissingReason("a draw that came to people's label", item.label, _cut(text)) for text in traces]
    texts = {name: _cut(text) for name, text in item.fields.items()}
    return ItemBlock(row["item_id"], texts, told, said, cut=any(len(text) > _LONGEST for text in item.fields.values()))


def differences_section(contents: RunContents, tables: Mapping[str, TableRows]) -> Section:
    """Show the test items on which the saved rater is furthest from people, with the reasons on both sides."""
    section = ("differences", "Where the rater is furthest from people")
    if not contents.items or contents.scale is None:
        return Section(*section, [TextBlock(NO_RATINGS, "missing")])
    rows = tables["differences"]
    if not rows:
        return Section(*section, [TextBlock("The rater gives every test item the label that people give.")])
    items = {item.id: item for item in contents.items}
    shown = rows[:_CARDS]
    intro = (
        f"On {len(rows):,} of {len(contents.items):,} test items the rater's label is not people's. Shown: the "
        f"{len(shown):,} that are furthest apart. People gave labels without reasons; beside the rater's reasoning "
        "stands that of another rater that came to people's label or nearer to it, where there is one."
    )
    kinds = {row["name"]: row["kind"] for row in contents.rows}
    cards = [_difference(items[row["item_id"]], contents.chosen, contents.scale, kinds) for row in shown]
    return Section(*section, [TextBlock(intro), *_some_folded(cards)])


def _some_folded(cards: Sequence[ItemBlock]) -> list[Block]:
    if len(cards) <= _OPEN:
        return list(cards)
    return [*cards[:_OPEN], MoreBlock(f"{len(cards) - _OPEN} more", cards[_OPEN:])]


def _difference(item: RatedItem, chosen: str, scale: Scale, kinds: Mapping[str, str]) -> ItemBlock:
    own = item.said[chosen]
    reasons = [MissingReason(f"{chosen} (the saved rater)", _given(own), _cut(own.rationale))]
    other = _nearest(item, chosen, scale, kinds)
    if other:
        near = "agrees with people" if item.said[other].label == item.gold else "is nearer to people"
        reasons.append(MissingReason(f"{other} ({near})", _given(item.said[other]), _cut(item.said[other].rationale)))
    else:
        reasons.append(MissingReason("no other rater with reasons is nearer to people", "", ""))
    return ItemBlock(
        item.id,
        {name: _cut(text) for name, text in item.fields.items()},
        f"people: {item.gold}{_spread(item, scale)}; rater: {_given(own)}",
        reasons,
        cut=any(len(text) > _LONGEST for text in (*item.fields.values(), own.rationale)),
    )


def _nearest(item: RatedItem, chosen: str, scale: Scale, kinds: Mapping[str, str]) -> str:
    """Return who gives reasons and comes nearest to people's label, nearer than the saved rater; the teacher first."""
    gold = scale.read(item.gold)

    def apart(said: Said) -> float:
        return float("inf") if said.label is None else scale.distance(scale.read(said.label), gold)

    others = [name for name, said in item.said.items() if name != chosen and said.rationale and said.label is not None]
    nearer = [name for name in others if apart(item.said[name]) < apart(item.said[chosen])]
    return min(nearer, key=lambda name: (apart(item.said[name]), kinds.get(name) != "teacher"), default="")


def _given(said: Said) -> str:
    if said.label is None:
        return f"no label ({said.unparsed.replace('_', ' ')})"
    score = "" if said.score is None else f" (score {said.score:.2f})"
    sure = "" if said.confidence is None else f", {share(said.confidence)} sure"
    return f"{said.label}{score}{sure}"


def _spread(item: RatedItem, scale: Scale) -> str:
    """Write what the people said, where there were several: all labels of a few, how many gave which of many."""
    ordered = sorted(item.people, key=label_order(scale))
    if len(ordered) < 2:
        return ""
    if len(ordered) <= _FEW:
        return f" (of {', '.join(ordered)})"
    counts = Counter(ordered)
    told = (f"{label} from {some(many, 'person', 'people')}" for label, many in counts.items())
    return f" ({', '.join(told)})"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} [...]"
