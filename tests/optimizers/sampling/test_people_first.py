"""What people picked or wrote goes before what a rule would choose, and is told apart from it."""

import pytest

from accord.data import SetupError
from accord.optimizers import Earliest, Exhaust, Hints, PeopleFirst, RejectionSampling, Traces, preferences, trace_id
from accord.programs import Rater
from worlds.rater_world import RaterWorld

WORLD = RaterWorld(items=40, hit_rate=[0.1, 0.6, 0.9], guessable=0.3, failures=0.1)


def drawn(**options) -> Traces:
    corpus = WORLD.corpus()
    rater = Rater(corpus.scale, fields=corpus.fields, lm=WORLD.teacher_lm(engine="batch"))
    return RejectionSampling(8, stop=Exhaust(), **options).infer(rater, trainset=corpus.examples())


def test_a_picked_trace_stands_and_weighs_one() -> None:
    before = drawn(select=Earliest())
    item = next(item for item in before.items if len(item.accepted) > 2 and item.confidence < 0.999)
    last = item.draws[item.accepted[-1]]
    assert item.chosen == item.accepted[0]
    picks = {item.item_id: {trace_id(item.item_id, last.rationale): 2, "0" * 16: 5}}
    after = drawn(select=PeopleFirst(picks, then=Earliest()))
    trace = next(trace for trace in after if trace["item_id"] == item.item_id)
    assert (trace["rationale"], trace["weight"], trace["kind"]) == (last.rationale, 1.0, "blind")
    assert trace["provenance"]["recognised"] == 2 and trace["provenance"]["index"] == last.index
    others = [trace for trace in after if trace["item_id"] != item.item_id]
    assert [dict(trace) for trace in others] == [dict(one) for one in before if one["item_id"] != item.item_id]


def test_most_people_decide_and_among_equals_the_other_rule_does() -> None:
    item = next(item for item in drawn().items if len(item.accepted) > 3)
    ids = [trace_id(item.item_id, item.draws[place].rationale) for place in item.accepted]
    for votes, place in ((dict.fromkeys(ids[1:3], 2) | {ids[0]: 1}, 1), ({ids[0]: 1, ids[3]: 3}, 3)):
        rule = PeopleFirst({item.item_id: votes}, then=Earliest())
        assert rule.standing(item).chosen == item.accepted[place]


def test_a_pick_rescues_an_item_that_luck_explains_as_well() -> None:
    class Never(Exhaust):
        def explains(self, standing):
            return False

    corpus = WORLD.corpus()
    rater = Rater(corpus.scale, fields=corpus.fields, lm=WORLD.teacher_lm(engine="batch"))

    def run(select=None) -> Traces:
        return RejectionSampling(8, stop=Never(), select=select).infer(rater, trainset=corpus.examples())

    assert len(run()) == 0
    item = next(item for item in run().items if item.accepted)
    id = trace_id(item.item_id, item.draws[item.accepted[0]].rationale)
    (trace,) = run(PeopleFirst({item.item_id: {id: 1}}))
    assert (trace["item_id"], trace["kind"]) == (item.item_id, "blind")


def test_what_people_wrote_is_a_trace_of_its_own_kind_and_no_hint_is_paid_for_it() -> None:
    before = drawn(hint=Hints(samples=2), filters=())
    hinted = [item.item_id for item in before.items if item.outcome == "hinted"]
    assert len(hinted) > 2
    written = {id: [f"I weighed what {id} says."] for id in hinted[:2]}
    after = drawn(hint=Hints(samples=2), filters=(), select=PeopleFirst(written=written, weight=0.7))
    own = {trace["item_id"]: trace for trace in after if trace["kind"] == "human"}
    assert set(own) == set(written) and after.outcomes["human"] == len(written)
    for id, trace in own.items():
        item = next(item for item in after.items if item.item_id == id)
        assert (trace["rationale"], trace["weight"], trace["label"]) == (written[id][0], 0.7, item.gold)
        assert trace["provenance"] == {"model": "human"} and item.hinted is None
    assert preferences(after).lacks["human"] == len(written)


def test_a_pick_of_what_is_gone_changes_nothing_and_a_pick_goes_before_words() -> None:
    item = next(item for item in drawn().items if item.explained)
    assert PeopleFirst({item.item_id: {"f" * 16: 3}}).standing(item) == item
    assert item.chosen is not None
    id = trace_id(item.item_id, item.draws[item.chosen].rationale)
    both = PeopleFirst({item.item_id: {id: 1}}, {item.item_id: ["mine"]}).standing(item)
    assert (both.outcome, both.written, both.recognised) == ("blind", "", 1)
    with pytest.raises(SetupError, match="weight=0"):
        PeopleFirst(weight=0)
