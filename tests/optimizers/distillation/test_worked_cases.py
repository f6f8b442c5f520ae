"""Few-shot cases chosen by coverage and difficulty."""

import re

import dspy
import numpy as np
import pytest

from accord.data import Ordinal
from accord.optimizers import DistillGuideline
from accord.optimizers.distillation.worked_cases import WorkedCase, covering
from accord.optimizers.embedders import vectorizer_of
from accord.programs import Case, Guideline, Prompt, Rater, scripted_lm

THREE = Ordinal(1, 3)


def _case(id: str, text: str, difficulty: float = 0.0) -> WorkedCase:
    return WorkedCase(id, 1, Case({"text": text}, "So.", "1"), difficulty)


def test_the_first_case_is_like_most_items_and_the_next_one_is_like_the_others() -> None:
    trains = [_case(f"t{number}", f"the train to town {number} was late again") for number in range(5)]
    cats = [_case(f"c{number}", f"my cat {number} sleeps in a warm box") for number in range(3)]
    first, second, *rest = covering([*cats, *trains], 8)
    assert first in trains and second in cats and len(rest) == 6
    assert len({one.item_id for one in (first, second, *rest)}) == 8, "no case twice"


def test_of_two_that_cover_alike_the_difficult_one_is_shown() -> None:
    same = "the train to town was late again"
    cases = [_case("a", same), _case("b", same, 0.5), _case("c", same, 0.25)]
    assert covering(cases, 1)[0].item_id == "b"


@pytest.mark.parametrize("seed", range(5))
def test_greedy_coverage_reaches_what_theory_says_of_the_best(seed: int) -> None:
    rng = np.random.default_rng(seed)
    words = "rain sun wind snow fog ice hail storm".split()
    cases = [_case(str(number), " ".join(rng.choice(words, 4))) for number in range(9)]
    vectors = vectorizer_of([one.text for one in cases]).transform([one.text for one in cases])
    alike = np.asarray((vectors @ vectors.T).todense())

    def covered(places: list[int]) -> float:
        return float(alike[:, places].max(axis=1).sum())

    best = max(covered([i, j]) for i in range(9) for j in range(i))
    chosen = [cases.index(one) for one in covering(cases, 2)]
    assert covered(chosen) >= (1 - 1 / np.e) * best


def _examples(first: int, count: int) -> list[dspy.Example]:
    return [
        dspy.Example(
            text=f"note {number} on {'abc'[number % 3] * 3}",
            rationale=f"It is of the kind {number % 3}.",
            label=number % 3 + 1,
            item_id=f"i{number:03}",
            hits=1 + number % 2,
            draws=4,
        ).with_inputs("text")
        for number in range(first, first + count)
    ]


def test_more_cases_are_kept_only_where_dev_says_that_they_pay() -> None:
    def script(prompt: Prompt, draw: int) -> str:
        found = re.search(r"note (\d+) ", prompt.turns[-1].content)
        assert found is not None
        number, cases = int(found[1]), len(prompt.turns) // 2 - 1
        knows = cases >= 6 or number % 4 == 0
        return f"Label: {number % 3 + 1 if knows else 2}"

    train, dev = _examples(0, 24), _examples(100, 24)
    student = Rater(THREE, Guideline("Rate it.", "1: low"), lm=scripted_lm(script))
    compiled = DistillGuideline("cases", resamples=200).compile(student, trainset=train, valset=dev)
    assert {candidate.name for candidate in compiled.candidates} == {"original", "cases_1", "cases_2", "cases_4"}
    assert compiled.provenance["chosen"] == "cases_2", "more do as well and cost more"
    assert (compiled.guideline.instruction, compiled.guideline.rubric) == ("Rate it.", "1: low")
    assert sorted(case.label for case in compiled.guideline.cases) == ["1", "1", "2", "2", "3", "3"]
    shown = {case["item"] for case in compiled.provenance["cases"]}
    assert len(shown) == 6 and shown <= {example["item_id"] for example in train}
