"""Scores between the levels: by hand from distributions, from levels' probabilities, and from several replies."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import dspy
import pytest

from accord.data import (
    Corpus,
    InputError,
    Interval,
    Item,
    Journal,
    Label,
    Nominal,
    Ordinal,
    Pairwise,
    Scale,
    SetupError,
)
from accord.programs import (
    Completion,
    Prompt,
    Rater,
    Scoring,
    ScriptedEngine,
    level_choice,
    score,
    scripted_lm,
)

FIVE = Ordinal(1, 5)
TASTE = Ordinal.of(["bad", "ok", "very good"])


def test_expected_and_median_by_hand():
    given: dict[Label, float] = {1: 0.1, 2: 0.2, 3: 0.1, 4: 0.2, 5: 0.4}
    # 0.1 + 0.4 + 0.3 + 0.8 + 2.0 = 3.6, nearest to 4; the sums are 0.1, 0.3, 0.4, 0.6: the half is reached at 4.
    made = score(given, "expected", FIVE)
    assert made.value == pytest.approx(3.6)
    assert made.label == 4
    assert dict(made.distribution) == pytest.approx(given)
    made = score(given, "median", FIVE)
    assert (made.value, made.label) == (4.0, 4)
    # A half exactly at 2: the lower median. The weights are counts here, and are brought to sum 1.
    assert score({5: 2, 2: 2}, "median", FIVE).value == 2.0
    assert score({5: 2, 2: 2}, "expected", FIVE).value == 3.5
    assert score({5: 2, 2: 2}, "mean", FIVE).label == 3  # half-way goes to the lower label
    # Ten tenths do not sum to 1 exactly.
    tenths = Interval(1, 10, 1)
    assert score(dict.fromkeys(map(float, range(1, 11)), 0.1), "median", tenths).value == 5.0


def test_named_levels_are_scored_by_rank_and_intervals_by_value():
    made = score({"very good": 0.5, "bad": 0.25, "ok": 0.25}, "expected", TASTE)
    assert (made.value, made.label) == (2.25, "ok")  # 0.5 * 3 + 0.25 * 2 + 0.25 * 1
    assert list(made.distribution) == ["bad", "ok", "very good"]
    made = score({-1.5: 1, 0.5: 3}, "expected", Interval(-4, 4))
    assert (made.value, made.label) == (0.0, 0.0)


def test_what_cannot_be_scored_is_refused():
    for scale in (Nominal(["a", "b"]), Pairwise()):
        with pytest.raises(SetupError, match=r"'expected' needs numbers.*scoring='mode'"):
            Rater(scale, scoring="expected")
        assert Rater(scale).scoring.rule == "mode"
    with pytest.raises(SetupError, match="unknown rule 'best'"):
        Rater(FIVE, scoring="best")  # pyright: ignore[reportArgumentType]
    with pytest.raises(SetupError, match="samples=1"):
        Scoring("mean", samples=1)
    with pytest.raises(SetupError, match="makes no score"):
        score({1: 1.0}, "mode", FIVE)
    with pytest.raises(ValueError, match="no distribution"):
        score({1: 0.0}, "expected", FIVE)


class Letters:
    """A tokenizer whose tokens are letters, or longer pieces that it is told of."""

    def __init__(self, *pieces: str) -> None:
        self.pieces = sorted(pieces, key=len, reverse=True)
        self.eos_token_id = 0
        self.added_tokens_decoder: Mapping[int, object] = {}

    def __call__(self, text: str, add_special_tokens: bool) -> dict[str, list[int]]:
        ids: list[int] = []
        while text:
            piece = next((piece for piece in self.pieces if text.startswith(piece)), text[0])
            ids.append(hash_of(piece))
            text = text[len(piece) :]
        return {"input_ids": ids}


def hash_of(piece: str) -> int:
    """Return a number above that of the end: the piece's bytes."""
    return int.from_bytes(piece.encode(), "big") + 1


def _ids(*pieces: str) -> tuple[int, ...]:
    return tuple(hash_of(piece) for piece in pieces)


def _choice(tokenizer, *levels: str):
    return level_choice(tokenizer, [f"Label: {level}" for level in levels])


def test_levels_are_told_apart_by_as_little_as_it_takes():
    letters = Letters()
    plain = _choice(letters, "1", "2", "3")
    assert plain.start == _ids(*"Label: ")
    assert plain.tails == (_ids("1"), _ids("2"), _ids("3"))
    assert plain.branches == ()
    # 1 is also how 10 begins: only the end of the reply tells it apart.
    ten = _choice(letters, "1", "9", "10")
    assert ten.tails == ((*_ids("1"), 0), _ids("9"), _ids("1", "0"))
    assert ten.branches == (_ids("1"),)
    merged = _choice(Letters("10"), "1", "9", "10")
    assert merged.tails == (_ids("1"), _ids("9"), _ids("10"))
    assert merged.branches == ()
    # Of names no more is read than tells them apart; what all begin with is taken as given.
    named = _choice(letters, "very bad", "very good", "very great")
    assert named.start == _ids(*"Label: very ")
    assert named.tails == (_ids("b"), _ids("g", "o"), _ids("g", "r"))
    nested = _choice(letters, "1", "10", "100")
    assert nested.start == _ids(*"Label: 1")
    assert nested.tails == ((0,), (*_ids("0"), 0), _ids("0", "0"))
    assert nested.branches == (_ids("0"),)


def test_a_tokenizer_that_writes_two_levels_alike_is_refused():
    class Blind:
        eos_token_id = 0
        added_tokens_decoder: Mapping[int, object] = {}

        def __call__(self, text: str, add_special_tokens: bool) -> dict[str, list[int]]:
            return {"input_ids": [7] * len(text)}

    with pytest.raises(SetupError, match=r"cannot tell level 1 of 2 .*name the levels otherwise"):
        _choice(Blind(), "1", "2")


class LevelsEngine(ScriptedEngine):
    """A scripted engine that also knows the probabilities of the levels, and remembers what it is asked for."""

    def __init__(self, script, shares: Mapping[str, Sequence[float] | None]) -> None:
        super().__init__(script)
        self.shares = shares
        self.weighed: list[tuple[str, tuple[str, ...]]] = []

    def choice_log_probabilities(self, prompts: Sequence[Prompt], replies: Sequence[Sequence[str]]):
        found: list[list[float] | None] = []
        for prompt, given in zip(prompts, replies, strict=True):
            text = prompt.turns[-1].content.split("\n")[1]
            self.weighed.append((text, tuple(given)))
            shares = self.shares[text]
            # Any constant may be added to the logarithms of one prompt.
            found.append(None if shares is None else [math.log(share) - 7 for share in shares])
        return found


def _corpus(*texts: str, scale: Scale = FIVE) -> Corpus:
    return Corpus([Item(text, {"text": text}) for text in texts], scale, ("text",))


def _replies(replies: dict[str, str]):
    return lambda prompt, draw: replies[prompt.turns[-1].content.split("\n")[1]]


def _levels_lm(replies: dict[str, str], shares: Mapping[str, Sequence[float] | None]) -> Any:
    return dspy.LM("scripted/levels", engine=LevelsEngine(_replies(replies), shares), cache=False)


def test_levels_are_weighed_after_the_raters_own_rationale():
    shares = {"a": (0.1, 0.2, 0.1, 0.2, 0.4), "b": (0.6, 0.1, 0.1, 0.1, 0.1)}
    lm = _levels_lm({"a": "Reason: Warm  words.\nLabel: 5", "b": "Reason: Rude.\nLabel: 1"}, shares)
    rater = Rater(FIVE, lm=lm, scoring="expected")
    first, second = rater.rate(_corpus("a", "b"))
    assert (first.label, first.rationale, first.score) == (4, "Warm  words.", pytest.approx(3.6))
    assert first.distribution == pytest.approx({1: 0.1, 2: 0.2, 3: 0.1, 4: 0.2, 5: 0.4})
    assert second.score == pytest.approx(2.0)  # 0.6 + 0.2 + 0.3 + 0.4 + 0.5
    assert lm.engine.weighed[0] == ("a", tuple(f"Reason: Warm words.\nLabel: {level}" for level in range(1, 6)))
    assert rater.rate(_corpus("a")).scores == [pytest.approx(3.6)]
    assert rater.variant(scoring="median").rate(_corpus("a", "b")).labels == [4, 1]
    said = rater(text="a")
    assert (said.label, said.rationale, said.unparsed) == (4, "Warm  words.", None)
    assert (said.score, said.distribution[5]) == (pytest.approx(3.6), pytest.approx(0.4))
    assert rater.variant(scoring="mode").rate(_corpus("a"))[0].score is None


def test_a_reply_without_a_label_is_not_guessed_at():
    lm = _levels_lm({"a": "Reason: Hm.\nLabel: 3-4", "b": "Reason: Ok.\nLabel: 3"}, {"b": None})
    hedged, long = Rater(FIVE, lm=lm, scoring="expected").rate(_corpus("a", "b"))
    assert (hedged.label, hedged.score, hedged.unparsed) == (None, None, "several_labels")
    assert (long.label, long.score, long.unparsed) == (None, None, "error")
    assert "context_length" in long.error


def test_a_rater_that_writes_the_label_alone_writes_nothing_to_be_scored():
    lm = _levels_lm({}, {"a": (0.1, 0.1, 0.1, 0.1, 0.6), "b": (0.2, 0.2, 0.2, 0.2, 0.2)})
    done: list[tuple[int, int]] = []
    rater = Rater(FIVE, lm=lm, order="label", scoring="expected")
    ratings = rater.rate(_corpus("a", "b"), progress=lambda *at: done.append(at[:2]))
    assert lm.engine.asked == []
    assert ratings.scores == pytest.approx([4.0, 3.0])
    assert lm.engine.weighed[0][1] == tuple(f"Label: {level}" for level in range(1, 6))
    assert done == [(2, 2)]
    assert rater(text="a").rationale == ""


def test_a_label_before_its_rationale_is_weighed_where_it_is_written():
    lm = _levels_lm({"a": "Label: 5\nReason: Warm."}, {"a": (0.1, 0.1, 0.1, 0.1, 0.6)})
    (rating,) = Rater(FIVE, lm=lm, order="label_rationale", scoring="expected").rate(_corpus("a"))
    assert (rating.label, rating.rationale, rating.score) == (4, "Warm.", pytest.approx(4.0))
    assert [reply.split("\n")[0] for reply in lm.engine.weighed[0][1]] == [f"Label: {level}" for level in range(1, 6)]


def _votes(*votes: str):
    """Answer draw n with the n-th vote."""
    return lambda prompt, draw: Completion(f"Reason: because of {draw}.\nLabel: {votes[draw]}")


def test_other_models_are_sampled_and_what_the_journal_has_is_not_asked_again(tmp_path):
    # 2, 4, 4 and 5 of four replies, one of them unreadable: the mean of 2, 4 and 5.
    lm: Any = scripted_lm(_votes("2", "4", "3-4", "5", "1"))
    rater = Rater(FIVE, lm=lm, scoring=Scoring("mean", samples=4))
    with Journal(tmp_path / "journal.sqlite") as journal:
        (rating,) = rater.rate(_corpus("a"), journal=journal)
        assert (rating.score, rating.label) == (pytest.approx(11 / 3), 4)
        assert rating.distribution == pytest.approx({2: 1 / 3, 4: 1 / 3, 5: 1 / 3})
        assert rating.rationale == "because of 1."  # of the draw nearest to the score
        assert len(lm.engine.asked) == 4
        assert list(rater.rate(_corpus("a"), journal=journal)) == [rating]
        assert len(lm.engine.asked) == 4
        # One more sample, and another rule over the same draws: 2, 4, 5 and 1, of which 2 reaches the half.
        median = rater.variant(scoring=Scoring("median", samples=5))
        assert median.rate(_corpus("a"), journal=journal).scores == [2.0]
        assert [draw for _, draw in lm.engine.asked] == [0, 1, 2, 3, 4]


def test_no_readable_sample_is_no_rating():
    (rating,) = Rater(FIVE, lm=scripted_lm(_votes(*["3-4"] * 8)), scoring="mean").rate(_corpus("a"))
    assert (rating.label, rating.score, rating.unparsed) == (None, None, "several_labels")
    failing = scripted_lm(lambda prompt, draw: Completion("", error="timeout"))
    (rating,) = Rater(FIVE, lm=failing, scoring="mean").rate(_corpus("a"))
    assert (rating.label, rating.unparsed, rating.error) == (None, "error", "timeout")


def test_an_interval_without_steps_is_sampled_even_where_levels_could_be_weighed():
    engine = LevelsEngine(_votes("0.5", "-0.5", "1.5", "0.5"), {})
    lm = dspy.LM("scripted/levels", engine=engine, cache=False)
    rater = Rater(Interval(-4, 4), lm=lm, scoring=Scoring("expected", samples=4))
    (rating,) = rater.rate(_corpus("a", scale=rater.scale))
    assert (rating.score, rating.label) == (0.5, 0.5)
    assert engine.weighed == []


def test_the_scoring_is_saved_and_an_older_rater_is_read_as_it_was(tmp_path):
    Rater(FIVE, scoring=Scoring("median", samples=5)).save(tmp_path / "rater")
    record = json.loads((tmp_path / "rater" / "rater.json").read_text())
    assert record["scoring"] == {"rule": "median", "samples": 5, "levels": "as written, renormalized"}
    assert Rater.load(tmp_path / "rater").scoring == Scoring("median", samples=5)
    Rater(FIVE).save(tmp_path / "plain")
    assert json.loads((tmp_path / "plain" / "rater.json").read_text())["scoring"] == {"rule": "mode"}
    assert Scoring.from_dict(None) == Scoring("mode")
    with pytest.raises(InputError, match="its scoring cannot be read"):
        Scoring.from_dict({"rule": "vote"})


def test_the_likeliest_label_needs_levels_and_no_numbers():
    taste = Nominal(["sweet", "sour", "salty"])
    made = score({"salty": 2, "sweet": 1, "sour": 1}, "likeliest", taste)
    assert (made.label, made.value) == ("salty", None)
    assert list(made.distribution.items()) == [("sweet", 0.25), ("sour", 0.25), ("salty", 0.5)]
    # Between equals the first that was seen, not the first on the scale.
    assert score({"B": 2, "A": 2}, "likeliest", Pairwise()).label == "B"
    assert score({1: 1, 5: 2}, "likeliest", FIVE).label == 5
    with pytest.raises(SetupError, match="'likeliest' needs levels"):
        Rater(Interval(0, 1), scoring="likeliest")
    assert Rater(Interval(0, 1, 0.5), scoring="likeliest").scoring.rule == "likeliest"


def test_the_likeliest_of_several_replies_has_shares_and_no_score(tmp_path):
    said = ["B", "A", "B", "nothing"]
    lm = scripted_lm(lambda prompt, draw: f"Reason: {draw}.\nLabel: {said[draw]}")
    rater = Rater(Pairwise(), lm=lm, scoring=Scoring("likeliest", samples=4))
    (rating,) = rater.rate(_corpus("t", scale=Pairwise()))
    assert (rating.label, rating.score, rating.rationale) == ("B", None, "0.")
    assert rating.distribution == {"A": pytest.approx(1 / 3), "B": pytest.approx(2 / 3)}
    assert rating.confidence == pytest.approx(2 / 3)
    assert rater(text="t").distribution == rating.distribution
    Rater(Pairwise(), scoring="likeliest").save(tmp_path / "rater")
    assert Rater.load(tmp_path / "rater").scoring == Scoring("likeliest")
    assert "label with the highest probability" in (tmp_path / "rater" / "CARD.md").read_text(encoding="utf-8")


def test_the_likeliest_label_of_a_model_in_this_process_needs_no_reply():
    lm = _levels_lm({}, {"t": (0.2, 0.3, 0.5)})
    rater = Rater(Pairwise(), lm=lm, order="label", scoring="likeliest")
    (rating,) = rater.rate(_corpus("t", scale=Pairwise()))
    assert lm.engine.asked == []
    assert (rating.label, rating.score) == ("tie", None)
    assert rating.distribution == {"A": pytest.approx(0.2), "B": pytest.approx(0.3), "tie": pytest.approx(0.5)}
