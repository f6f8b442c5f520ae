"""Knows what a run directory holds, whole or not, and names what it lacks; does not know how any of it is shown."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ...data import AccordError, InputError, Scale, scale_from_dict
from ..results import RATINGS_FILE as RATINGS
from ..results import REPORT_SCHEMA, RatedItem, read_ratings
from .training import Training, read_training

if TYPE_CHECKING:
    from ..review import ReviewItem

_TRACES, _AUDIT = "traces.parquet", "audit.json"
_AGAIN = "Run 'accord compile' again: it goes on where it was, and what is in the journal is not paid for twice."
_KNOWN = ("report.json", "journal.sqlite", _TRACES, RATINGS, "training", "rater", "guidelines")

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Gap:
    """Something that a run does not have, or that cannot be read.

    Attributes:
        what: What is missing on the page for it.
        why: Why, and what to do, in sentences.
    """

    what: str
    why: str


@dataclass(frozen=True)
class Changed:
    """What a distillation changed in a guideline.

    Attributes:
        kind: ``added``, ``dropped`` or ``changed``.
        where: The part and heading.
        old: The text before.
        new: The text after.
        why: What the new rule rests on, in words.
    """

    kind: str
    where: str
    old: str
    new: str
    why: str


@dataclass(frozen=True)
class RunContents:
    """What is in a run directory; what is not there is empty, and named in `gaps`.

    Attributes:
        folder: The directory.
        report: The content of report.json.
        scale: The scale of the labels; None where report.json does not tell.
        items: The test items with what everybody said of them.
        traces: A row for each train item, as traces.parquet has them, without the draws' labels.
        training: How the losses fell.
        guideline: The text of the rater's guideline.
        changes: What was changed in it, from the first version to the current one.
        versions: How many versions it had.
        audit: The content of audit.json.
        material: What the run keeps of train items with traces or doubtful labels, by item id; see `accord review`.
        review: What people chose in a review: see `review_figures`; empty where nobody did.
        gaps: What is missing.
    """

    folder: Path
    report: Mapping[str, Any] = field(default_factory=dict)
    scale: Scale | None = None
    items: tuple[RatedItem, ...] = ()
    traces: tuple[Mapping[str, Any], ...] = ()
    training: tuple[Training, ...] = ()
    guideline: str = ""
    changes: tuple[Changed, ...] = ()
    versions: int = 0
    audit: Mapping[str, Any] = field(default_factory=dict)
    material: Mapping[str, "ReviewItem"] = field(default_factory=dict)
    review: Mapping[str, Any] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()

    @property
    def chosen(self) -> str:
        """The name of the rater that was saved; empty where none was."""
        return str(self.report.get("chosen", ""))

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        """The rows of everybody who was measured on test."""
        return list(self.report.get("raters", ()))

    def row(self, kind: str) -> Mapping[str, Any] | None:
        """Return the first row of a kind, or None."""
        return next((row for row in self.rows if row.get("kind") == kind), None)

    @property
    def chosen_row(self) -> Mapping[str, Any] | None:
        """The row of the rater that was saved."""
        return next((row for row in self.rows if row.get("name") == self.chosen), None)

    def items_in(self, split: str) -> int:
        """Return how many items a split has; 0 where that is not known."""
        return int(self.report.get("splits", {}).get(split, {}).get("items", 0))


def read_run(folder: Path) -> RunContents:
    """Read a run directory, as far as it goes.

    Args:
        folder: The run directory.

    Raises:
        InputError: If it is no run directory at all.
    """
    if not any((folder / name).exists() for name in _KNOWN):
        what = "there is no run" if folder.is_dir() else "there is no such directory"
        cure = "Name the directory of 'accord compile' or 'accord demo', e.g. runs/demo."
        raise InputError(what, place=str(folder), cure=cure)
    gaps: list[Gap] = []

    def attempt(what: str, read: Callable[[], Thing], nothing: Thing) -> Thing:
        try:
            return read()
        except AccordError as error:
            gaps.append(Gap(what, str(error)))
            return nothing

    report = attempt("Verdict and agreement", lambda: _read_report(folder / "report.json"), {})
    scale = attempt("The scale", lambda: _read_scale(report), None)
    items = attempt("Items and ratings", lambda: _read_items(folder / RATINGS, finished=bool(report)), ())
    traces = attempt("Traces", lambda: _read_traces(folder / _TRACES), ())
    training = attempt("Training curves", lambda: read_training(folder, report.get("candidates", ())), ())
    changes, versions = attempt("Changes of the guideline", lambda: _read_changes(folder), ((), 0))
    audit: dict[str, Any] = {}
    if (folder / _AUDIT).is_file():
        audit = attempt("Audits", lambda: _read_audit(folder), {})
    material = attempt("Texts of train items", lambda: _read_material(folder, traced=bool(traces)), {})
    review = attempt("Review", lambda: _read_review(folder), {})
    guideline = folder / "rater" / "guideline.md"
    text = guideline.read_text(encoding="utf-8", errors="replace") if guideline.is_file() else ""
    return RunContents(
        folder,
        report,
        scale,
        items,
        traces,
        training,
        text,
        changes,
        versions,
        audit,
        material,
        review,
        tuple(gaps),
    )


def _read_report(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError("the run has not come to its end: there is no report.json", place=str(path), cure=_AGAIN)
    return _of_layout(REPORT_SCHEMA, path, "Use the Accord that wrote it, or compile again.")


def _read_audit(folder: Path) -> dict[str, Any]:
    from ..audit import AUDIT_SCHEMA as LAYOUT  # it imports what models need

    path, rater = folder / _AUDIT, folder / "rater" / "rater.json"
    found = _of_layout(LAYOUT, path, "Use the Accord that wrote it, or audit again.")
    audited = found.get("rater", {}).get("sha256")
    if audited is not None and rater.is_file() and audited != _read_json(rater).get("sha256"):
        cure = f"Run 'accord audit {folder / 'rater'} FILE --out {folder}' again."
        raise InputError("it is about another rater than the one that is here now", place=str(path), cure=cure)
    return found


def _of_layout(layout: int, path: Path, cure: str) -> dict[str, Any]:
    found = _read_json(path)
    if found.get("schema") != layout:
        what = f"it is of layout {found.get('schema')!r}, and this Accord reads {layout}"
        raise InputError(what, place=str(path), cure=cure)
    return found


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"it cannot be read ({error})", place=str(path), cure=_AGAIN) from None
    if not isinstance(found, dict):
        raise InputError("it is no report", place=str(path), cure=_AGAIN)
    return found


def _read_scale(report: Mapping[str, Any]) -> Scale | None:
    return scale_from_dict(report["scale"], "report.json") if "scale" in report else None


def _read_items(path: Path, *, finished: bool) -> tuple[RatedItem, ...]:
    if path.is_file():
        return read_ratings(path)
    what = "an earlier Accord wrote this run, without" if finished else "the test items are not rated yet: there is no"
    raise InputError(f"{what} {path.name}", place=str(path.parent), cure=_AGAIN)


def _read_traces(path: Path) -> tuple[Mapping[str, Any], ...]:
    import pyarrow
    import pyarrow.parquet

    if not path.is_file():
        raise InputError("no traces are drawn yet: there is no traces.parquet", place=str(path.parent), cure=_AGAIN)
    wanted = ("item_id", "label", "outcome", "kind", "hits", "draws")
    try:
        there = pyarrow.parquet.read_schema(path).names
        return tuple(pyarrow.parquet.read_table(path, columns=[one for one in wanted if one in there]).to_pylist())
    except (OSError, pyarrow.ArrowException) as error:
        what = f"it cannot be read ({' '.join(str(error).split())[:200]})"
        raise InputError(what, place=str(path), cure=_AGAIN) from None


def _read_material(folder: Path, *, traced: bool) -> Mapping[str, "ReviewItem"]:
    from ..review import MATERIAL_FILE, read_material

    if not (folder / MATERIAL_FILE).is_file():
        what = f"an earlier Accord drew the traces, without {MATERIAL_FILE}" if traced else "no traces are drawn yet"
        raise InputError(what, place=str(folder), cure=_AGAIN)
    return read_material(folder).by_id


def _read_review(folder: Path) -> Mapping[str, Any]:
    from ..review import review_figures

    found = review_figures(folder)
    return {} if found is None else found


def _read_changes(folder: Path) -> tuple[tuple[Changed, ...], int]:
    from ...optimizers import GuidelineVersions
    from ...programs import guideline_diff
    from ..task import VERSIONS

    if not (folder / VERSIONS).is_dir():
        return (), 0
    versions = GuidelineVersions(folder / VERSIONS)
    history = versions.history
    if not history:
        return (), 0
    first, current = history[0].version, history[-1].version
    why = {rule.id: rule for rule in versions.rules(current)}

    def reason(id: str) -> str:
        rule = why.get(id)
        if rule is None or not (rule.sources or rule.author == "human"):
            return ""
        return "written by a person" if rule.author == "human" else f"from {rule.support} items"

    found = guideline_diff(versions.guideline(first), versions.guideline(current))
    changes = tuple(
        Changed(one.kind, _where(one.where, one.heading), one.old, one.new, reason(one.new_id)) for one in found
    )
    return changes, len({step.version for step in history})


def _where(part: str, heading: str) -> str:
    return f"{part}, {heading}" if heading else part


def names_of(items: Sequence[RatedItem]) -> list[str]:
    """Return the names of everybody who rated the items."""
    return list(items[0].said) if items else []
