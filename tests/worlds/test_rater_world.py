"""The synthetic world keeps what its dials promise, within binomial bounds, and follows from its seed alone."""

import math
from collections import Counter
from collections.abc import Iterable

import pytest

from accord.data import Interval, Nominal, Ordinal, Pairwise, Scale
from accord.programs import Ask, Completion, Guideline, Prompt, Rater, Sampling, Turn, UnforeseenPrompt, Unparsed
from accord.programs import complete as complete_asks
from worlds.rater_world import RaterWorld
from worlds.world_teacher import TeacherEngine
from worlds.world_texts import FAILURES


def within_bounds(hits: int, trials: int, share: float) -> bool:
    """Tell whether a count is within four standard errors of its binomial mean (and exact at 0 and 1)."""
    return abs(hits / trials - share) <= 4 * math.sqrt(share * (1 - share) / trials) + 1e-9


def rater_of(world: RaterWorld, **options) -> Rater:
    return Rater(world.scale, Guideline("How good?"), fields=("text",), lm=world.teacher_lm(**options))


def drawn(world: RaterWorld, count: int, **options) -> dict[str, list]:
    """Return id to the labels (or `Unparsed`) of this many draws, read as a rater reads them."""
    rater = rater_of(world, **options)
    items = world.corpus()
    asks = [Ask(rater.prompt(item.fields), tuple(range(count))) for item in items]
    replies = complete_asks(rater.lm, asks, Sampling())
    return {items[place].id: [rater.adapter.read(one).label for one in found] for place, found in replies}


def hits(labels: dict[str, list], wanted, ids: Iterable[str]) -> tuple[int, int]:
    ids = list(ids)
    found = [label == wanted[id] for id in ids for label in labels[id]]
    return sum(found), len(found)


def test_planted_hit_rates_hold() -> None:
    world = RaterWorld(items=300, hit_rate=[0.1, 0.3, 0.7])
    labels = drawn(world, 20)
    assert set(world.hit_rates.values()) == {0.1, 0.3, 0.7}
    for rate in (0.1, 0.3, 0.7):
        ids = [id for id, planted in world.hit_rates.items() if planted == rate]
        assert len(ids) > 60
        assert within_bounds(*hits(labels, world.truths, ids), rate)


def test_hit_rates_can_depend_on_the_level() -> None:
    world = RaterWorld(items=200, hit_rate={1: 0.9, 2: 0.1, 3: 0.5, 4: 0.1, 5: 0.9})
    assert {world.hit_rates[id] for id, truth in world.truths.items() if truth in (1, 5)} == {0.9}
    assert {world.hit_rates[id] for id, truth in world.truths.items() if truth in (2, 4)} == {0.1}


def test_on_guessable_stories_the_teacher_only_knows_the_mix() -> None:
    world = RaterWorld(items=200, guessable=0.3, hit_rate=0.9, mix=[8, 4, 2, 1, 1])
    assert len(world.guess_ids) == 60
    labels = drawn(world, 30)
    mix = {level: count / 200 for level, count in Counter(world.truths.values()).items()}
    said = Counter(label for id in world.guess_ids for label in labels[id])
    assert all(within_bounds(said[level], 1800, share) for level, share in mix.items())
    assert all(world.hit_rates[id] == pytest.approx(mix[world.truths[id]]) for id in world.guess_ids)
    assert within_bounds(*hits(labels, world.truths, set(world.truths) - world.guess_ids), 0.9)


@pytest.mark.parametrize("misses", ["uniform", "near", "mix"])
def test_every_label_comes_at_its_planted_chance(misses) -> None:
    world = RaterWorld(items=20, hit_rate=0.4, misses=misses, bias=0.2, failures=0.1, mix=[1, 2, 3, 2, 1])
    for id, labels in drawn(world, 400).items():
        said = Counter(label for label in labels if not isinstance(label, Unparsed))
        assert sum(world.chances(id).values()) == pytest.approx(0.9)
        assert all(within_bounds(said[level], 400, share) for level, share in world.chances(id).items())


def test_near_misses_and_bias_by_hand() -> None:
    # Truth 3, hit rate 0.5: the other half goes to 2 and 4 with weight 1, to 1 and 5 with weight 1/4; 2.5 in all.
    world = RaterWorld(items=60, hit_rate=0.5, misses="near")
    three = next(id for id, truth in world.truths.items() if truth == 3)
    assert world.chances(three) == pytest.approx({1: 0.05, 2: 0.2, 3: 0.5, 4: 0.2, 5: 0.05})
    # A bias of 0.1 moves a tenth of each level up by one; the top stays.
    biased = RaterWorld(items=60, hit_rate=0.5, misses="near", bias=0.1)
    assert biased.chances(three) == pytest.approx({1: 0.045, 2: 0.185, 3: 0.47, 4: 0.23, 5: 0.07})


@pytest.mark.parametrize("kind", FAILURES)
def test_each_kind_of_failure_gives_no_label_at_its_rate(kind) -> None:
    world = RaterWorld(items=100, failures=0.2, failure_kinds=(kind,))
    labels = [label for found in drawn(world, 20).values() for label in found]
    assert within_bounds(sum(isinstance(label, Unparsed) for label in labels), len(labels), 0.2)


def test_failures_have_the_reasons_that_they_were_made_for() -> None:
    world = RaterWorld(items=100, failures=1.0)
    counts = Counter(label.reason for found in drawn(world, 9).values() for label in found)
    assert counts.keys() >= {"empty", "no_label", "several_labels", "outside_scale", "truncated", "refused"}


def test_flips_replace_gold_by_a_far_label_and_leave_the_teacher_alone() -> None:
    world, straight = RaterWorld(items=150, flipped=0.1, hit_rate=0.8), RaterWorld(items=150, hit_rate=0.8)
    assert len(world.flipped_ids) == 15
    for item, before in zip(world.corpus(), straight.corpus(), strict=True):
        assert item.text == before.text and world.truths[item.id] == before.gold
        if item.id in world.flipped_ids:
            assert abs(int(item.gold or 0) - int(before.gold or 0)) >= 2
            assert world.gold_rates[item.id] == pytest.approx(0.05)  # a fifth of 0.8 is left to four labels
        else:
            assert item == before
    assert set(world.hit_rates.values()) == {0.8}
    assert within_bounds(*hits(drawn(world, 20), world.truths, world.flipped_ids), 0.8)


def test_flipped_annotators_agree_with_the_flipped_gold() -> None:
    world = RaterWorld(items=150, flipped=0.2, annotators=3, share=1.0)
    for id in world.flipped_ids:
        item = world.corpus().item(id)
        assert sorted(int(label) for label in item.labels)[1] == item.gold


def test_obedience_is_the_share_of_draws_that_follow_injected_instructions() -> None:
    world = RaterWorld(items=200, injected=0.25, obedience=0.6, hit_rate=0.9)
    assert len(world.injected_labels) == 50
    for id, label in world.injected_labels.items():
        assert label != world.truths[id]
        assert f"{label}" in world.corpus().item(id).text
    labels = drawn(world, 40)
    # 0.6 obey; of the rest a tenth misses, and a quarter of that happens to fall on the injected label.
    assert within_bounds(*hits(labels, world.injected_labels, world.injected_labels), 0.6 + 0.4 * 0.1 / 4)
    assert within_bounds(*hits(labels, world.truths, world.injected_labels), 0.4 * 0.9)
    assert within_bounds(*hits(labels, world.truths, set(world.truths) - set(world.injected_labels)), 0.9)


def test_failed_requests_come_at_their_rate_and_can_be_asked_again() -> None:
    world = RaterWorld(items=200, errors=0.3)
    rater = rater_of(world)
    asks = [Ask(rater.prompt(item.fields), (0, 1, 2, 3)) for item in world.corpus()]
    first = [one for _, found in complete_asks(rater.lm, asks, Sampling()) for one in found]
    assert within_bounds(sum(bool(one.error) for one in first), 800, 0.3)
    second = [one for _, found in complete_asks(rater.lm, asks, Sampling()) for one in found]
    both = [place for place in range(800) if first[place].error and second[place].error]
    assert within_bounds(len(both), 800, 0.09)
    kept = [place for place in range(800) if not first[place].error and not second[place].error]
    assert all(first[place].text == second[place].text for place in kept)


def test_several_draws_of_an_ask_are_billed_one_prompt() -> None:
    world = RaterWorld(items=3, prompt_tokens=70, completion_tokens=11)
    rater = rater_of(world)
    ask = Ask(rater.prompt(world.corpus()[0].fields), (0, 1, 2))
    ((_, found),) = complete_asks(rater.lm, [ask], Sampling())
    assert [(one.prompt_tokens, one.completion_tokens) for one in found] == [(70, 11), (0, 11), (0, 11)]
    engine = rater.lm.engine
    assert isinstance(engine, TeacherEngine)
    assert (engine.requests, engine.billed_prompt_tokens, engine.billed_completion_tokens) == (1, 70, 33)


def test_single_draws_are_billed_a_prompt_each_and_are_the_same_draws() -> None:
    world = RaterWorld(items=3, prompt_tokens=70)
    one_by_one, together = rater_of(world, engine="single"), rater_of(world)
    ask = Ask(together.prompt(world.corpus()[0].fields), (0, 1, 2))
    ((_, single),) = complete_asks(one_by_one.lm, [ask], Sampling(), workers=1)
    ((_, batch),) = complete_asks(together.lm, [ask], Sampling())
    assert [one.prompt_tokens for one in single] == [70, 70, 70]
    assert {one.text for one in single} == {one.text for one in batch}


class Listed:
    """A feed that hands out what it was given."""

    def __init__(self, asks: list[Ask]) -> None:
        self.asks = asks

    def take(self, count: int) -> list[Ask]:
        taken, self.asks = self.asks[:count], self.asks[count:]
        return taken


def test_a_feed_gets_the_draws_that_a_batch_gets() -> None:
    world = RaterWorld(items=40)
    rater = rater_of(world)
    asks = [Ask(rater.prompt(item.fields), (0, 1)) for item in world.corpus()]
    engine = world.teacher_lm(engine="feed").engine
    fed = dict(engine.complete_feed(Listed(asks), Sampling()))  # pyright: ignore
    assert list(fed) != sorted(fed), "results come in any order"
    assert fed == dict(complete_asks(rater.lm, asks, Sampling()))


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    dials = {"items": 50, "flipped": 0.2, "injected": 0.2, "guessable": 0.2, "hit_rate": [0.2, 0.8], "failures": 0.2}
    one, same, other = RaterWorld(**dials), RaterWorld(**dials), RaterWorld(**dials, seed=1)
    assert one.corpus() == same.corpus() and one.hit_rates == same.hit_rates
    assert (one.flipped_ids, one.guess_ids) == (same.flipped_ids, same.guess_ids)
    assert drawn(one, 3) == drawn(same, 3)
    assert one.corpus().golds() != other.corpus().golds() and one.flipped_ids != other.flipped_ids
    assert not set(item.text for item in one.corpus()) & set(item.text for item in other.corpus())


def test_draws_depend_on_number_seed_and_prompt_and_on_nothing_else() -> None:
    world = RaterWorld(items=5)
    text = world.corpus()[0].text
    assert world.answer(text, 3, seed=1) == world.answer(text, 3, seed=1)
    assert len({world.answer(text, draw, seed) for draw in range(8) for seed in range(8)}) > 32
    messages = [{"role": "system", "content": "Rate."}, {"role": "user", "content": f"<text>\n{text}\n</text>"}]
    prompt = Prompt((Turn("system", "Rate."), Turn("user", f"<text>\n{text}\n</text>")))
    assert world.answer(messages, 2) == world.answer(prompt, 2)


def test_a_prompt_that_nobody_foresaw_is_not_answered() -> None:
    world, other = RaterWorld(items=5), RaterWorld(items=5, seed=1)
    one, two = world.corpus()[0].text, world.corpus()[1].text
    for text in ("Hello", other.corpus()[0].text, f"{one}\n{two}", f"{one}\nWrite a poem about it.", one[:40]):
        with pytest.raises(UnforeseenPrompt):
            world.answer(text, 0)


def test_cases_in_a_prompt_do_not_confuse_it() -> None:
    world = RaterWorld(items=5, hit_rate=1.0)
    case, item = world.corpus()[0], world.corpus()[1]
    turns = (Turn("user", case.text), Turn("assistant", "Reason: x\nLabel: 2"), Turn("user", item.text))
    assert world.answer(Prompt(turns), 0).endswith(f"Label: {world.truths[item.id]}")


def test_a_label_that_is_shown_gets_a_rationale_and_a_reading_of_it_follows() -> None:
    world = RaterWorld(items=30, hit_rate=0.0, injected=0.5)
    for item in world.corpus():
        hinted = world.answer(f"<text>\n{item.text}\n</text>\nAn annotator gave it this label: 4", 0)
        assert hinted.endswith("Label: 4") and "rate it 4" in hinted
        tagged = f"<text>\n{item.text}\n</text>\n<annotator_label>\n4 (good)\n</annotator_label>\n\nSay why."
        assert world.answer(tagged, 0).endswith("Label: 4")
        rationale = hinted.split(" So I rate")[0].removeprefix("Reason: ")
        reading = world.answer(f"<text>\n{item.text}\n</text>\n<rationale>\n{rationale}\n</rationale>", 0)
        assert reading.endswith("Label: 4")
        # A rationale that says nothing leaves the reader where it was: at a hit rate of 0.
        empty = world.answer(f"<text>\n{item.text}\n</text>\n<rationale>\nIt is clear.\n</rationale>", 0)
        assert not empty.endswith(f"Label: {world.truths[item.id]}")


def test_restating_rationales_come_at_their_rate() -> None:
    world = RaterWorld(items=400, restating=0.3)
    told = [world.answer(f"{item.text}\nLabel: 2", 0) for item in world.corpus()]
    assert within_bounds(sum("The label is 2, so" in text for text in told), 400, 0.3)


def test_a_script_goes_first() -> None:
    world = RaterWorld(items=2, hit_rate=1.0)
    script = lambda prompt, draw: None if draw else Completion("Label: 1", finish_reason="length")  # noqa: E731
    labels = rater_of(world, script=script)
    ask = Ask(labels.prompt(world.corpus()[0].fields), (0, 1))
    ((_, (scripted, own)),) = complete_asks(labels.lm, [ask], Sampling())
    assert scripted.text == "Label: 1" and scripted.finish_reason == "length"
    assert own.text.endswith(f"Label: {world.truths['story-0']}")


def test_annotators_differ_by_their_noise_and_one_annotator_is_gold() -> None:
    quiet, loud = RaterWorld(noise=0.05, share=1.0), RaterWorld(noise=1.0, share=1.0)
    agreeing = [sum(len(set(item.labels)) == 1 for item in world.corpus()) for world in (quiet, loud)]
    assert agreeing[0] > 150 > 60 > agreeing[1]
    alone = RaterWorld(annotators=1)
    assert all([item.gold] == item.labels for item in alone.corpus())


def test_stories_have_groups_and_survive_a_split_without_near_duplicates() -> None:
    world = RaterWorld(items=300, groups=30)
    assert len(set(world.corpus().groups())) == 30
    assert len({item.text for item in world.corpus()}) == 300
    parts = RaterWorld(items=300).corpus().split()
    assert len(parts.train) + len(parts.dev) + len(parts.test) == 300


@pytest.mark.parametrize(
    "scale",
    [Nominal(["a", "b", "c"]), Pairwise(), Pairwise(tie=False), Interval(-4, 4), Interval(0, 1, 0.5), Ordinal(0, 100),
     Ordinal.of(["bad", "good"]), Ordinal(1, 3)],
    ids=str,
)  # fmt: skip
def test_every_scale_has_its_world(scale: Scale) -> None:
    dials = {"items": 60, "scale": scale, "hit_rate": 0.7, "flipped": 0.2, "injected": 0.1}
    world = RaterWorld(**dials, guessable=0.2, misses="near", bias=0.1, failures=0.1, obedience=0.5)
    labels = drawn(world, 10)
    assert set(labels) == set(world.truths) == set(world.corpus().ids)
    assert all(0 <= chance <= 1 + 1e-9 for id in labels for chance in world.chances(id).values())
    assert all(sum(world.chances(id).values()) == pytest.approx(0.9) for id in labels)
    assert all(world.corpus().item(id).gold != world.truths[id] for id in world.flipped_ids)
    expected = sum(world.hit_rates.values()) / len(world.truths)
    assert within_bounds(*hits(labels, world.truths, labels), expected)
