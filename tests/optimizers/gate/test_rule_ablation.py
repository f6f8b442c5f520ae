"""What each rule brings on dev, and guidelines measured with several models."""

import re
from collections.abc import Callable

import dspy
import pytest

from accord.data import Ordinal
from accord.optimizers import DistillGuideline
from accord.programs import Guideline, Prompt, Rater, scripted_lm

THREE = Ordinal(1, 3)
TOLD = Guideline("Read and rate.", "- Be fair.")
SAID = {
    1: "The plot breaks off in the middle of it.",
    2: "The characters stay flat all the way through.",
    3: "The ending turns everything around with skill.",
}


def _examples(first: int, count: int) -> list[dspy.Example]:
    return [
        dspy.Example(
            text=f"story {number} ends", rationale=SAID[number % 3 + 1], label=number % 3 + 1, item_id=f"i{number}"
        ).with_inputs("text")
        for number in range(first, first + count)
    ]


TRAIN, DEV = _examples(0, 18), _examples(100, 30)


def _follows(*rules: str, harmed_by: str = "\0") -> Callable[[Prompt, int], str]:
    """A model that knows the items of a level where one of these sentences is written, and is confused by another."""

    def script(prompt: Prompt, draw: int) -> str:
        found = re.search(r"story (\d+) ", prompt.turns[-1].content)
        assert found is not None
        gold, told = int(found[1]) % 3 + 1, prompt.turns[0].content
        knows = SAID[gold] in rules and SAID[gold] in told
        label = gold if knows else 2
        return f"Label: {3 - label if harmed_by in told and gold == 2 else label}"

    return script


def _compiled(*scripts: Callable[[Prompt, int], str], **options) -> Rater:
    lms = [scripted_lm(script, model_id=f"model {number}") for number, script in enumerate(scripts)]
    compiler = DistillGuideline(
        critiques_per_level=1, cases_per_level=0, resamples=300, raters=lms[1:] and lms, **options
    )
    return compiler.compile(Rater(THREE, TOLD, lm=lms[0]), trainset=TRAIN, valset=DEV)


def test_rules_that_dev_does_not_miss_are_left_out_and_the_others_say_what_they_bring() -> None:
    compiled = _compiled(_follows(SAID[1], SAID[3]))
    names = [candidate.name for candidate in compiled.candidates]
    assert names[0] == "rubric_pruned" and set(names) == {"original", "rubric", "rubric_pruned"}
    assert SAID[2] not in compiled.guideline.rubric and SAID[1] in compiled.guideline.rubric
    assert [one["text"] for one in compiled.provenance["dropped_rules"]] == [SAID[2]]
    rules = {rule["text"]: rule for rule in compiled.provenance["rules"]}
    assert set(rules) >= {SAID[1], SAID[3], "Be fair."}
    for said in (SAID[1], SAID[3]):
        effect = rules[said]["effect"]
        # Without the rule a third of the items is wrong: alpha falls for certain.
        assert effect["low"] > 0 and effect["value"] == pytest.approx(1 - _alpha_without_one_level(), abs=1e-9)
    assert rules["Be fair."]["effect"] is None, "what was there before is not tried"
    (whole,) = [candidate for candidate in compiled.candidates if candidate.name == "rubric"]
    effects = {rule["text"]: rule["effect"] for rule in whole.details["rules"]}
    assert effects[SAID[2]]["value"] == 0


def _alpha_without_one_level() -> float:
    """Ordinal alpha of 30 items of which the 10 with gold 1 (or 3) are rated 2 and the others right.

    Mid-ranks of the 60 labels: 10 x 1 (gold), 30 x 2, 20 x 3 -> ranks 5, 25, 50 (less 0.5). D_o n = 10 x 2 x 20^2;
    D_e: 2 (10 x 30 x 20^2 + 10 x 20 x 45^2 + 30 x 20 x 25^2) / 59 = 2 x 900,000 / 59.
    """
    return 1 - 10 * 2 * 20**2 * 59 / (2 * (10 * 30 * 20**2 + 10 * 20 * 45**2 + 30 * 20 * 25**2))


def test_a_rule_that_does_harm_goes() -> None:
    compiled = _compiled(_follows(SAID[1], SAID[3], harmed_by=SAID[2]))
    assert compiled.provenance["chosen"] == "rubric_pruned"
    assert compiled.provenance["dropped_rules"][0]["text"] == SAID[2]
    assert compiled.provenance["dropped_rules"][0]["loss"] < 0
    assert compiled.candidates[0].dev.metrics["accuracy"].value == 1.0


def test_where_every_rule_pays_none_is_left_out() -> None:
    def script(prompt: Prompt, draw: int) -> str:
        found = re.search(r"story (\d+) ", prompt.turns[-1].content)
        assert found is not None
        gold, told = int(found[1]) % 3 + 1, prompt.turns[0].content
        return f"Label: {gold if SAID[gold] in told else gold % 3 + 1}"

    compiled = _compiled(script)
    assert compiled.provenance["chosen"] == "rubric" and "dropped_rules" not in compiled.provenance
    assert [rule["effect"]["low"] > 0 for rule in compiled.provenance["rules"] if rule["effect"]] == [True] * 3


def test_only_so_many_rules_are_tried() -> None:
    compiled = _compiled(_follows(SAID[1], SAID[3]), ablate=1)
    tried = [
        rule for candidate in compiled.candidates if candidate.name == "rubric" for rule in candidate.details["rules"]
    ]
    assert sum(rule["effect"] is not None for rule in tried) == 1


def test_a_guideline_is_measured_by_the_mean_of_all_models_that_follow_it() -> None:
    def model(right: float, then: float) -> Callable[[Prompt, int], str]:
        """A model that is right on a share of the items, and on another one under the new rubric."""

        def script(prompt: Prompt, draw: int) -> str:
            found = re.search(r"story (\d+) ", prompt.turns[-1].content)
            assert found is not None
            number = int(found[1])
            share = then if SAID[1] in prompt.turns[0].content else right
            gold = number % 3 + 1
            return f"Label: {gold if number % 10 < 10 * share else gold % 3 + 1}"

        return script

    assert _compiled(model(0.6, 0.8), ablate=0).provenance["chosen"] == "rubric"
    # One gains two items in ten, the other loses four.
    both = _compiled(model(0.6, 0.8), model(0.8, 0.4), ablate=0)
    assert both.provenance["chosen"] == "original" and both.provenance["models"] == ["model 0", "model 1"]
    (rubric,) = [candidate for candidate in both.candidates if candidate.name == "rubric"]
    (original,) = [candidate for candidate in both.candidates if candidate.name == "original"]
    mean = {name: sum(one.details["alphas"].values()) / 2 for name, one in (("new", rubric), ("old", original))}
    difference = rubric.details["difference"]
    assert difference["metric"] == "mean alpha" and difference["value"] == pytest.approx(mean["new"] - mean["old"])
    # They err on the same items in the same way: 0.6 and 0.8 share more than 0.8 and 0.4.
    assert difference["among"]["value"] < 0 and difference["warning"] == ""
