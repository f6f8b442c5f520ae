"""Knows how MLflow traces with people's feedback become a corpus, and what becomes of the rest; does not import MLflow.

What counts is the label alone: a rationale that people wrote is never asked for, and not read.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...data import Corpus, Label, Scale, SetupError
from .scales import follows_from_type, read_value, scale_of

_LEAST = 10
"""Traces with a human label that an alignment takes at least."""

NOT_ALIKE = "people disagree"
_NAMED = 3


@dataclass(frozen=True)
class Labelled:
    """What MLflow traces hold for a judge.

    Attributes:
        corpus: One item a trace, with the label of everyone who gave one.
        inferred: Whether the scale's labels are those that people happened to give.
        left_out: Ids of the traces that are not in the corpus, by reason.
    """

    corpus: Corpus
    inferred: bool
    left_out: Mapping[str, tuple[str, ...]]

    @property
    def words(self) -> str:
        """What was left out, in words; empty where nothing was."""
        return left_out_told(self.left_out)


def labelled(judge: Any, traces: Sequence[Any], fields: Sequence[str], scale: Scale | None) -> Labelled:
    """Read the traces that people labelled for a judge.

    Feedback counts that has the judge's name (in any case), comes from a person, is not replaced by later feedback,
    and has a value; of one person's on one trace the last. With several people the corpus finds the consensus.

    Args:
        judge: An MLflow judge.
        traces: MLflow traces.
        fields: Which of ``inputs``, ``outputs`` and ``expectations`` the judge reads.
        scale: The scale of the labels, None to take it from the judge's type and the labels.

    Raises:
        SetupError: If there are too few labelled traces, or no scale follows from the judge.
    """
    place = f"judge {judge.name!r}"
    left: dict[str, list[str]] = {}
    found: dict[str, dict[str, Any]] = {}
    shown: dict[str, dict[str, str]] = {}
    for trace in traces:
        id = str(trace.info.trace_id)
        texts = {name: _shown(trace, name) for name in fields}
        absent = [name for name, text in texts.items() if text is None]
        given = _given(trace, judge.name)
        if id in shown:
            left.setdefault("given twice", []).append(id)
        elif not given:
            left.setdefault("no human feedback", []).append(id)
        elif absent:
            left.setdefault(f"no {absent[0]}", []).append(id)
        else:
            found[id] = given
            shown[id] = {name: text for name, text in texts.items() if text is not None}
    _check_enough(judge.name, len(found), len(traces), left)
    inferred = scale is None and not follows_from_type(judge.feedback_value_type)
    if scale is None:
        values = [value for given in found.values() for value in given.values()]
        scale = scale_of(judge.feedback_value_type, values, place)
    rows: list[dict[str, Any]] = []
    for id, given in found.items():
        labels = {who: read_value(value, scale) for who, value in given.items()}
        read: dict[str, Label] = {who: label for who, label in labels.items() if label is not None}
        if not read:
            left.setdefault("a label that is not on the scale", []).append(id)
        rows += [{"id": id, **shown[id], "annotator": who, "label": label} for who, label in read.items()]
    kept = {row["id"] for row in rows}
    _check_enough(judge.name, len(kept), len(traces), left)
    corpus = Corpus.from_records(
        rows, place=place, fields=list(fields), label="label", id="id", annotator="annotator", scale=scale
    )
    undecided = [id for id in found if id in kept - set(corpus.ids)]
    if undecided:
        left[NOT_ALIKE] = undecided
    _check_enough(judge.name, len(corpus), len(traces), left)
    return Labelled(corpus, inferred, {reason: tuple(ids) for reason, ids in left.items()})


def left_out_told(left_out: Mapping[str, Sequence[str]]) -> str:
    """Say how many traces were left out for each reason, and name some."""
    parts = []
    for reason, ids in left_out.items():
        named = ", ".join(ids[:_NAMED]) + (", ..." if len(ids) > _NAMED else "")
        parts.append(f"{len(ids)} with {reason} ({named})" if reason != NOT_ALIKE else f"{len(ids)} where {reason}")
    return "; ".join(parts)


def _check_enough(name: str, count: int, total: int, left: Mapping[str, Sequence[str]]) -> None:
    if count >= _LEAST:
        return
    why = f": {left_out_told(left)}" if left else ""
    cure = (
        f"Give {_LEAST} or more: mlflow.log_feedback(trace_id=..., name={name!r}, value=..., "
        "source=AssessmentSource(source_type='HUMAN')); no rationale is needed."
    )
    what = f"{count} of {total} traces can be used, and an alignment takes {_LEAST}{why}"
    raise SetupError(what, place=f"judge {name!r}", cure=cure)


def _given(trace: Any, name: str) -> dict[str, Any]:
    """Return the last valid value of each person."""
    wanted = name.strip().casefold()
    found = [
        one
        for one in trace.search_assessments(type="feedback")
        if one.name.strip().casefold() == wanted
        and one.source is not None
        and str(one.source.source_type).upper() == "HUMAN"
        and one.feedback is not None
        and one.feedback.value is not None
    ]
    found.sort(key=lambda one: one.last_update_time_ms or one.create_time_ms or 0)
    return {str(one.source.source_id): one.feedback.value for one in found}


def _shown(trace: Any, name: str) -> str | None:
    """Return what a judge would read under a name, None where the trace has nothing."""
    if name == "expectations":
        expected = {one.name: one.expectation.value for one in trace.search_assessments(type="expectation")}
        return _written(expected) if expected else None
    root = next((span for span in trace.data.spans if span.parent_id is None), None)
    return None if root is None else _written(getattr(root, name))


def _written(value: Any) -> str | None:
    """Write a text as it is, and anything else as MLflow's judges are shown it."""
    if value is None or isinstance(value, str):
        return value if value and value.strip() else None
    return json.dumps(value, default=str, indent=2, ensure_ascii=False)
