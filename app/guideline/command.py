"""Knows what ``accord guideline`` does with a run's or a rater's guideline; does not know how it is printed."""

import json
from dataclasses import dataclass
from pathlib import Path

from ...data import InputError
from ...optimizers import GuidelineVersions, RuleRecord
from ...programs import Guideline, Rater, find_rule, guideline_diff, rules_of
from ..compile import show_drafts
from ..console import Console
from ..task import VERSIONS
from .terminal import explain, show_changes, show_history, show_rules, show_text, show_thresholds

_RATER, _TRACES = "rater", "traces.parquet"


@dataclass(frozen=True)
class _Place:
    """A run directory, or a rater's.

    Attributes:
        path: As given.
        rater: The rater's folder, None where there is none yet.
        versions: The versions; a rater alone has none.
    """

    path: Path
    rater: Path | None
    versions: GuidelineVersions | None

    @classmethod
    def of(cls, path: Path) -> "_Place":
        if (path / "rater.json").is_file():
            return cls(path, path, None)
        rater = path / _RATER if (path / _RATER / "rater.json").is_file() else None
        kept = GuidelineVersions(path / VERSIONS)
        if kept.current:
            return cls(path, rater, kept)
        if rater is None:
            cure = "Name a run directory of 'accord compile --into guideline', or a rater's."
            raise InputError("no guideline is kept there", place=str(path), cure=cure)
        return cls(path, rater, None)

    def guideline(self, version: str = "") -> Guideline:
        if self.versions is not None:
            return self.versions.guideline(version)
        if version:
            self.need_versions()
        return self._loaded().guideline

    def rules(self, version: str = "") -> tuple[RuleRecord, ...]:
        """Return the records of all rules, of those without one as they stand there."""
        if self.versions is not None:
            return self.versions.rules(version)
        rater = self._loaded()
        place = f"the provenance of {self.rater}"
        known = {rule["id"]: RuleRecord.from_dict(rule, place) for rule in rater.provenance.get("rules", ())}
        return tuple(known.get(rule.id, RuleRecord.of(rule, "original")) for rule in rules_of(rater.guideline))

    def need_versions(self) -> GuidelineVersions:
        if self.versions is None:
            cure = "Name the run directory of 'accord compile --into guideline'."
            raise InputError("a rater keeps no earlier versions", place=str(self.path), cure=cure)
        return self.versions

    def reasoning(self) -> dict[str, str]:
        """Return the trace of each item of the run, where its traces are there."""
        path = self.path / _TRACES
        if not path.is_file():
            return {}
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(path, columns=["item_id", "rationale"])
        return {row["item_id"]: row["rationale"] for row in table.to_pylist() if row["rationale"] is not None}

    def _loaded(self) -> Rater:
        if self.rater is None:
            raise InputError("there is no rater", place=str(self.path), cure="Run the compile to its end.")
        return Rater.load(self.rater)


def show_guideline(path: Path, console: Console, *, version: str = "", markdown: bool = False) -> None:
    """Print a guideline's rules and history, or its text.

    Args:
        path: A run directory, or a rater's.
        console: Where it goes.
        version: Which version, by the beginning of its hash; '' for the current one.
        markdown: Whether to print the text and nothing else.

    Raises:
        InputError: If there is no guideline, or no such version.
    """
    place = _Place.of(path)
    guideline = place.guideline(version)
    if markdown:
        show_text(guideline, console)
        return
    console.print(f"Guideline {guideline.hash[:12]}: {len(rules_of(guideline))} rules, {len(guideline.cases)} cases.\n")
    show_rules(place.rules(version), console)
    show_thresholds(guideline, console)
    if place.versions is not None:
        console.print("\nVersions:")
        show_history(place.versions.history, console)
    made = {} if place.rater is None or version else Rater.load(place.rater).provenance
    if made.get("drafts"):
        console.print("")
        show_drafts(made["drafts"], made["dev"]["items"], console)


def diff(path: Path, console: Console, *, old: str = "", new: str = "") -> None:
    """Print what changed between two versions.

    Args:
        path: A run directory.
        console: Where it goes.
        old: The older version; '' for the one that was current before `new`.
        new: The newer version; '' for the current one.

    Raises:
        InputError: If there is no such version, or none before.
    """
    versions = _Place.of(path).need_versions()
    new = versions.find(new)
    step = next(step for step in reversed(versions.history) if step.version == new)
    if not old and not step.before:
        cure = "Name two versions; 'accord guideline show' lists them."
        raise InputError(f"{new[:12]} is the first version", place=str(path), cure=cure)
    old = versions.find(old if old else step.before)
    changes = guideline_diff(versions.guideline(old), versions.guideline(new))
    console.print(f"From {old[:12]} to {new[:12]} ({step.how.replace('_', ' ')}):\n")
    show_changes(changes, {rule.id: _reason(rule) for rule in versions.rules(new)}, console)


def explain_rule(path: Path, rule: str, console: Console, *, version: str = "") -> None:
    """Print where a rule comes from: items, their traces, what speaks against it, what it brings on dev.

    Args:
        path: A run directory, or a rater's.
        rule: The rule's id, or its beginning.
        console: Where it goes.
        version: Which version; '' for the current one.

    Raises:
        InputError: If there is no such rule.
    """
    place = _Place.of(path)
    found = find_rule(place.guideline(version), rule)
    record = next(one for one in place.rules(version) if one.id == found.id)
    since = ""
    if place.versions is not None:
        having = (step.version for step in place.versions.history)
        since = next(one for one in having if record.id in {rule.id for rule in place.versions.rules(one)})
    explain(record, place.reasoning(), since, console)


def roll_back(path: Path, version: str, console: Console) -> None:
    """Make an earlier version the current one again, in the history and in the run's rater.

    Args:
        path: A run directory.
        version: The version, by the beginning of its hash.
        console: Where it goes.

    Raises:
        InputError: If there is no such version.
    """
    place = _Place.of(path)
    versions = place.need_versions()
    version = versions.find(version)
    guideline, rules = versions.guideline(version), versions.rules(version)
    if place.rater is not None:
        before = Rater.load(place.rater)
        rater = before.variant(guideline=guideline)
        rater.provenance = {
            **before.provenance,
            "rolled_back": {"from": before.guideline.hash, "to": version},
            "rules": [json.loads(json.dumps(rule.to_dict())) for rule in rules],
        }
        rater.save(place.rater)
    versions.roll_back(version)
    console.print(
        f"{version[:12]} is the current version{'' if place.rater is None else f', and {place.rater} follows it'}."
    )


def _reason(rule: RuleRecord) -> str:
    if rule.author == "human":
        return "human"
    if rule.sources:
        return f"from {rule.support} item{'s' if rule.support != 1 else ''}"
    return ""
