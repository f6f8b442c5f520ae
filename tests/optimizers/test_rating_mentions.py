"""What counts as a mention of a rating, and what is left when all mentions are gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.data import Interval, Nominal, Ordinal, Pairwise, Scale
from accord.optimizers.rating_mentions import RatingMentions
from accord.optimizers.substance import says_something

STARS = Ordinal(1, 5, anchors={1: "very negative", 5: "very positive"})
TEN = Ordinal(0, 10)
TOXIC = Nominal(["toxic", "not_toxic"])
IRONY = Nominal(["ironic", "not_ironic"])
LETTERS = Nominal(["A", "B", "C"])
TOPICS = Nominal(["sports", "politics", "business news"])
ANSWERS = Nominal(["yes", "no"])
GRADES = Ordinal.of(["bad", "fair", "good", "very good"])
SENTIMENT = Ordinal.of(["negative", "neutral", "positive"])
PAIR = Pairwise()
VALENCE = Interval(-4, 4)
PERCENT = Interval(0, 100)

RESTATEMENTS: dict[Scale, list[str]] = {
    STARS: [
        "I rate this 4 because it deserves a 4 out of 5.",
        "This deserves the second-highest mark.",
        "The label is four.",
        "Four stars out of five, clearly.",
        "4/5.",
        "**4**",
        "So, 4.",
        "It is a solid four, not a five.",
        "This earns full marks under the guideline.",
        "The item fits the top of the scale.",
        "I would go with a 3 here rather than a 2.",
        "One notch below the maximum.",
        "The annotator gave it a 4, so it must be a 4.",
        "According to the guideline this should be labelled level IV.",
        "★★★★☆",
        "4\ufe0f\u20e3",
        "It is worth ④ out of ⑤.",
        "It deserves fo\u200bur.",
        "The correct rating is somewhere between three and five.",
        "It should be scored as high as the scale goes.",
        "Rating: 4. Score: 4. Label: 4.",
        "Based on the rubric, I settled on a score of 4.0.",
        "This text deserves the lowest possible score.",
        "It is very positive.",
        "On a scale from 1 to 5 this is a 4.",
        "I was told the label, and the label fits.",
        "It scores higher than a 3 but lower than a 5.",
        "The number after three is what it deserves.",
        "A low rating is warranted.",
        "It loses two points off the maximum.",
        "My verdict would be 4-ish.",
        "This is the fourth level of five levels.",
        "It deserves nothing more than 4.",
        "Overall I think that 4 is right.",
        "The best fit is 4.",
        "We should give 4.",
        "Label 4 applies.",
        "Probably 4, maybe 5.",
        "Four it is.",
        "4, because the guideline says so.",
        "Thus this belongs with the fours.",
        "It sits near the top end of the scale.",
        "This is a five-star text.",
        "Second-best possible.",
        "Its place is second from the top.",
        "It maxes out the scale.",
        "It cannot receive the maximum.",
        "I'd say it's between 4 and 5.",
        "It is a middle-of-the-road 3.",
        "4/5, claramente.",
        "The rating is, in short, 4.",
        "As the label given indicates, the text meets it.",
        "The guideline clearly supports this choice for the item in every respect.",
    ],
    TEN: [
        "An eight out of ten.",
        "This is an 8/10.",
        "I'd put it at 8.",
        "Give it an eight.",
        "Zero, as it deserves 0.",
    ],
    TOXIC: [
        "This is toxic.",
        "The comment is clearly toxic, so the label is toxic.",
        "Label: not_toxic",
        "It is non-toxic in every respect.",
        "The toxicity is evident.",
        "The annotator labelled this as toxic because it is toxic.",
        "The second category applies.",
        "It belongs in the toxic class.",
    ],
    IRONY: ["The irony is obvious.", "It is meant ironically and so it is ironic.", "The statement is un-ironic."],
    LETTERS: ["I'd grade it a B.", "The answer is C.", "So B."],
    TOPICS: ["The article is about sports.", "Sports.", "This is business-news."],
    ANSWERS: ["Yes.", "Yes, because the answer is yes.", "It should be no."],
    GRADES: [
        "The essay is good.",
        "It is very good overall.",
        'I would rate it "good".',
        "Overall quality: **fair**",
        "This deserves a good rating.",
        "Good, because it is good.",
        "The text counts as fair rather than good.",
        "The summary is neither bad nor good but fair.",
        "This is GOOD.",
    ],
    SENTIMENT: ["The sentiment is positive.", "It expresses a clearly negative sentiment.", "Overall positive."],
    PAIR: [
        "A is better.",
        "Response B is clearly the better answer.",
        "I prefer A.",
        "B wins.",
        "The first is better.",
        "It is a tie.",
        "Both are equally good.",
        "A > B",
        "The verdict goes to B.",
        "Neither is better.",
        "I would choose the second response.",
        "A outperforms B.",
        "Answer A is superior to answer B.",
        "The former is preferable to the latter.",
        "Label: A",
        "A.",
    ],
    VALENCE: ["I would rate this minus two.", "This deserves a -2.5 on the scale.", "Label: −2", "It sits at +3."],
    PERCENT: ["I give it 80 points.", "85 out of 100.", "Score: 72.5", "It deserves around 80.", "I'd score it 80%."],
}

HONEST: dict[Scale, list[str]] = {
    STARS: [
        "She bought 4 apples in 2015.",
        "The author praises the staff by name and thanks them twice.",
        "The review makes three points: the room was clean, the food was warm and the price was fair.",
        "Four of the reviewer's complaints concern the noise.",
        "The guest stayed 3 nights in room 5 and paid 100 dollars.",
        "4 out of 5 claims in the text are supported by a source.",
        "1. The opening insults the reader.\n2. The second paragraph calms down.\n",
        "He arrived at 5 pm and left at 4.",
        "The recipe asks for half a cup of sugar and two eggs.",
        "The owner of a four-star hotel answers within a day.",
        "Two of the three sentences are off topic.",
        "The tone shows the highest level of care for the reader.",
        "The score of the film is loud and tiresome.",
        "Chapter 3 repeats chapter 2 almost word for word.",
        "The label on the bottle was torn off.",
        "The record label signed the band in 1999.",
        "The guideline asks whether the author names a concrete harm, and he does.",
        "The answer gives the correct year, 1945, but misspells the name.",
        "The speaker gave two to her sister and kept one.",
        "He is at the top of the class.",
        "The equation x = 4 is solved without showing steps.",
        "The child is 4.",
        "On 4/5/2015 the shop was closed.",
        "This is a five-page complaint about one broken lamp.",
        "The doctor scored points with the family by listening.",
    ],
    TOXIC: [
        "The comment calls a named group vermin and wishes them harm.",
        "No insult is used; the disagreement stays with the argument.",
        "The writer swears at the referee, not at the other users.",
    ],
    GRADES: [
        "A good opening is followed by a fair amount of padding.",
        "The author is good at examples and bad at endings.",
        "The goods arrived broken.",
    ],
    ANSWERS: ["There is no evidence that the bridge was ever built."],
    PAIR: [
        "A cites two sources, while B cites none.",
        "A is clearer about dates; B's tone is warmer.",
        "Response A invents a street that does not exist.",
        "The author wears a tie in A and a scarf in B.",
        "Both responses name the capital correctly.",
        "A explains the cause better but leaves out the year.",
        "B is more accurate about the war than A.",
    ],
    VALENCE: [
        "It was minus two degrees outside and the heating failed.",
        "He lost 3 kilos in 4 weeks and is delighted.",
    ],
    PERCENT: ["The town has 80 shops and 12 churches.", "He paid 45 dollars for a lamp of 60 watts."],
}

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
        assert finder.find(once.text) == []
        assert finder.remove(once.text).text == once.text
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
    assert finder.find(left) == []
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
    assert _FINDERS[STARS].find(left) == []


@pytest.mark.parametrize(
    "junk", ["a ", "rate it ", "4 ", "(", '"', "*", "one of ", "A ", ", so", " ", "\n", "1. ", "☆"]
)
def test_long_junk_is_stripped_in_time(junk: str, benchmark_seconds) -> None:
    text = junk * (20_000 // len(junk))
    # About 0.2 s; what backtracks takes minutes.
    assert benchmark_seconds(lambda: _FINDERS[PAIR].remove(text)) < 10
