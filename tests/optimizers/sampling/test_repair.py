"""Labels forced out of replies that have none, with an engine whose distribution is known."""

import math
from collections import Counter
from collections.abc import Sequence

import dspy
import pytest

from accord.data import Corpus, Draw, Interval, Ordinal, Scale, SetupError
from accord.optimizers import Exhaust, RejectionSampling, Repair
from accord.programs import Completion, Prompt, Rater, Sampling, ScriptedEngine, draw_of, scripted_lm

DEFAULT = Repair()
SCALE = Ordinal(1, 3)


class KnownEngine(ScriptedEngine):
    """Gives the levels fixed probabilities and remembers the replies it was asked about."""

    def __init__(self, shares: Sequence[float]) -> None:
        super().__init__(lambda prompt, draw: "")
        self.shares = shares
        self.seen: list[list[str]] = []

    def level_log_probabilities(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> list[list[float]]:
        self.seen.append(list(replies))
        # A constant may be missing: only differences count.
        return [[math.log(share) - 40 if share else -math.inf for share in self.shares] for _ in prompts]


def known(*shares: float, scale: Scale = SCALE) -> tuple[Rater, KnownEngine]:
    engine = KnownEngine(shares)
    return Rater(scale, lm=dspy.LM("scripted/known", engine=engine, cache=False)), engine


def repaired(rater: Rater, completion: Completion, index: int = 0, policy: Repair = DEFAULT, seed: int = 0) -> Draw:
    def read(item_id: str, prompt: Prompt, number: int, reply: Completion) -> Draw:
        return draw_of(rater, item_id, prompt.sha256, number, reply)

    reader = policy.reader(rater, Sampling(seed=seed), read)
    return reader("item", rater.prompt({"text": "A stay."}), index, completion)


FORGOTTEN = Completion("Reason: the guest was cold and nobody came")


@pytest.mark.parametrize(
    "completion",
    [
        FORGOTTEN,
        Completion("Reason: the guest was cold and nobody came\nLabel:"),
        Completion("Reason: the guest was cold and nobody came\n**Label**: "),
        Completion("Reason: the guest was cold and nobody came", finish_reason="length"),
    ],
)
def test_a_reply_with_reasoning_and_no_label_gets_one_and_says_so(completion: Completion) -> None:
    rater, engine = known(0, 1, 0)
    draw = repaired(rater, completion)
    assert (draw.label, draw.repaired, draw.reason) == (2, True, "")
    assert draw.rationale == "the guest was cold and nobody came"
    assert draw.text == completion.text
    begun = "Reason: the guest was cold and nobody came"
    assert engine.seen == [[f"{begun}\nLabel: 1", f"{begun}\nLabel: 2", f"{begun}\nLabel: 3"]]


def test_labels_come_as_often_as_the_model_says_and_again_the_same_for_the_same_seed() -> None:
    rater, _ = known(0.2, 0.7, 0.1)
    drawn = [repaired(rater, FORGOTTEN, index).label for index in range(400)]
    assert drawn == [repaired(rater, FORGOTTEN, index).label for index in range(400)]
    assert drawn != [repaired(rater, FORGOTTEN, index, seed=1).label for index in range(400)]
    counts = Counter(drawn)
    # Binomial with n = 400: standard deviations of 8, 9.2 and 6.
    assert abs(counts[1] - 80) < 32 and abs(counts[2] - 280) < 37 and abs(counts[3] - 40) < 24


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        (Completion("Reason: fine\nLabel: 3"), ""),
        (Completion(""), "empty"),
        (Completion("", finish_reason="length"), "truncated"),
        (Completion("Label: 1\nLabel: 2"), "several_labels"),
        (Completion("Reason: far out\nLabel: 9"), "outside_scale"),
        (Completion("I'm sorry, I cannot rate this text for you at all."), "refused"),
    ],
)
def test_every_other_reply_stays_as_it_is(completion: Completion, reason: str) -> None:
    rater, engine = known(0, 1, 0)
    draw = repaired(rater, completion)
    assert (draw.reason, draw.repaired) == (reason, False)
    assert engine.seen == []


def test_which_reasons_are_repaired_is_a_choice() -> None:
    rater, _ = known(0, 1, 0)
    assert not repaired(rater, FORGOTTEN, policy=Repair(reasons=("truncated",))).repaired


def test_a_distribution_without_a_finite_score_repairs_nothing() -> None:
    rater, _ = known(0, 0, 0)
    draw = repaired(rater, FORGOTTEN)
    assert (draw.label, draw.repaired, draw.reason) == (None, False, "no_label")


def test_a_model_without_probabilities_or_a_scale_without_levels_is_a_wrong_set_up() -> None:
    with pytest.raises(SetupError, match="Repair.*probabilities"):
        repaired(Rater(SCALE, lm=scripted_lm(lambda prompt, draw: "")), FORGOTTEN)
    endless, _ = known(scale=Interval(0, 1))
    with pytest.raises(SetupError, match="Repair.*levels"):
        repaired(endless, FORGOTTEN)


def test_repaired_draws_are_counted_apart_and_explain_nothing() -> None:
    rater, engine = known(0, 1, 0)
    engine.script = lambda prompt, draw: "Reason: the guest was cold and nobody came" + ("\nLabel: 2" if draw else "")
    records = [{"text": f"stay {number}", "label": number % 3 + 1} for number in range(9)]
    items = Corpus.from_records(records, fields=["text"], label="label", scale=SCALE)
    sampler = RejectionSampling(2, stop=Exhaust(), repair=Repair())
    traces = sampler.infer(rater, trainset=items.examples())
    found = traces.utilization()
    # Of each item's two draws the first forgets its label and is given a 2, the second says 2 itself.
    assert (found.draws, found.repaired, found.repaired_hits, found.accepted) == (18, 9, 3, 3)
    assert all(item.hits == (item.gold == 2) for item in traces.items)
    plain = Rater(SCALE, lm=scripted_lm(lambda prompt, draw: "Label: 2"))
    with pytest.raises(SetupError, match="no probabilities"):
        sampler.infer(plain, trainset=items.examples())
