"""The rater of pairs: both orders are asked, nothing but the two texts is exchanged, and what differs is data."""

import asyncio
import re
from typing import Any

import dspy
import pytest

from accord.data import Corpus, InputError, Item, Journal, Nominal, Pairwise, SetupError, position_bias
from accord.programs import (
    Candidate,
    Case,
    Completion,
    Guideline,
    PairRater,
    Rater,
    Ratings,
    Scoring,
    open_rater,
    scripted_lm,
)

FIELDS = ("question", "answer_a", "answer_b")
CASES = (
    Case({"question": "Case?", "answer_a": "left case", "answer_b": "right case"}, "Case words.", "A"),
    Case({"question": "More?", "answer_a": "one case", "answer_b": "two case"}, "More words.", "tie"),
)
GUIDELINE = Guideline("Which is better, answer_a or answer_b? A is the first, B the second.", cases=CASES)


def _texts(prompt):
    """The texts of both answers, as they are shown."""
    content = prompt.turns[-1].content
    return tuple(re.findall(rf"<{name}>\n(.*)\n</{name}>", content)[0] for name in FIELDS[1:])


def _say(label):
    return f"Reason: {label} it is.\nLabel: {label}"


def _by_worth(prompt, draw):
    """A rater that reads what an answer is worth, and says tie between equals."""
    a, b = (int(text.split()[-1]) for text in _texts(prompt))
    return _say("tie" if a == b else "A" if a > b else "B")


def _rater(script=_by_worth, scale=None, guideline=GUIDELINE, **options):
    options = {"lm": scripted_lm(script), **options}
    return Rater(Pairwise() if scale is None else scale, guideline, fields=FIELDS, **options)


def _pairs(worths, golds=None):
    items = [
        Item(
            f"p{number}",
            dict(zip(FIELDS, (f"q {number}", f"worth {a}", f"worth {b}"), strict=True)),
            gold=None if golds is None else golds[number],
            group=f"g{number // 2}",
        )
        for number, (a, b) in enumerate(worths)
    ]
    return Corpus(items, Pairwise(), FIELDS)


def test_what_both_orders_say_counts():
    found = PairRater(_rater()).rate(_pairs([(1, 2), (2, 1), (3, 3)]))
    assert isinstance(found, Ratings)
    assert found.labels == ["B", "A", "tie"]
    assert found.given.labels == ["B", "A", "tie"] and found.swapped.labels == ["A", "B", "tie"]
    assert found.flipped == [False] * 3
    assert [rating.rationale for rating in found] == ["B it is.", "A it is.", "tie it is."]
    assert found.prompt_tokens == found.given.prompt_tokens + found.swapped.prompt_tokens > 0
    assert [rating.item_id for rating in found] == ["p0", "p1", "p2"] and not found.unparsed


def test_a_rater_that_always_names_the_first_comes_to_ties_and_is_found_out():
    pairs = _pairs([(1, 2), (2, 1)] * 10, ["B", "A"] * 10)
    rater = PairRater(_rater(lambda prompt, draw: _say("A")))
    found = rater.rate(pairs)
    assert found.labels == ["tie"] * 20 and found.flipped == [True] * 20
    assert found[0].rationale == "As given: A it is.\nWith the two exchanged: A it is."
    bias = position_bias(found.given.labels, found.swapped.labels, gold=pairs.golds(), groups=pairs.groups())
    assert bias.shown and bias.measures["right in both orders"].value == 0
    assert rater.agreement(pairs).metrics["accuracy"].value == 0
    given = PairRater(_rater(lambda prompt, draw: _say("A")), disagree="given").rate(pairs)
    assert given.labels == ["A"] * 20
    none = PairRater(_rater(lambda prompt, draw: _say("A"), Pairwise(tie=False), Guideline("Which?"))).rate(pairs)
    assert none.labels == [None] * 20 and dict(none.unparsed) == {"orders_disagree": 20}


def test_nothing_but_the_two_texts_is_exchanged():
    asked = []

    def script(prompt, draw):
        asked.append(prompt)
        return _by_worth(prompt, draw)

    # The answers speak of their own places and of the fields' names: texts are texts.
    texts = {"question": "answer_a or answer_b?", "answer_a": "A answer_b first 1", "answer_b": "B answer_a second 2"}
    rater = _rater(script)
    PairRater(rater).rate(Corpus([Item("x", texts)], Pairwise(), FIELDS))
    given, swapped = asked
    assert given.turns[:-1] == swapped.turns[:-1], "guideline and worked cases stand as they are"
    assert given.bytes == rater.prompt(texts).bytes
    assert len(given.turns) == 2 + 2 * len(CASES)
    assert "left case" in given.turns[1].content
    assert _texts(given) == (texts["answer_a"], texts["answer_b"])
    assert _texts(swapped) == (texts["answer_b"], texts["answer_a"])
    assert "answer_a or answer_b?" in swapped.turns[-1].content


@pytest.mark.parametrize("place", [0, 1])
def test_an_order_without_a_verdict_leaves_the_pair_without_one(place):
    def script(prompt, draw):
        worths = [int(text.split()[-1]) for text in _texts(prompt)]
        if worths[place] == 7:
            return "Hard to tell."
        return Completion("", error="the server is gone") if worths[place] == 8 else _by_worth(prompt, draw)

    found = PairRater(_rater(script)).rate(_pairs([(7, 1), (8, 1), (2, 1)]))
    assert found.labels == [None, None, "A"]
    assert dict(found.unparsed) == {"no_label": 1, "error": 1}
    assert found[1].error == "the server is gone"
    orders = (found.given, found.swapped)
    assert dict(orders[place].unparsed) == {"no_label": 1, "error": 1} and not orders[1 - place].unparsed
    assert found.flipped == [None, None, False]
    agreed = PairRater(_rater(script)).agreement(_pairs([(7, 1), (8, 1), (2, 1)], ["A", "A", "A"]), fill="B")
    assert (agreed.unparsed, agreed.metrics["accuracy"].value) == (2, pytest.approx(1 / 3))


def test_a_journal_remembers_both_orders_and_progress_counts_them(tmp_path):
    lm = scripted_lm(_by_worth)
    engine: Any = lm.engine
    pairs, rater = _pairs([(1, 2), (2, 1), (3, 3)]), _rater(lm=lm)
    seen = []
    with Journal(tmp_path / "ratings.sqlite") as journal:
        first = PairRater(rater).rate(pairs, journal=journal, progress=lambda *told: seen.append(told))
        asked = len(engine.asked)
        again = PairRater(rater).rate(pairs, journal=journal)
    # The pair of equals is the same request in both orders.
    assert asked == 5 == len(engine.asked)
    assert again.labels == first.labels and again.prompt_tokens == 0
    assert seen[-1] == (6, 6, "exchanged") and (3, 6, "as given") in seen


def test_probabilities_are_the_mean_of_both_orders_turned_back():
    def script(prompt, draw):
        # Of 4 draws the first place gets 3, whatever stands there, but for the pair with a 9: there it gets all of
        # them when the 9 is first, and half when it is second.
        first, second = _texts(prompt)
        if first.endswith("9"):
            return _say("A")
        if second.endswith("9"):
            return _say("A" if draw < 2 else "B")
        return _say("A" if draw < 3 else "B")

    rater = _rater(script, scoring=Scoring("likeliest", samples=4))
    pairs = _pairs([(1, 2), (9, 1), (1, 9)])
    by_verdict = PairRater(rater).rate(pairs)
    assert by_verdict[0].distribution == {"A": pytest.approx(0.5), "B": pytest.approx(0.5)}
    assert by_verdict[1].distribution == {"A": pytest.approx(0.75), "B": pytest.approx(0.25)}
    assert by_verdict[2].distribution == {"A": pytest.approx(0.25), "B": pytest.approx(0.75)}
    assert by_verdict.given.labels == ["A", "A", "A"] and by_verdict.labels == ["tie", "tie", "tie"]
    assert by_verdict[1].confidence == 0.0, "nobody said tie"
    by_share = PairRater(rater, combine="probabilities").rate(pairs)
    assert by_share.labels == ["tie", "A", "B"]
    assert by_share[1].confidence == pytest.approx(0.75)
    assert by_share.scores == [None] * 3


def test_it_works_in_a_program_and_beside_others():
    class Judge(dspy.Module):
        def __init__(self):
            super().__init__()
            self.pairs = PairRater(_rater())

        def forward(self, better, worse):
            return self.pairs(question="Which?", answer_a=better, answer_b=worse)

    judge = Judge()
    found = judge(better="worth 2", worse="worth 1")
    assert (found.label, found.given, found.swapped, found.unparsed) == ("A", "A", "B", None)
    assert found.rationale == "A it is." and found.distribution is None
    assert len(judge.predictors()) == 1, "optimizers of DSPy reach the rater within"
    fields = dict(zip(FIELDS, ("Which?", "worth 1", "worth 2"), strict=True))
    assert asyncio.run(judge.pairs.acall(**fields)).label == "B"
    silent = PairRater(_rater(lambda prompt, draw: "No idea."))(**fields)
    assert (silent.label, silent.unparsed) == (None, "no_label")
    scored = PairRater(_rater(scoring="likeliest"))(**fields)
    assert scored.label == "B" and scored.distribution == {"B": 1.0}


def test_it_comes_back_from_its_directory(tmp_path):
    pairs = _pairs([(1, 2), (2, 1)], ["B", "A"])
    rater = _rater(lm=None, scoring="likeliest")
    made = PairRater(rater, pair=("answer_b", "answer_a"), disagree="given", combine="probabilities")
    agreed = PairRater(_rater()).agreement(pairs)
    made.save(tmp_path / "pairs", agreement={"test": agreed})
    again = PairRater.load(tmp_path / "pairs", lm=scripted_lm(_by_worth))
    assert (again.pair, again.disagree, again.combine) == (made.pair, "given", "probabilities")
    assert again.rater.prompt(pairs[0].fields).bytes == rater.prompt(pairs[0].fields).bytes
    assert again.rate(pairs).labels == ["B", "A"]
    assert again.measured["test"].own.metrics["accuracy"].value == 1 and not again.rater.measured
    assert isinstance(open_rater(tmp_path / "pairs"), PairRater)
    card = (tmp_path / "pairs" / "CARD.md").read_text(encoding="utf-8")
    assert "PairRater.load(" in card and "asked twice, with `answer_b` and `answer_a` exchanged" in card
    assert "accord serve" not in card
    # Loaded and saved again, nothing is lost; the rater within is a directory of its own.
    PairRater.load(tmp_path / "pairs").save(tmp_path / "twice")
    assert PairRater.load(tmp_path / "twice").measured["test"].own == agreed
    again.rater.save(tmp_path / "within")
    assert Rater.load(tmp_path / "within").scale == Pairwise()


def test_figures_of_one_order_are_not_saved_as_those_of_both(tmp_path):
    rater = _rater(lm=None)
    agreed = _rater().agreement(_pairs([(1, 2), (2, 1)], ["B", "A"]))
    rater.candidates = (Candidate("label", rater, agreed, 2, chosen=True),)
    rater.save(tmp_path / "one")
    assert Rater.load(tmp_path / "one").measured
    PairRater(rater).save(tmp_path / "both")
    assert not PairRater.load(tmp_path / "both").measured


def test_each_kind_of_directory_is_read_by_who_can_use_it(tmp_path):
    _rater(lm=None).save(tmp_path / "plain")
    PairRater(_rater(lm=None)).save(tmp_path / "pairs")
    assert isinstance(open_rater(tmp_path / "plain"), Rater)
    assert PairRater.load(tmp_path / "plain").pair == ("answer_a", "answer_b")
    with pytest.raises(InputError, match="holds a rater of pairs that is asked in both orders") as caught:
        Rater.load(tmp_path / "pairs")
    assert "PairRater.load" in str(caught.value) and "\n" not in str(caught.value)
    Rater(Nominal(["x", "y"])).save(tmp_path / "names")
    with pytest.raises(SetupError, match="the nominal scale has no verdicts on pairs"):
        PairRater.load(tmp_path / "names")
    record = tmp_path / "pairs" / "rater.json"
    record.write_text(record.read_text(encoding="utf-8").replace('"tie"', '"none"', 1), encoding="utf-8")
    with pytest.raises(InputError, match="was changed after it was written"):
        PairRater.load(tmp_path / "pairs")


def test_what_is_no_rater_of_pairs_is_refused_in_one_line():
    with pytest.raises(SetupError, match="the nominal scale has no verdicts on pairs"):
        PairRater(Rater(Nominal(["A", "B"]), fields=FIELDS))
    other = Rater(Pairwise(), fields=("question", "answer", "reply"))
    with pytest.raises(SetupError, match="which two of the fields question, answer, reply are compared cannot be told"):
        PairRater(other)
    assert PairRater(other, pair=("answer", "reply")).pair == ("answer", "reply")
    for pair in (("answer", "text"), ("answer", "answer"), ("answer",)):
        with pytest.raises(SetupError, match="are no two of the fields"):
            PairRater(other, pair=pair)
    with pytest.raises(SetupError, match="the scale has no tie"):
        PairRater(_rater(scale=Pairwise(tie=False), guideline=Guideline("Which?")), disagree="tie")
    with pytest.raises(SetupError, match="unknown disagree='both'"):
        PairRater(_rater(), disagree="both")  # pyright: ignore[reportArgumentType]
    with pytest.raises(SetupError, match="no probabilities of verdicts"):
        PairRater(_rater(), combine="probabilities")
    with pytest.raises(SetupError, match="unknown combine='mean'"):
        PairRater(_rater(), combine="mean")  # pyright: ignore[reportArgumentType]
    with pytest.raises(SetupError, match="the corpus has no field 'question'"):
        PairRater(_rater()).rate(Corpus([Item("x", {"text": "t"})], Pairwise(), ("text",)))


def test_a_pair_with_one_text_only_is_refused():
    with pytest.raises(InputError, match="the item has no field 'answer_b'"):
        asyncio.run(PairRater(_rater()).acall(question="Which?", answer_a="worth 1"))


def test_an_empty_corpus_has_empty_ratings():
    found = PairRater(_rater()).rate(Corpus([], Pairwise(), FIELDS))
    assert (len(found), found.labels, found.flipped) == (0, [], [])
