"""Knows which versions of a guideline a compile leaves behind; does not know how they are kept."""

from pathlib import Path
from typing import Any

from ...optimizers import GuidelineVersions, RuleRecord
from ...programs import Rater


def keep_versions(folder: Path, student: Rater, compiled: Rater) -> None:
    """Keep the guideline that was given and the one that was distilled from it; a fine-tuned rater leaves nothing.

    A guideline that is new since the last compile was edited by a person; one that was a version before is compiled
    once more, and is no step of its own; where it is kept in place of a later one, the run's rater follows it again.

    Args:
        folder: Where the versions are.
        student: The rater that was compiled.
        compiled: What came of it.
    """
    if compiled.provenance.get("compiler") != "DistillGuideline":
        return
    versions = GuidelineVersions(folder)
    if student.guideline.hash not in {step.version for step in versions.history}:
        versions.add(student.guideline, "edited" if versions.current else "given")
    place = "the compiled rater's provenance"
    rules = [RuleRecord.from_dict(rule, place) for rule in compiled.provenance.get("rules", ())]
    if compiled.guideline != student.guideline:
        versions.add(compiled.guideline, "distilled", rules, _note(compiled.provenance))
    elif versions.current != student.guideline.hash:
        versions.roll_back(student.guideline.hash, _note(compiled.provenance))


def _note(provenance: Any) -> str:
    alpha = provenance["dev"]["alpha"]
    difference = provenance.get("difference", {}).get("value")
    gain = "" if difference is None else f", {difference:+.2f} to before"
    claim = "" if provenance["dev"]["claim"] else f" (no claim: {provenance['dev']['items']} items)"
    return f"{provenance['chosen']}{'' if alpha is None else f': alpha {alpha:.2f} on dev{gain}{claim}'}"
