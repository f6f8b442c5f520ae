"""Knows how yes/no questions are made of what traces say of each level; does not know what their answers stand for.

After TICK (Cook et al., arXiv 2410.03608, section 3), where a model writes the questions from the instruction at hand.
Here they come from critiques: a writer makes questions of them, or each is asked about as it stands.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...data import SetupError
from ...programs import Checklist, ChecklistQuestion, Guideline, GuidelineRule, Rater, rules_of
from ...programs.raters import check_limits
from ..drafts import Author, Draft, Drafts, RuleRecord, critiques
from .evidence import Evidence
from .extracted_questions import AskedOf, asked_of, is_extracted
from .two_stage import TwoStage

_NO_CRITIQUE = "no critique is left"
_TOO_FEW = "its questions speak for one label alone"


@dataclass(frozen=True)
class ChecklistMode:
    """Proposes checklists of several sizes; what their answers stand for is fitted when dev is rated.

    Without a writer ``checklist_1``, ``checklist_2`` and so on ask about the most telling critiques of each level as
    they stand, so many of each. With one, ``checklist`` has all questions that the writer made of the critiques, and
    ``checklist_half`` the better supported half. A student with a checklist has one more draft, ``thresholds``: its own
    questions, fitted anew.

    Attributes:
        per_level: The most questions of a level.
        seed: Of the clustering and of the subsets of traces.
        stages: Asks the writer; None for none.
    """

    per_level: int
    seed: int
    stages: TwoStage | None = None

    def drafts(self, evidence: Evidence) -> Drafts:
        """Return what can be made of the evidence.

        Raises:
            SetupError: If the student cannot answer a checklist.
        """
        student = evidence.student
        if student.scoring.rule != "mode":
            cure = "Give student.variant(scoring='mode')."
            what = f"scoring={student.scoring.rule!r}, and a checklist is fitted on what single replies answer"
            raise SetupError(what, place="DistillGuideline", cure=cure)
        bare = _bare(student.guideline)
        # Two levels and a question of each suit every scale, so whatever is refused here is the student's own.
        probe = [ChecklistQuestion(f"Is it {level}?", level=student.scale.write(level)) for level in evidence.levels]
        check_limits(bare.with_checklist(Checklist(tuple(probe))), student.scale, student.order, student.scoring)
        made = self._extracted(evidence) if self.stages is None else self._written(evidence, self.stages)
        if student.guideline.checklist is None:
            return made
        return replace(made, drafts=(Draft("thresholds", student.variant(), to_fit=True), *made.drafts))

    def _extracted(self, evidence: Evidence) -> Drafts:
        found, dropped = critiques(
            evidence.rationales,
            evidence.levels,
            per_level=self.per_level,
            guard=evidence.guard,
            seed=self.seed,
            embedder=evidence.embedder,
        )
        asked, silent = asked_of(found, evidence)
        lost = {**dropped, **({"tells no label from another": silent} if silent else {})}
        drafts: list[Draft] = []
        for count in sorted({1, (self.per_level + 1) // 2, self.per_level}):
            chosen = _of_each_level(asked, count)
            made = self._draft(f"checklist_{count}", evidence, chosen, "extracted", {})
            if made is not None and made.rater.guideline not in [one.rater.guideline for one in drafts]:
                drafts.append(made)
        skipped = {} if drafts else {"checklist": _NO_CRITIQUE if not asked else _TOO_FEW}
        return Drafts(tuple(drafts), skipped, {"sentences": lost})

    def _written(self, evidence: Evidence, stages: TwoStage) -> Drafts:
        told = _bare(evidence.student.guideline)
        drafts: list[Draft] = []
        skipped: dict[str, str] = {}
        dropped: Counter[str] = Counter()
        for number in range(stages.subsets):
            name = "checklist" if number == 0 else f"checklist_{number + 1}"
            said = evidence.sample(stages.rubric_traces, self.seed + number)
            notes, lost = stages.points(evidence, said)
            dropped.update(lost)
            if not notes:
                skipped[name] = _NO_CRITIQUE
                continue
            written = stages.writer.checklist(told, notes)
            if written.guideline is None or written.guideline.checklist is None:
                skipped[name] = written.why
                continue
            rules = _questions_of(written.guideline)
            asked = [
                AskedOf(question, written.sources[rule.id].sources, float(len(written.sources[rule.id].sources)))
                for question, rule in zip(written.guideline.checklist.questions, rules, strict=True)
                if rule.id in written.sources
            ]
            details: Mapping[str, Any] = {
                "short_of_traces": {"checklist": evidence.short(said, stages.rubric_traces)},
                "refused": dict(written.refused),
            }
            most = max(Counter(one.question.level for one in asked).values(), default=0)
            for suffix, count in (("", most), ("_half", (most + 1) // 2)):
                made = self._draft(f"{name}{suffix}", evidence, _of_each_level(asked, count), "writer", details)
                if made is None:
                    skipped[f"{name}{suffix}"] = _TOO_FEW
                elif made.rater.guideline not in [one.rater.guideline for one in drafts]:
                    drafts.append(made)
        return Drafts(tuple(drafts), skipped, {"sentences": dict(dropped)})

    def _draft(
        self, name: str, evidence: Evidence, asked: Sequence[AskedOf], author: Author, details: Mapping[str, Any]
    ) -> Draft | None:
        """Return the student with these questions, None where they make no checklist."""
        student = evidence.student
        own = student.guideline.checklist
        # As an extracted rubric goes below the one that was there, extracted questions go beside people's own.
        kept = [] if own is None or author == "writer" else [one for one in own.questions if not is_extracted(one)]
        words = {one.text.casefold() for one in kept}
        questions = [*kept, *(one.question for one in asked if one.question.text.casefold() not in words)]
        if not questions or not _makes_labels(questions, student):
            return None
        guideline = _bare(student.guideline).with_checklist(Checklist(tuple(questions)))
        sources = {(one.question.level, one.question.text): one.sources for one in asked}
        records = tuple(
            RuleRecord.of(rule, author, sources[question.level, question.text])
            for question, rule in zip(Checklist(tuple(questions)).questions, _questions_of(guideline), strict=True)
            if (question.level, question.text) in sources
        )
        left = len(student.guideline.cases)
        told = {**details, **({"cases_left_out": left} if left else {})}
        return Draft(name, student.variant(guideline=guideline), records, details=told, to_fit=True)


def _bare(guideline: Guideline) -> Guideline:
    """Return the guideline without what shows or asks for a label: cases whose reasoning answers no question."""
    return guideline.with_cases().with_checklist(None)


def _questions_of(guideline: Guideline) -> list[GuidelineRule]:
    return [rule for rule in rules_of(guideline) if rule.part == "checklist"]


def _of_each_level(asked: Sequence[AskedOf], count: int) -> list[AskedOf]:
    """Return so many questions of each level, the most telling ones, in the order of the levels' first question."""
    levels = dict.fromkeys(one.question.level for one in asked)
    ranked = sorted(asked, key=lambda one: -one.telling)
    return [one for level in levels for one in [own for own in ranked if own.question.level == level][:count]]


def _makes_labels(questions: Sequence[ChecklistQuestion], student: Rater) -> bool:
    """Return whether the questions can make different labels: without an order they have to speak for several."""
    ordered = student.scale.ordered
    return ordered or len({question.level for question in questions}) > 1
