"""A rule that people follow and the guideline leaves out is found, pays, and is not found where there is none."""

import pytest

from accord.data import paired_difference, panel_change
from accord.optimizers import DistillGuideline, Exhaust, RejectionSampling, Traces
from accord.programs import Rater
from worlds.rule_world import GUIDELINE, RuleWorld, writer


def _traces(world: RuleWorld, draws: int = 8) -> Traces:
    train = world.corpus[: world.stories // 2]
    return RejectionSampling(draws, stop=Exhaust()).infer(world.teacher(), trainset=train.examples())


def _compiled(world: RuleWorld, student: Rater, traces: Traces, **options) -> Rater:
    dev = world.corpus[world.stories // 2 : world.stories * 3 // 4]
    compiler = DistillGuideline(resamples=options.pop("resamples", 1000), **options)
    return compiler.compile(student, trainset=traces, valset=dev.examples())


@pytest.mark.parametrize("mode", ["extractive", "two_stage"])
def test_the_hidden_rule_is_written_down_and_pays_on_dev_and_on_test(mode: str) -> None:
    world = RuleWorld()
    student, traces = world.rater("student"), _traces(world)
    options = {"writer": writer()} if mode == "two_stage" else {"cases_per_level": 0}
    compiled = _compiled(world, student, traces, **options)
    assert "The story breaks off before its end." in compiled.guideline.rubric
    (chosen, *_) = compiled.candidates
    assert chosen.details["difference"]["low"] > 0, "on dev"
    rules = [rule for rule in compiled.provenance["rules"] if "breaks off" in rule["text"]]
    numbers = {int(id[1:]) for rule in rules for id in rule["sources"]}
    assert numbers and sum(map(world.breaks_off, numbers)) > 0.6 * len(numbers), "most of what it rests on breaks off"
    test = world.corpus[world.stories * 3 // 4 :]
    found = paired_difference(
        compiled.rate(test).labels, student.rate(test).labels, test.golds(), test.scale, metric="alpha"
    )
    assert found.low is not None and found.low > 0


def test_raters_that_are_told_the_rule_agree_more_with_each_other_and_with_people() -> None:
    world = RuleWorld(stories=480)
    raters = {name: world.rater(name) for name in ("first", "second", "third")}
    lms = [rater.lm for rater in raters.values()]
    compiled = _compiled(world, raters["first"], _traces(world), cases_per_level=0, raters=lms)
    assert compiled.guideline != GUIDELINE
    test = world.corpus[world.stories * 3 // 4 :]
    before = {name: rater.rate(test).labels for name, rater in raters.items()}
    after = {name: rater.variant(guideline=compiled.guideline).rate(test).labels for name, rater in raters.items()}
    change = panel_change(before, after, test.golds(), test.scale)
    assert change.icc3.low is not None and change.icc3.low > 0
    assert change.with_gold.low is not None and change.with_gold.low > 0 and change.warning == ""


@pytest.mark.slow
def test_where_there_is_nothing_to_learn_the_gate_keeps_the_guideline_in_95_of_100_seeds() -> None:
    """Every change of the guideline shakes the model's readings, for better or worse."""
    replaced = 0
    for seed in range(100):
        world = RuleWorld(stories=120, seed=seed, hidden=False, nervous=0.5)
        compiled = _compiled(world, world.rater("student"), _traces(world, draws=4), resamples=400)
        replaced += compiled.guideline != GUIDELINE
    assert replaced <= 5
