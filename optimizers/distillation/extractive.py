"""Knows how rules and cases are taken from traces as they stand, without any writer model; does not measure them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...data import Scale
from ...programs import Guideline, rules_of
from ..drafts import CaseRecord, Critique, Draft, Drafts, RuleRecord, clusters, critiques
from .evidence import Evidence
from .worked_cases import WorkedCase, mixed, worked_cases

_INTRODUCTION = "What was said of items of each label, with the number of items it was said of:"


@dataclass(frozen=True)
class Extractive:
    """Proposes up to three guidelines, none of which touches the student's instruction.

    ``rubric`` adds for each level the sentences of rationales that stand for a cluster of like sentences, with the
    number of items that have one; ``cases`` adds for each level the items most like the others of that level, with
    their traces; ``both`` adds both. What an earlier extraction added to the rubric is replaced.

    Attributes:
        critiques_per_level: The most sentences of a level.
        cases_per_level: The most cases of a level.
        max_case_chars: Items whose texts and rationale are longer together do not become cases.
        seed: Of the clustering.
    """

    critiques_per_level: int
    cases_per_level: int
    max_case_chars: int
    seed: int

    def drafts(self, evidence: Evidence) -> Drafts:
        """Return what can be made of the evidence."""
        student, scale = evidence.student, evidence.student.scale
        rules, dropped = critiques(
            evidence.rationales,
            evidence.levels,
            per_level=self.critiques_per_level,
            guard=evidence.guard,
            seed=self.seed,
            embedder=evidence.embedder,
        )
        cases, too_long = self._cases(evidence)
        told = student.guideline
        rubric = _rubric(told.rubric, rules, scale)
        shown = (*told.cases, *(one.case for one in cases))
        wanted: Mapping[str, tuple[Guideline, Sequence[WorkedCase]]] = {
            "rubric": (replace(told, rubric=rubric), ()),
            "cases": (replace(told, cases=shown), cases),
            "both": (replace(told, rubric=rubric, cases=shown), cases),
        }
        found: list[Draft] = []
        skipped: dict[str, str] = {}
        for name, (guideline, own_cases) in wanted.items():
            if name != "cases" and not rules:
                skipped[name] = "no sentence is left"
            elif name != "rubric" and not cases:
                skipped[name] = "no case is left"
            else:
                records = () if name == "cases" else _records(guideline, told, rules, scale)
                listed = tuple(CaseRecord(one.item_id, one.case.label) for one in own_cases)
                found.append(Draft(name, student.variant(guideline=guideline), records, listed))
        left_out = {"sentences": dict(dropped), "cases": {"too long": too_long} if too_long else {}}
        return Drafts(tuple(found), skipped, left_out)

    def _cases(self, evidence: Evidence) -> tuple[list[WorkedCase], int]:
        """Return the cases by level, the items most like the others first, and how many were too long to be one."""
        fitting, too_long = worked_cases(evidence, self.max_case_chars)
        chosen: list[WorkedCase] = []
        if self.cases_per_level == 0 or not fitting:
            return chosen, too_long
        vectors = evidence.embedder.fitted([one.text for one in fitting])
        for level in evidence.levels:
            own = [one for one in fitting if one.level == level]
            if own:
                groups = clusters(vectors.transform([one.text for one in own]), self.cases_per_level, self.seed)
                largest = sorted(groups, key=lambda rows: (-len(rows), own[rows[0]].item_id))
                chosen += [own[rows[0]] for rows in largest]
        return mixed(chosen), too_long


def _rubric(rubric: str, rules: Sequence[Critique], scale: Scale) -> str:
    """Put the critiques below the rubric, level by level, in the place of those of an earlier extraction."""
    before = rubric.partition(_INTRODUCTION)[0].strip()
    parts = [before] if before else []
    parts.append(_INTRODUCTION)
    for level in dict.fromkeys(rule.level for rule in rules):
        lines = [f"- {rule.text} ({_items(rule.support)})" for rule in rules if rule.level == level]
        parts.append("\n".join([f"### {scale.write(level)}", *lines]))
    return "\n\n".join(parts)


def _records(guideline: Guideline, told: Guideline, rules: Sequence[Critique], scale: Scale) -> tuple[RuleRecord, ...]:
    """Return the record of each critique as a rule of the guideline it stands in."""
    sources = {(scale.write(rule.level), " ".join(rule.text.split())): rule.sources for rule in rules}
    return tuple(
        RuleRecord.of(rule, "extracted", sources[rule.heading, rule.text])
        for rule in rules_of(guideline)
        if rule.part == "rubric" and (rule.heading, rule.text) in sources
    )


def _items(count: int) -> str:
    return f"{count} item" if count == 1 else f"{count} items"
