"""Knows how traces are laid out as rows of a file or a dataset; does not know how they came about."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dspy

from ...data import Scale
from ...programs import need
from ..sampling import ItemDraws

_VERSION = 2
"""Of the Parquet layout."""


def write_parquet(
    path: str | Path,
    items: Sequence[ItemDraws],
    traces: Sequence[dspy.Example],
    scale: Scale,
    lifts: Sequence[float | None],
    about: Mapping[str, str],
) -> None:
    """Write one row for each item, explained or not, with its draws' labels.

    Left out: the item's texts, the rejected draws' rationales (they are in the journal) and the prompts.

    Args:
        path: The file.
        items: Every item that could be drawn for.
        traces: The accepted ones.
        scale: Of the labels.
        lifts: Of each item.
        about: What the file says of the run.
    """
    import pyarrow
    import pyarrow.parquet

    kinds = {example["item_id"]: example for example in traces}
    rows = [_row(scale, item, lift, kinds.get(item.item_id)) for item, lift in zip(items, lifts, strict=True)]
    table = pyarrow.Table.from_pylist(rows, schema=_schema())
    said = json.dumps({"version": _VERSION, **about})
    pyarrow.parquet.write_table(table.replace_schema_metadata({"accord": said}), path)


def to_dataset(traces: Sequence[dspy.Example], scale: Scale) -> Any:
    """Return a ``datasets.Dataset`` with one row a trace: the item's fields, and what the trace says of itself.

    Raises:
        SetupError: If ``datasets`` is not installed.
    """
    datasets = need("datasets", "train", "to hand traces over as a dataset")
    names = ("rationale", "item_id", "group", "hits", "draws", "lift", "confidence", "weight", "kind")
    rows = [
        {
            **{name: trace[name] for name in trace.inputs().keys()},
            **{name: trace[name] for name in names},
            "label": scale.write(trace["label"]),
            "model": trace["provenance"]["model"],
        }
        for trace in traces
    ]
    return datasets.Dataset.from_list(rows)


def _row(scale: Scale, item: ItemDraws, lift: float | None, found: Any) -> dict[str, Any]:
    trace = found if item.explained else None
    group = item.example.get("group")
    return {
        "item_id": item.item_id,
        "group": None if group is None else str(group),
        "label": scale.write(item.gold),
        "rationale": None if trace is None else trace["rationale"],
        "kind": None if trace is None else trace["kind"],
        "weight": None if trace is None else trace["weight"],
        "outcome": item.outcome,
        "hits": item.hits,
        "draws": len(item.draws),
        "lift": lift,
        "confidence": item.confidence,
        "errors": item.errors,
        "drawn": [None if draw.label is None else scale.write(draw.label) for draw in item.draws],
        "unparsed": [draw.reason for draw in item.draws if draw.label is None],
        "refused": [reason for reason, count in item.refused.items() for _ in range(count)],
    }


def _schema() -> Any:
    import pyarrow

    text, whole, real = pyarrow.string(), pyarrow.int64(), pyarrow.float64()
    kinds = {"item_id": text, "group": text, "label": text, "rationale": text, "kind": text, "weight": real}
    kinds |= {"outcome": text, "hits": whole, "draws": whole, "lift": real, "confidence": real, "errors": whole}
    texts = pyarrow.list_(text)
    return pyarrow.schema([*kinds.items(), ("drawn", texts), ("unparsed", texts), ("refused", texts)])
