"""What counts as a mention of a rating, and what is left when all mentions are gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.data import Nominal, Ordinal, Scale
from accord.optimizers.rationales.strip_ratings import RatingMentions
from accord.optimizers.rationales.substance import says_something
from worlds.rating_talk import GRADES, HONEST, PAIR, PERCENT, RESTATEMENTS, STARS, TOXIC, VALENCE

MIXED = [
    (
        "The tone is warm and the author thanks the staff, so I rate it 4.",
        "The tone is warm and the author thanks the staff.",
    ),
    ("I rate this 4 because the room was clean and quiet.", "The room was clean and quiet."),
    ("The food was cold (2/5) and nobody apologised for it.", "The food was cold. Nobody apologised for it."),
    ("The plot drags. Label: 2\nThe end is rushed.", "The plot drags.\nThe end is rushed."),
    (
        "The author complains about noise; the annotator gave it a 2, since nothing else is praised.",
        "The author complains about noise. Nothing else is praised.",
    ),
    ("1. The staff were kind.\n2. Rating: 5\n3. The bed was soft.", "1. The staff were kind.\n3. The bed was soft."),
    ("The room had 3 beds, which is worth a 3.", "The room had 3 beds."),
    (
        "The praise is warm but the delay is noted, which places it in the upper-middle of the scale.",
        "The praise is warm but the delay is noted.",
    ),
    (
        "He calls the waiter 'a gem' (5 stars for him), but the wait was long.",
        "He calls the waiter 'a gem'. The wait was long.",
    ),
    ("Since the guest was heard, it falls just short of the top rating.", "The guest was heard."),
]

_FINDERS = {scale: RatingMentions(scale) for scale in {*RESTATEMENTS, *HONEST}}


def _pairs(table: dict[Scale, list[str]]) -> list[tuple[Scale, str]]:
    return [(scale, text) for scale, texts in table.items() for text in texts]


@pytest.mark.parametrize(("scale", "text"), _pairs(RESTATEMENTS))
def test_a_text_that_only_restates_the_label_says_nothing_once_stripped(scale: Scale, text: str) -> None:
    assert not says_something(_FINDERS[scale].remove(text).text)


@pytest.mark.parametrize(("scale", "text"), _pairs(HONEST))
def test_a_text_without_rating_talk_is_unchanged(scale: Scale, text: str) -> None:
    found = _FINDERS[scale].remove(text)
    assert found.text == text
    assert found.mentions == 0


@pytest.mark.parametrize(("text", "left"), MIXED)
def test_the_clause_with_the_mention_goes_and_the_reasoning_stays(text: str, left: str) -> None:
    found = _FINDERS[STARS].remove(text)
    assert found.text == left
    assert found.mentions == 1


def test_anchors_go_word_by_word_and_whatever_their_case() -> None:
    scale = Ordinal(1, 3, anchors={1: "no evidence at all", 3: "fully supported"})
    text = "The claim has No  Evidence at all. The source is a blog. It is fully-supported by a study."
    assert RatingMentions(scale).remove(text).text == "The source is a blog."


def test_a_number_counts_only_within_the_scale() -> None:
    assert RatingMentions(Ordinal(0, 1)).remove("The lamp is a 4 in the catalogue.").mentions == 0
    assert RatingMentions(Ordinal(1, 5)).remove("The lamp is a 4 in the catalogue.").mentions == 1


def test_a_level_called_by_signs_alone_is_no_pattern_for_everything() -> None:
    scale = Nominal(["--", "+"])
    assert RatingMentions(scale).remove("Nothing here speaks of it.").text == "Nothing here speaks of it."
    assert RatingMentions(scale).remove("It is rated --.").mentions == 1


@given(st.text(max_size=300))
def test_any_text_can_be_stripped_and_stripping_twice_changes_nothing_more(text: str) -> None:
    for finder in (_FINDERS[STARS], _FINDERS[GRADES], _FINDERS[PAIR]):
        once = finder.remove(text)
        assert finder.remove(once.text) == (once.text, 0)
        if once.mentions == 0:
            assert once.text == text


@given(data=st.data(), scale=st.sampled_from([STARS, TOXIC, GRADES, PAIR, VALENCE, PERCENT]))
def test_among_honest_sentences_the_restatements_go_and_nothing_else(data: st.DataObject, scale: Scale) -> None:
    honest = st.sampled_from([text.strip() for text in HONEST[scale] if "\n" not in text])
    kept = data.draw(st.lists(honest, min_size=1, max_size=4, unique=True))
    pieces = list(kept)
    for planted in data.draw(st.lists(st.sampled_from(RESTATEMENTS[scale][:10]), max_size=3)):
        pieces.insert(data.draw(st.integers(0, len(pieces))), planted)
    finder = _FINDERS[scale]
    # One to a line: a restatement may lack the full stop that would keep it from running into its neighbour.
    left = finder.remove("\n".join(pieces)).text
    assert finder.remove(left).mentions == 0
    assert [line for line in left.split("\n") if says_something(line)] == [
        line for line in kept if says_something(line)
    ]


@given(label=st.integers(1, 5), words=st.booleans(), frame=st.integers(0, 9))
def test_no_number_of_the_scale_survives_where_it_stands_as_a_rating(label: int, words: bool, frame: int) -> None:
    written = "one two three four five".split()[label - 1] if words else str(label)
    frames = (
        "I rate this {}.",
        "The score is {} out of five.",
        "It deserves a {} for its calm tone.",
        "Label: {}",
        "My final rating would be **{}**.",
        'I would settle on "{}" here.',
        "A rating of {} fits.",
        "Hence {}.",
        "It should be scored {}, not higher.",
        "The guideline calls for level {} in such cases.",
    )
    left = _FINDERS[STARS].remove(frames[frame].format(written)).text
    assert written not in left.split()
    assert _FINDERS[STARS].remove(left).mentions == 0


@pytest.mark.parametrize(
    "junk", ["a ", "rate it ", "4 ", "(", '"', "*", "one of ", "A ", ", so", " ", "\n", "1. ", "☆"]
)
def test_long_junk_is_stripped_in_time(junk: str, benchmark_seconds) -> None:
    text = junk * (20_000 // len(junk))
    # About 0.2 s; what backtracks takes minutes.
    assert benchmark_seconds(lambda: _FINDERS[PAIR].remove(text)) < 10
