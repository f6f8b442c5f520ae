"""Rating a whole corpus: in its order, resumable, with every failure counted and no gold looked at."""

import pytest

from accord.data import Corpus, Journal, Ordinal, SetupError
from accord.programs import Completion, Rater, ScriptedEngine, UnforeseenPrompt, rate, scripted_lm

FIVE = Ordinal(1, 5)
REPLIES = {
    "warm": "Reason: kind words.\nLabel: 5",
    "cold": "Label: 1",
    "mixed": "Label: 2 or 3",
    "long": Completion("Reason: and then", finish_reason="length"),
    "down": Completion("", finish_reason="error", error="Timeout"),
}


def _corpus(texts, **options):
    records = [{"text": text, "label": 3} for text in texts]
    return Corpus.from_records(records, fields=["text"], label="label", scale=FIVE, **options)


def _reply(prompt, draw):
    text = prompt.turns[-1].content.removeprefix("<text>\n").removesuffix("\n</text>")
    if text not in REPLIES:
        raise UnforeseenPrompt(text)
    return REPLIES[text]


def _asked(lm):
    assert isinstance(lm.engine, ScriptedEngine)
    return lm.engine.asked


@pytest.fixture
def lm():
    return scripted_lm(_reply)


def test_ratings_come_in_the_corpus_order(lm):
    corpus = _corpus(["warm", "mixed", "cold", "long", "down"])
    ratings = rate(Rater(FIVE, lm=lm), corpus)
    assert ratings.labels == [5, None, 1, None, None]
    assert [rating.item_id for rating in ratings] == corpus.ids
    assert (ratings[0].rationale, ratings[0].unparsed) == ("kind words.", "")
    assert ratings.unparsed == {"several_labels": 1, "truncated": 1, "error": 1}
    assert len(ratings) == 5 and [rating.label for rating in ratings[1:3]] == [None, 1]
    assert ratings.completion_tokens == 5 + 2 + 4  # words of the scripted strings; Completions carry their own


def test_ratings_do_not_depend_on_gold(lm):
    texts = ["warm", "cold"]
    other = Corpus.from_records(
        [{"text": text, "label": 1} for text in texts], fields=["text"], label="label", scale=FIVE
    )
    without = Corpus.from_records([{"text": text} for text in texts], fields=["text"], label=None, scale=FIVE)
    for corpus in (_corpus(texts), other, without):
        Rater(FIVE, lm=lm).rate(corpus)
    asked = [prompt.bytes for prompt, _ in _asked(lm)]
    assert asked[:2] == asked[2:4] == asked[4:]


def test_a_rerun_asks_nothing_twice_and_failures_again(lm, tmp_path):
    corpus = _corpus(["warm", "mixed", "long", "down"])
    with Journal(tmp_path / "journal.sqlite") as journal:
        first = rate(Rater(FIVE, lm=lm), corpus, journal=journal)
        assert len(_asked(lm)) == 4
        assert len(journal) == 3, "a request that failed is no draw"
    with Journal(tmp_path / "journal.sqlite") as journal:
        again = rate(Rater(FIVE, lm=lm), corpus, journal=journal)
    assert [prompt.turns[-1].content for prompt, _ in _asked(lm)[4:]] == ["<text>\ndown\n</text>"]
    assert again.ratings == first.ratings
    assert (again.prompt_tokens, again.completion_tokens) == (0, 0)


def test_a_killed_run_keeps_what_was_rated(tmp_path):
    def dying(prompt, draw):
        if "cold" in prompt.turns[-1].content:
            raise KeyboardInterrupt
        return _reply(prompt, draw)

    corpus = _corpus(["warm", "cold", "mixed"])
    with Journal(tmp_path / "journal.sqlite") as journal:
        with pytest.raises(KeyboardInterrupt):
            rate(Rater(FIVE, lm=scripted_lm(dying)), corpus, journal=journal)
        lm = scripted_lm(_reply)
        assert rate(Rater(FIVE, lm=lm), corpus, journal=journal).labels == [5, 1, None]
        assert len(_asked(lm)) == 2


def test_another_model_seed_limit_or_guideline_is_another_rating(lm, tmp_path):
    corpus = _corpus(["warm"])
    with Journal(tmp_path / "journal.sqlite") as journal:
        rater = Rater(FIVE, lm=lm)
        rate(rater, corpus, journal=journal)
        rate(rater, corpus, journal=journal, seed=1)
        rate(rater, corpus, journal=journal, max_tokens=64)
        rate(rater.variant(order="label"), corpus, journal=journal)
        other = scripted_lm(_reply, model_id="other")
        rate(rater.variant(lm=other), corpus, journal=journal)
        assert (len(_asked(lm)), len(_asked(other)), len(journal)) == (4, 1, 5)
        assert {source.model for source in journal.sources()} == {"scripted", "other"}
        assert {source.sampling["temperature"] for source in journal.sources()} == {0.0}


def test_items_with_equal_texts_get_ratings_of_their_own(lm, tmp_path):
    records = [{"id": str(number), "text": "warm", "label": 3} for number in range(3)]
    corpus = Corpus.from_records(records, fields=["text"], label="label", id="id", scale=FIVE)
    with Journal(tmp_path / "journal.sqlite") as journal:
        first = rate(Rater(FIVE, lm=lm), corpus, journal=journal)
        again = rate(Rater(FIVE, lm=lm), corpus, journal=journal)
    assert [rating.item_id for rating in first] == [rating.item_id for rating in again] == ["0", "1", "2"]
    assert first.labels == again.labels == [5, 5, 5]


def test_progress_counts_up_and_says_where_a_rerun_begins(lm, tmp_path):
    seen = []

    def progress(done, total, note):
        seen.append((done, total))

    with Journal(tmp_path / "journal.sqlite") as journal:
        rate(Rater(FIVE, lm=lm), _corpus(["warm"]), journal=journal)
        rate(Rater(FIVE, lm=lm), _corpus(["warm", "cold", "mixed"]), journal=journal, progress=progress)
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_an_empty_corpus_has_no_ratings(lm):
    assert rate(Rater(FIVE, lm=lm), _corpus(["warm"]).select([])).labels == []


def test_a_corpus_without_the_raters_fields_is_refused_before_anything_is_asked(lm):
    with pytest.raises(SetupError, match="no field 'answer'"):
        rate(Rater(FIVE, fields=("text", "answer"), lm=lm), _corpus(["warm"]))
    assert _asked(lm) == []


def test_broken_unicode_of_a_model_does_not_stop_the_journal(tmp_path):
    lm = scripted_lm(lambda prompt, draw: Completion('{"label": 4, "reason": "half \\ud83d"}', thinking="\ud83d"))
    with Journal(tmp_path / "journal.sqlite") as journal:
        first = rate(Rater(FIVE, lm=lm), _corpus(["warm"]), journal=journal)
        again = rate(Rater(FIVE, lm=lm), _corpus(["warm"]), journal=journal)
    assert first.labels == again.labels == [4]
    assert again[0].rationale == first[0].rationale
