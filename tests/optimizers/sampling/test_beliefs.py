"""What draws say of a teacher: chances by hand, and that neither selection nor interruption moves them."""

from collections.abc import Sequence

import pytest

from accord.data import Draw, Interval, Label, Nominal, Ordinal, Pairwise
from accord.optimizers import Exact, Within
from accord.optimizers.sampling.acceptance import Reach
from accord.optimizers.sampling.teacher_beliefs import BelievedDraws, TeacherBeliefs, believe, first_chances

SCALE = Ordinal(1, 5)


def drawn(
    target: Label, *labels: Label | None, unselected: int | None = None, prompts: Sequence[int] = (), size: int = 400
) -> BelievedDraws:
    """Return an item whose draws said these labels; the first of them are its first wave."""
    draws = [
        Draw("item", "0" * 64, index, label, "because", prompt_tokens=paid, completion_tokens=50)
        for index, (label, paid) in enumerate(zip(labels, [*prompts, *([0] * len(labels))], strict=False))
    ]
    return BelievedDraws(target, draws, sum(label == target for label in labels), size, unselected or len(draws))


def beliefs(items: Sequence[BelievedDraws], **options) -> TeacherBeliefs:
    accept = options.pop("accept", Exact())
    scale = options.pop("scale", SCALE)
    chances = first_chances([item.target for item in items] + list(options.pop("beside", ())), scale, accept)
    return believe(items, chances, Reach(chances, scale, accept))


def test_the_chance_of_a_label_is_how_often_other_items_draws_say_it() -> None:
    # Three items draw twice each. Shares of 1: item A (gold 1) 2/2, B (gold 1) 1/2, C (gold 2) 1/2; of 2: 0, 1/2, 1/2.
    found = beliefs([drawn(1, 1, 1), drawn(1, 1, 2), drawn(2, 1, 2)], beside=[3])
    # Gold 1: without one of A and B on average (2/2 + 1/2) / 2 = 3/4, so 2 - 3/4 = 5/4 over 2 items; two draws at 1/5
    # beside that. Gold 2: 1 - 1/2 = 1/2 over A and B. Nobody said 3, and no item has it.
    assert found.chances[1] == pytest.approx((5 / 4 + 2 / 5) / (2 + 2))
    assert found.chances[2] == pytest.approx((1 / 2 + 2 / 5) / (2 + 2))
    assert found.chances[3] == pytest.approx((0 + 2 / 5) / (3 + 2))


def test_draws_that_were_made_because_earlier_ones_missed_do_not_count() -> None:
    early = [drawn(1, 1), drawn(2, 3), drawn(3, 4)]
    late = [drawn(1, 1), drawn(2, 3, 3, 3, 3, unselected=1), drawn(3, 4, 4, 4, 4, unselected=1)]
    assert beliefs(early).chances == beliefs(late).chances


def test_forced_labels_and_labels_without_a_reason_are_no_hits_by_chance_either() -> None:
    plain = drawn(1, 2, None, None)
    draws = [
        plain.draws[0],
        Draw("item", "0" * 64, 1, 2, "because", repaired=True, completion_tokens=50),
        Draw("item", "0" * 64, 2, 2, "", completion_tokens=50),
    ]
    assert beliefs([BelievedDraws(1, draws, 0, 400, 3)], beside=[2]).chances == beliefs([plain], beside=[2]).chances


def test_an_interrupted_wave_that_paid_its_prompt_twice_weighs_no_more() -> None:
    short, long = drawn(1, 1, 1, prompts=[100, 0], size=400), drawn(2, 2, 2, prompts=[900, 0], size=2_000)
    twice = drawn(2, 2, 2, prompts=[900, 900], size=2_000)
    assert beliefs([short, long]).prompt_rate == beliefs([short, twice]).prompt_rate == 1_000 / 2_400
    # Where the first request failed, the next one carries the prompt.
    assert beliefs([short, drawn(2, 2, 2, prompts=[0, 900], size=2_000)]).prompt_rate == 1_000 / 2_400


def test_nothing_drawn_leaves_what_was_believed_before() -> None:
    found = beliefs([drawn(1), drawn(2)])
    assert found.chances == {1: 0.2, 2: 0.2}
    assert (found.prompt_rate, found.completion_tokens) == (0.25, 100.0)
    assert len(set(found.rates.values())) == 1


def test_first_chances_are_shares_of_levels() -> None:
    assert first_chances([1, 3], SCALE, Exact()) == {1: 0.2, 3: 0.2}
    assert first_chances([1, 3], SCALE, Within(1)) == {1: 0.4, 3: 0.6}
    assert first_chances(["a"], Nominal(["a", "b"]), Exact()) == {"a": 0.5}
    assert first_chances(["tie"], Pairwise(), Exact()) == {"tie": pytest.approx(1 / 3)}
    assert first_chances([0.5], Interval(0, 1), Exact()) == {0.5: 0.2}
    # With hundreds of golds and levels nobody compares them all for a guess.
    wide = Interval(0, 5, 0.01)
    assert first_chances(wide.levels or (), wide, Within(1))[1.0] == pytest.approx(1 / 501)


def test_one_item_and_one_label_have_defined_beliefs() -> None:
    # There is no other item, so its chance stays a guess; a teacher that always says the only label there is proves
    # nothing by it.
    assert beliefs([drawn(4, 4, 4, 4)]).chances[4] == pytest.approx(0.2)
    one_label = beliefs([drawn(4, 4, 4)] * 200)
    assert one_label.chances[4] > 0.98
    assert one_label.confidence(4, 16, 16) < 0.95
