"""Knows the file of a run that keeps what reviewers are shown: items, traces, doubtful labels; not what they choose.

``review.parquet`` has a row for each train item that has an accepted trace or a doubtful label: its texts, its label,
the traces, and what the teacher says against the label. Item texts are in here and not in report.json.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ...data import InputError, Scale, scale_from_dict, whole_file
from ...optimizers import GuidelineVersions, ItemDraws, RuleRecord, Suspect, Traces, trace_id
from ..task import VERSIONS

MATERIAL_FILE = "review.parquet"
MOST_SHOWN = 6
"""Traces of an item that anybody is asked to read."""

_LAYOUT = 1
_REASONS = 2
"""Rationales of the teacher that are kept against a doubtful label."""


@dataclass(frozen=True)
class Doubt:
    """What the teacher says against a label.

    Attributes:
        believed: Its own usual label, as it is written.
        disagreeing: Draws that are far from the label of people.
        draws: Draws with a label.
        reasons: Some of its rationales for its own label.
    """

    believed: str
    disagreeing: int
    draws: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReviewItem:
    """One item as reviewers are shown it.

    Attributes:
        id: Its id.
        fields: Its texts.
        label: Its label, as it is written.
        traces: Trace (see `trace_id`) -> its rationale: at most `MOST_SHOWN` of those that were accepted.
        accepted: How many were accepted.
        stands: The trace that stood for the item when the run was compiled; '' where none of those shown did.
        doubt: What speaks against its label, None where nothing does.
    """

    id: str
    fields: Mapping[str, str]
    label: str
    traces: Mapping[str, str]
    accepted: int
    stands: str = ""
    doubt: Doubt | None = None

    @cached_property
    def version(self) -> str:
        """16 hexadecimal digits that stand for the texts and the traces."""
        content = [dict(self.fields), sorted(self.traces)]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class ReviewMaterial:
    """Everything that a run has for reviewers.

    Attributes:
        task: The task's name.
        scale: The scale of the labels.
        items: In the order in which they are reviewed, a random one: those that were reviewed are a fair sample.
        rules: Of the current version of the run's guideline; empty where it has none.
        guideline: That version.
    """

    task: str
    scale: Scale
    items: tuple[ReviewItem, ...]
    rules: tuple[RuleRecord, ...] = ()
    guideline: str = ""
    by_id: Mapping[str, ReviewItem] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the items."""
        object.__setattr__(self, "by_id", {item.id: item for item in self.items})

    @property
    def traced(self) -> tuple[ReviewItem, ...]:
        """The items that have traces to choose from."""
        return tuple(item for item in self.items if item.traces)

    @property
    def doubtful(self) -> tuple[ReviewItem, ...]:
        """The items whose label is in doubt."""
        return tuple(item for item in self.items if item.doubt is not None)


def write_material(path: Path, traces: Traces, *, task: str) -> None:
    """Write what reviewers of a run are shown, whole or not at all.

    Args:
        path: The file.
        traces: What was drawn.
        task: The task's name.
    """
    import pyarrow
    import pyarrow.parquet

    doubts = {suspect.item_id: suspect for suspect in traces.suspects()}
    rows = [
        _row(traces, item, doubts.get(item.item_id)) for item in traces.items if _known(item) or item.item_id in doubts
    ]
    about = {"layout": _LAYOUT, "task": task, "scale": traces.scale.to_dict()}
    table = pyarrow.Table.from_pylist(rows, schema=_schema())
    with whole_file(path) as draft:
        pyarrow.parquet.write_table(table.replace_schema_metadata({"accord": json.dumps(about)}), draft)


def read_material(run: Path) -> ReviewMaterial:
    """Read what reviewers of a run are shown.

    Raises:
        InputError: If there is no such run, it has no traces yet, or the file cannot be read.
    """
    import pyarrow
    import pyarrow.parquet

    path = run / MATERIAL_FILE
    again = "Run 'accord compile' on it: it goes on where it was, and draws that are in the journal are not paid twice."
    if not path.is_file():
        if not run.is_dir():
            cure = "Name the directory of 'accord compile' or 'accord demo', e.g. runs/demo."
            raise InputError("there is no such run directory", place=str(run), cure=cure)
        if not (run / "journal.sqlite").is_file():
            cure = "Name the directory of 'accord compile' or 'accord demo', e.g. runs/demo."
            raise InputError("it is no run directory: there is no journal.sqlite", place=str(run), cure=cure)
        raise InputError(
            f"the run is unfinished or of an earlier Accord: no {MATERIAL_FILE}", place=str(run), cure=again
        )
    try:
        table = pyarrow.parquet.read_table(path)
        about = json.loads((table.schema.metadata or {})[b"accord"])
        rows = table.to_pylist()
        if about["layout"] != _LAYOUT:
            raise InputError(f"is of layout {about['layout']!r}, not {_LAYOUT}", place=str(path), cure=again)
        items = tuple(sorted((_item(row) for row in rows), key=lambda item: _mixed(item.id)))
        scale = scale_from_dict(about["scale"], str(path))
    except (OSError, KeyError, TypeError, ValueError, pyarrow.ArrowException) as error:
        what = f"cannot be read ({' '.join(str(error).split())[:200]})"
        raise InputError(what, place=str(path), cure=again) from None
    versions = GuidelineVersions(run / VERSIONS)
    current = versions.current
    return ReviewMaterial(about["task"], scale, items, versions.rules(current) if current else (), current)


def reviewing_order(item: ReviewItem, reviewer: str) -> list[str]:
    """Return an item's traces in the order in which a reviewer sees them: a random one, and the same each time."""
    return sorted(item.traces, key=lambda trace: _mixed(reviewer, item.id, trace))


def _known(item: ItemDraws) -> dict[str, str]:
    """Return all traces of an item that a person may be shown, blind or hinted, the one that stands first."""
    places = [*([] if item.chosen is None else [item.chosen]), *item.accepted]
    found = [item.draws[place].rationale for place in places]
    if item.hinted is not None and item.hinted.trace is not None:
        found.append(item.hinted.trace.rationale)
    return {trace_id(item.item_id, rationale): rationale for rationale in found}


def _row(traces: Traces, item: ItemDraws, suspect: Suspect | None) -> dict[str, Any]:
    known = _known(item)
    stands = next(iter(known), "") if item.outcome in ("blind", "hinted") else ""
    others = sorted((one for one in known if one != stands), key=lambda one: _mixed(item.item_id, one))
    shown = [*([stands] if stands else []), *others][:MOST_SHOWN]
    scale, doubt = traces.scale, None
    if suspect is not None:
        own = (draw.rationale for draw in item.draws if draw.label == suspect.believed and draw.rationale)
        doubt = {
            "believed": scale.write(suspect.believed),
            "disagreeing": suspect.disagreeing,
            "draws": suspect.draws,
            "reasons": list(dict.fromkeys(own))[:_REASONS],
        }
    return {
        "item_id": item.item_id,
        "fields": _pairs((name, str(item.example[name])) for name in traces.fields),
        "label": scale.write(item.gold),
        "traces": _pairs((one, known[one]) for one in shown),
        "accepted": len(known),
        "stands": stands,
        "doubt": doubt,
    }


def _item(row: Mapping[str, Any]) -> ReviewItem:
    doubt = row["doubt"]
    return ReviewItem(
        id=row["item_id"],
        fields={pair["name"]: pair["text"] for pair in row["fields"]},
        label=row["label"],
        traces={pair["name"]: pair["text"] for pair in row["traces"]},
        accepted=row["accepted"],
        stands=row["stands"],
        doubt=None if doubt is None else Doubt(**{**doubt, "reasons": tuple(doubt["reasons"])}),
    )


def _pairs(pairs: Iterable[Sequence[str]]) -> list[dict[str, str]]:
    return [{"name": name, "text": text} for name, text in pairs]


def _mixed(*parts: str) -> str:
    """Return a key that sorts things into a random order, the same each time, whatever else is sorted."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _schema() -> Any:
    import pyarrow

    text, whole = pyarrow.string(), pyarrow.int64()
    pairs = pyarrow.list_(pyarrow.struct([("name", text), ("text", text)]))
    doubt = pyarrow.struct(
        [("believed", text), ("disagreeing", whole), ("draws", whole), ("reasons", pyarrow.list_(text))]
    )
    columns = [("item_id", text), ("fields", pairs), ("label", text), ("traces", pairs), ("accepted", whole)]
    return pyarrow.schema([*columns, ("stands", text), ("doubt", doubt)])
