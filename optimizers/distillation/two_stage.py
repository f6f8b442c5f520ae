"""Knows the two-stage distillation of a guideline by a writer model; does not know which draft is worth keeping.

After Zhang et al., "Through the Judge's Eyes" (arXiv 2510.25860, section 3 and appendix D): ten traces a level become
a step-by-step instruction; critiques listed from fifty traces a level are embedded, clustered for each level, and the
one nearest each centroid goes into the rubric. Where the paper writes one guideline, several are drafted here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ...programs import Guideline, rules_of
from ..drafts import Draft, Drafts, Rationale, RuleRecord, critiques
from .evidence import Evidence
from .writer import GuidelineWriter, Note, Written, list_critiques


@dataclass(frozen=True)
class TwoStage:
    """Proposes up to three guidelines for each subset of traces: ``instruction``, ``rubric`` and ``both``.

    Attributes:
        writer: Asks the writer model.
        instruction_traces: Traces of each level that the instruction is taken from.
        rubric_traces: Traces of each level whose critiques the rubric is taken from.
        critiques_per_level: Clusters of critiques for each level.
        subsets: How many different subsets of traces are drafted from.
        seed: Of the subsets and the clustering.
    """

    writer: GuidelineWriter
    instruction_traces: int
    rubric_traces: int
    critiques_per_level: int
    subsets: int
    seed: int

    def drafts(self, evidence: Evidence) -> Drafts:
        """Ask for what is wanted; a part that the writer does not bring is skipped with the reason."""
        made = [self._subset(evidence, number) for number in range(self.subsets)]
        dropped = sum((Counter(one.dropped["sentences"]) for one in made), Counter[str]())
        return Drafts(
            tuple(draft for one in made for draft in one.drafts),
            {name: why for one in made for name, why in one.skipped.items()},
            {"sentences": dict(dropped)},
        )

    def _subset(self, evidence: Evidence, number: int) -> Drafts:
        told = evidence.student.guideline
        traces = evidence.sample(self.instruction_traces, self.seed + number)
        said = evidence.sample(self.rubric_traces, self.seed + number)
        points, dropped = self.points(evidence, said)
        notes = [Note(one.label, " ".join(one.text.split()), (one.item_id,)) for one in traces]
        details = {
            "short_of_traces": {
                "instruction": evidence.short(traces, self.instruction_traces),
                "rubric": evidence.short(said, self.rubric_traces),
            }
        }
        instruction = self.writer.instruction(told, notes)
        rubric = self._rubric(told, points)
        both = Written(None, why="there is no new instruction or no new rubric")
        if instruction.guideline is not None and rubric.guideline is not None:
            both = self._rubric(instruction.guideline, points)
        stages = {"instruction": (instruction,), "rubric": (rubric,), "both": (instruction, both)}
        drafts: list[Draft] = []
        skipped: dict[str, str] = {}
        for stage, parts in stages.items():
            name = stage if number == 0 else f"{stage}_{number + 1}"
            if parts[-1].guideline is None:
                skipped[name] = parts[-1].why
            else:
                own = {"refused": _refused(parts), **_left_out(parts)}
                drafts.append(self._draft(name, evidence, parts, {**details, **own}))
        return Drafts(tuple(drafts), skipped, {"sentences": dropped})

    def points(self, evidence: Evidence, said: Sequence[Rationale]) -> tuple[list[Note], Mapping[str, int]]:
        """Return the critiques that stand for a cluster of each level, and what was left out."""
        listed = list_critiques({one.item_id: one.text for one in said}, self.writer.draw, self.writer.subject)
        found, dropped = critiques(
            [replace(one, text="\n".join(listed[one.item_id])) for one in said if one.item_id in listed],
            evidence.levels,
            per_level=self.critiques_per_level,
            guard=evidence.guard,
            seed=self.seed,
            embedder=evidence.embedder,
        )
        lost = {"request failed": len(said) - len(listed)} if len(listed) < len(said) else {}
        return [Note(one.level, one.text, one.sources) for one in found], {**dropped, **lost}

    def _rubric(self, told: Guideline, points: Sequence[Note]) -> Written:
        return self.writer.rubric(told, points) if points else Written(None, why="no critique is left")

    def _draft(self, name: str, evidence: Evidence, parts: Sequence[Written], details: Mapping[str, Any]) -> Draft:
        guideline = parts[-1].guideline
        guideline = evidence.student.guideline if guideline is None else guideline
        rests = {id: found for part in parts for id, found in part.sources.items()}
        records = tuple(
            RuleRecord.of(rule, "writer", rests[rule.id].sources, cited=rests[rule.id].cited)
            for rule in rules_of(guideline)
            if rule.id in rests
        )
        return Draft(name, evidence.student.variant(guideline=guideline), records, details=details)


def _left_out(parts: Sequence[Written]) -> dict[str, list[dict[str, Any]]]:
    """Return the rules that there was no room for, where there were any."""
    gone = [asdict(one) for part in parts for one in part.left_out]
    return {"left_out": gone} if gone else {}


def _refused(parts: Sequence[Written]) -> dict[str, int]:
    """Return how many replies were not taken, by reason."""
    return dict(sum((Counter(part.refused) for part in parts), Counter[str]()))
