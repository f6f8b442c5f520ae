"""Utilization against hit rates that are known item by item, and that no blind prompt knows the label."""

import math

import pytest

from accord.optimizers import Confident, Exhaust, First, RejectionSampling, Stopping, Traces
from accord.programs import Rater
from worlds.rater_world import RaterWorld


def exhausted(world: RaterWorld, samples: int = 16) -> Traces:
    corpus = world.corpus()
    rater = Rater(corpus.scale, fields=corpus.fields, lm=world.teacher_lm())
    return RejectionSampling(samples, stop=Exhaust()).infer(rater, trainset=corpus.examples())


@pytest.mark.parametrize(
    "world",
    [
        RaterWorld(items=400, hit_rate=0.1),
        RaterWorld(items=400, hit_rate=0.5, seed=1),
        RaterWorld(items=400, hit_rate=[0.05, 0.3, 0.9], seed=2, failures=0.3),
        RaterWorld(items=400, hit_rate={1: 0.05, 2: 0.1, 3: 0.2, 4: 0.4, 5: 0.8}, seed=3, failures=0.2, bias=0.1),
        RaterWorld(items=400, hit_rate=0.4, seed=4, flipped=0.2, misses="near"),
    ],
    ids=["rare", "even", "mixed, failing", "by level, biased", "flipped"],
)
def test_utilization_is_what_the_planted_rates_give_overall_and_by_level(world: RaterWorld) -> None:
    found = exhausted(world).utilization()
    corpus, rates = world.corpus(), world.gold_rates
    for k, share in found.curve.items():
        within = [1 - (1 - rates[id]) ** k for id in corpus.ids]
        sigma = math.sqrt(sum(one * (1 - one) for one in within)) / len(within)
        assert abs(share - sum(within) / len(within)) < 4 * sigma + 1e-9, k
    for level, fared in found.by_level.items():
        ids = [item.id for item in corpus if str(item.gold) == level]
        within = [1 - (1 - rates[id]) ** 16 for id in ids]
        sigma = math.sqrt(sum(one * (1 - one) for one in within))
        assert fared.items == len(ids) and fared.draws == 16 * len(ids)
        assert abs(fared.accepted - sum(within)) < 4 * sigma + 1e-9, level
        hits = 16 * sum(rates[id] for id in ids)
        spread = math.sqrt(16 * sum(rates[id] * (1 - rates[id]) for id in ids))
        assert abs(fared.hits - hits) < 4 * spread, level
    assert abs(found.unparsed / found.draws - world.failures) < 4 * math.sqrt(0.25 / found.draws)


def test_a_label_without_a_reason_counts_neither_as_a_match_nor_as_luck() -> None:
    world = RaterWorld(items=40)
    corpus = world.corpus()
    golds = {example["text"]: example["label"] for example in corpus.examples()}

    def bare(prompt, draw: int) -> str:
        shown = prompt.turns[-1].content
        return f"Label: {next(gold for text, gold in golds.items() if text in shown)}"

    rater = Rater(corpus.scale, fields=corpus.fields, lm=world.teacher_lm(script=bare))
    traces = RejectionSampling(2, stop=Exhaust()).infer(rater, trainset=corpus.examples())
    found = traces.utilization()
    assert len(traces) == found.accepted == 0 and found.unparsed == 0
    assert set(found.luck.values()) == {0.0} and not found.above_luck


@pytest.mark.parametrize("stop", [First(), Confident(), Exhaust()])
def test_blind_prompts_are_the_bytes_of_the_student_s_own_request_whatever_the_label(stop: Stopping) -> None:
    world = RaterWorld(items=30, hit_rate=0.4, guessable=0.3)
    corpus = world.corpus()
    for shift in range(3):
        lm = world.teacher_lm()
        rater = Rater(corpus.scale, fields=corpus.fields, lm=lm)
        moved = [example.copy(label=(example["label"] + shift - 1) % 5 + 1) for example in corpus.examples()]
        # What a request is made of when there is no label at all.
        allowed = {rater.prompt({"text": example["text"]}).bytes for example in moved}
        RejectionSampling(4, stop=stop).infer(rater, trainset=moved)
        asked = {prompt.bytes for prompt, _ in lm.engine.asked}  # pyright: ignore
        assert asked == allowed
