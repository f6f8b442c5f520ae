"""A run ends with the same traces however often it was interrupted, whoever answers in whatever order."""

import random
from pathlib import Path
from typing import Any, Literal

import dspy
import pytest

from accord.data import Corpus, Interval, Nominal, Ordinal, Pairwise, Scale
from accord.optimizers import Budget, Confident, Exhaust, First, RejectionSampling, Stopping, Traces, Within
from accord.programs import Prompt, Rater, scripted_lm
from worlds.rater_world import RaterWorld

Engine = Literal["batch", "feed", "single"]


def inferred(world: RaterWorld, *, engine: Engine = "batch", samples: int = 8, **options) -> Traces:
    corpus = world.corpus()
    rater = Rater(corpus.scale, fields=corpus.fields, lm=world.teacher_lm(engine=engine))
    return RejectionSampling(samples, max_tokens=200, **options).infer(rater, trainset=corpus.examples())


def told(traces: Traces) -> list[tuple[Any, ...]]:
    """Return everything that a run decided."""
    return [
        (
            item.item_id,
            item.outcome,
            item.chosen,
            item.confidence,
            [(draw.index, draw.label, draw.text) for draw in item.all_draws],
            None if item.hinted is None or item.hinted.trace is None else item.hinted.trace.rationale,
        )
        for item in traces.items
    ]


@pytest.mark.parametrize("hint", [None, "fallback"])
@pytest.mark.parametrize("stop", [First(), Confident(), Exhaust()])
# In world 3 an item of unusual length has its first wave cut by the budget, and pays for its prompt twice.
@pytest.mark.parametrize("seed", [1, 3])
def test_a_run_that_ran_out_of_budget_ends_as_an_uninterrupted_one(
    stop: Stopping, hint: Literal["fallback"] | None, seed: int, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    world = RaterWorld(
        items=60, seed=seed, hit_rate=[0.1, 0.4, 0.8], guessable=0.3, restating=0.3, failures=0.1, prompt_tokens=1600
    )
    whole = inferred(world, stop=stop, hint=hint)
    path = tmp_path / "journal.sqlite"
    for engine in ("feed", "batch", "feed", "batch"):
        budget = dice.choice([Budget(calls=dice.randint(0, 60)), Budget(tokens=dice.randint(0, 60_000))])
        inferred(world, stop=stop, hint=hint, budget=budget, engine=engine, journal=path)
    resumed = inferred(world, stop=stop, hint=hint, journal=path)
    assert told(resumed) == told(whole)
    assert resumed.stopped == ""
    again = inferred(world, stop=stop, hint=hint, journal=path, engine="feed")
    assert told(again) == told(whole) and again.asked == 0


@pytest.mark.parametrize("stop", [First(), Confident(), Exhaust()])
def test_the_order_in_which_answers_come_decides_nothing(stop: Stopping) -> None:
    world = RaterWorld(items=80, hit_rate=[0.2, 0.7], guessable=0.2)
    assert told(inferred(world, stop=stop, engine="feed")) == told(inferred(world, stop=stop, engine="batch"))


def test_an_lm_that_answers_one_draw_at_a_time_pays_for_no_draw_after_the_match() -> None:
    world = RaterWorld(items=40, hit_rate=0.5)
    traces = inferred(world, stop=First(), engine="single", filters=())
    assert all(item.hits == 1 and item.matches[-1] for item in traces.items if item.explained)
    assert traces.spent.calls == traces.asked == sum(len(item.draws) for item in traces.items)


def test_what_is_recorded_is_used_although_the_budget_allows_no_draw_more(tmp_path: Path) -> None:
    world = RaterWorld(items=20, hit_rate=0.5)
    path = tmp_path / "journal.sqlite"
    inferred(world, samples=3, stop=Exhaust(), journal=path)
    # Eight draws are wanted of each item and three are there: they say what they say.
    traces = inferred(world, samples=8, stop=Exhaust(), journal=path, budget=Budget(calls=0))
    assert [len(item.draws) for item in traces.items] == [3] * 20
    assert all(item.cut_short for item in traces.items) and traces.stopped
    assert len(traces) > 0 and "stopped by the budget" in repr(traces)


def test_a_twin_uses_what_its_twin_has_drawn_although_the_budget_allows_no_draw_more() -> None:
    records = [{"id": f"{label}", "text": "the same text", "label": label} for label in (1, 2)]
    corpus = Corpus.from_records(records, fields=["text"], label="label", id="id", scale=Ordinal(1, 5))
    # The first draw says 1 and the others 2: whichever of the two comes first, the other has its match.
    lm = scripted_lm(lambda prompt, draw: f"Reason: this is draw {draw} of it\nLabel: {1 if draw == 0 else 2}")
    rater = Rater(corpus.scale, fields=("text",), lm=lm)
    sampler = RejectionSampling(2, wave=2, stop=Exhaust(), budget=Budget(calls=1))
    traces = sampler.infer(rater, trainset=corpus.examples())
    assert len(traces) == 2 and traces.asked == 2
    assert not any(item.cut_short for item in traces.items)


def test_hints_are_not_given_for_what_the_budget_cut_short(tmp_path: Path) -> None:
    world = RaterWorld(items=40, hit_rate=0.3)
    traces = inferred(world, stop=First(), hint="fallback", budget=Budget(calls=12))
    assert any(item.cut_short for item in traces.items)
    assert all(item.hinted is None for item in traces.items if item.cut_short)


@pytest.mark.parametrize("stop", [First(), Confident()])
def test_progress_never_says_more_than_is_done(stop: Stopping) -> None:
    seen: list[tuple[int, int]] = []
    world = RaterWorld(items=50, hit_rate=0.5, guessable=0.3)
    inferred(world, stop=stop, progress=lambda done, of, note: seen.append((done, of)))
    assert seen[-1] == (50, 50) and all(done <= of == 50 for done, of in seen)
    # Items that get a second look are open again, a few at a time: the count never falls back to nothing.
    later = [done for done, _ in seen[[done for done, _ in seen].index(50) :]]
    assert min(later) > 10


def test_every_level_is_drawn_for_first_when_it_is_planted_rarely() -> None:
    world = RaterWorld(items=200, mix=[0.03, 0.03, 0.04, 0.1, 0.8], hit_rate=0.6)
    corpus = world.corpus()
    lm = world.teacher_lm()
    rater = Rater(corpus.scale, fields=corpus.fields, lm=lm)
    RejectionSampling(4, stop=First(), budget=Budget(calls=16)).infer(rater, trainset=corpus.examples())
    asked = {prompt.sha256 for prompt, _ in lm.engine.asked}  # pyright: ignore
    golds = {
        example["label"] for example in corpus.examples() if rater.prompt({"text": example["text"]}).sha256 in asked
    }
    assert {4, 5} < golds


def numbered(scale: Scale, golds: list, said: Any) -> tuple[Rater, list[dspy.Example]]:
    """Return a rater and examples whose text is their number; `said` gives the label of a number's draw."""

    def script(prompt: Prompt, draw: int) -> str:
        number = int(prompt.turns[-1].content.split("item number ")[1].split()[0])
        label = said(number, random.Random(f"{number}:{draw}"))
        return f"Reason: draw {draw} sees what it sees\nLabel: {scale.write(label)}"

    examples = [
        dspy.Example(text=f"item number {number}", label=gold).with_inputs("text") for number, gold in enumerate(golds)
    ]
    return Rater(scale, fields=("text",), lm=scripted_lm(script)), examples


@pytest.mark.parametrize("scale", [Nominal(["red", "green", "blue"]), Pairwise()])
def test_scales_without_order_work_alike(scale: Scale) -> None:
    levels = list(scale.levels or ())
    golds = [levels[number % 3] for number in range(60)]
    rater, examples = numbered(
        scale, golds, lambda number, dice: golds[number] if dice.random() < 0.8 else dice.choice(levels)
    )
    traces = RejectionSampling(8).infer(rater, trainset=examples)
    assert len(traces) > 40 and traces.utilization().above_luck


def test_hundreds_of_golds_on_an_interval_take_seconds() -> None:
    scale = Interval(0, 5)
    dice = random.Random(0)
    golds = [round(dice.uniform(0, 5), 2) for _ in range(600)]

    def said(number: int, dice: random.Random) -> float:
        near = golds[number] + dice.gauss(0, 0.3) if number % 3 else dice.uniform(0, 5)
        return min(max(round(near, 1), 0.0), 5.0)

    rater, examples = numbered(scale, golds, said)
    traces = RejectionSampling(16, accept=Within(0.25)).infer(rater, trainset=examples)
    assert len(set(golds)) > 300
    understood = [int(trace["text"].split()[2]) % 3 > 0 for trace in traces]
    assert len(traces) > 150 and sum(understood) / len(understood) > 0.9


@pytest.mark.parametrize("samples", [1, 64])
@pytest.mark.parametrize("stop", [First(), Confident(), Exhaust()])
def test_one_sample_and_sixty_four(stop: Stopping, samples: int) -> None:
    world = RaterWorld(items=30, hit_rate=0.6)
    traces = inferred(world, samples=samples, stop=stop)
    assert max(len(item.draws) for item in traces.items) <= samples
    assert sum(traces.outcomes.values()) == 30
    if samples == 1:
        assert all(len(item.draws) == 1 for item in traces.items)


@pytest.mark.slow
def test_time_grows_with_the_items_and_no_faster() -> None:
    import time

    def seconds(items: int) -> float:
        golds = [number % 5 + 1 for number in range(items)]
        rater, examples = numbered(
            Ordinal(1, 5), golds, lambda number, dice: golds[number] if dice.random() < 0.5 else dice.randint(1, 5)
        )
        begun = time.process_time()
        RejectionSampling(16, stop=First()).infer(rater, trainset=examples)
        return time.process_time() - begun

    seconds(200)  # imports and caches
    assert seconds(8_000) < 8 * seconds(2_000) + 0.5
