"""Knows how explained items become worked cases, and which ones a guideline should show; does not measure them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import dspy
import numpy as np

from ...data import Label
from ...programs import Case
from ..compiler import item_id
from ..drafts import CaseRecord, Draft, Drafts
from ..embedders import TFIDF, Embedder, cosines
from .evidence import Evidence


@dataclass(frozen=True)
class WorkedCase:
    """An item that may be shown with its trace.

    Attributes:
        item_id: The item.
        level: Its label.
        case: What is shown.
        difficulty: Share of the teacher's blind draws that missed the label, from 0 to 1; 0 where it is unknown.
    """

    item_id: str
    level: Label
    case: Case
    difficulty: float = 0.0

    @property
    def text(self) -> str:
        """The item's texts."""
        return "\n\n".join(self.case.fields.values())

    @property
    def length(self) -> int:
        """Characters of the texts and the rationale."""
        return len(self.text) + len(self.case.rationale)


def worked_cases(evidence: Evidence, max_chars: int) -> tuple[list[WorkedCase], int]:
    """Return the explained items that are short enough to be shown, and how many are not."""
    student = evidence.student
    made = [
        WorkedCase(
            item_id(student, example),
            example["label"],
            Case(
                {name: str(example[name]) for name in student.fields},
                str(example["rationale"]),
                student.scale.write(example["label"]),
            ),
            _difficulty(example),
        )
        for example in evidence.explained
    ]
    fitting = [one for one in made if one.length <= max_chars]
    return fitting, len(made) - len(fitting)


def covering(cases: Sequence[WorkedCase], count: int, embedder: Embedder = TFIDF) -> list[WorkedCase]:
    """Choose cases one by one, each the one that brings most items nearer to a case, the difficult ones counting more.

    Greedy facility location (Nemhauser, Wolsey & Fisher 1978: at least 63 % of the best coverage): the gain of a case
    is the sum over all items of how much nearer it is than the cases chosen so far, in the cosine of the texts; it is
    multiplied by ``1 + difficulty``, since an item that the teacher often missed shows where a guideline is needed.

    Args:
        cases: Of one level.
        count: How many.
        embedder: Says which texts are alike.
    """
    if not cases or count < 1:
        return []
    texts = [one.text for one in cases]
    vectors = embedder.fitted(texts).transform(texts)
    alike = cosines(vectors, vectors)
    weight = 1 + np.array([one.difficulty for one in cases])
    nearest = np.zeros(len(cases))
    chosen: list[int] = []
    for _ in range(min(count, len(cases))):
        gain = np.maximum(alike - nearest[:, None], 0).sum(axis=0) * weight
        gain[chosen] = -1
        best = int(np.argmax(gain.round(9)))
        chosen.append(best)
        nearest = np.maximum(nearest, alike[:, best])
    return [cases[place] for place in chosen]


def mixed(cases: Iterable[WorkedCase]) -> list[WorkedCase]:
    """Return cases in an order that says nothing of their levels: by a hash of the items' ids.

    Shown level by level, a small model counts on: after one case each of 1 to 5 SmolLM2-135M-Instruct labelled every
    review 6. That the order of cases matters is known (Lu et al. 2022, "Fantastically Ordered Prompts").
    """
    return sorted(cases, key=lambda one: hashlib.sha256(one.item_id.encode()).digest())


@dataclass(frozen=True)
class CaseChoice:
    """Proposes guidelines with more and more worked cases: ``cases_1``, ``cases_2``, ``cases_4``, ... for each level.

    No writer model is needed, and neither instruction nor rubric is touched. What an item itself would show is left
    out when that very item is rated (see `RaterAdapter.prompt`).

    Attributes:
        most: The most cases of a level.
        max_case_chars: Items whose texts and rationale are longer together do not become cases.
    """

    most: int
    max_case_chars: int

    def drafts(self, evidence: Evidence) -> Drafts:
        """Return what can be made of the evidence."""
        student = evidence.student
        fitting, too_long = worked_cases(evidence, self.max_case_chars)
        by_level = {level: [one for one in fitting if one.level == level] for level in evidence.levels}
        found: list[Draft] = []
        count = 1
        while count <= self.most and fitting:
            shown = mixed(one for own in by_level.values() for one in covering(own, count, evidence.embedder))
            told = replace(student.guideline, cases=(*student.guideline.cases, *(one.case for one in shown)))
            records = tuple(CaseRecord(one.item_id, one.case.label) for one in shown)
            short = {student.scale.write(level): len(own) for level, own in by_level.items() if len(own) < count}
            details: Mapping[str, Any] = {"short_of_cases": short}
            found.append(Draft(f"cases_{count}", student.variant(guideline=told), (), records, details))
            count *= 2
        skipped = {} if found else {"cases": "no case is left"}
        return Drafts(tuple(found), skipped, {"cases": {"too long": too_long} if too_long else {}})


def _difficulty(example: dspy.Example) -> float:
    hits, draws = example.get("hits"), example.get("draws")
    if not isinstance(hits, int) or not isinstance(draws, int) or draws < 1:
        return 0.0
    return 1 - hits / draws
