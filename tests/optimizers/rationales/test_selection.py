"""Which accepted rationale stands for an item, beside the plainest way to work it out."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.data import InputError
from accord.optimizers import Earliest, Medoid, Selection, Shortest

TEXTS = st.lists(
    st.lists(st.sampled_from("the plot is slow kind food cold".split()), max_size=8), min_size=1, max_size=6
)


def by_brute_force(texts: list[list[str]]) -> int:
    """Compare each text with each other one, as the definition says."""
    terms = [{*text, *zip(text, text[1:], strict=False)} for text in texts]

    def alike(a: set, b: set) -> float:
        return len(a & b) / math.sqrt(len(a) * len(b)) if a and b else 0.0

    sums = [sum(alike(a, b) for j, b in enumerate(terms) if i != j) for i, a in enumerate(terms)]
    if len(texts) < 3:
        return 0
    return next(place for place, found in enumerate(sums) if found > max(sums) - 1e-9)


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_the_medoid_is_the_one_that_brute_force_finds(texts: list[list[str]]) -> None:
    assert Medoid().choose([" ".join(text) for text in texts]) == by_brute_force(texts)


def test_the_medoid_is_the_argument_that_comes_back() -> None:
    stray = "It is raining in the story, which I like."
    argued = ["The plot is slow and the end is dull.", "The plot is slow; the end is dull too.", "Slow plot, dull end."]
    # The first two of the argued ones share eight words and six pairs; the third has no pair with them but "the end".
    assert Medoid().choose([stray, argued[2], argued[1], argued[0]]) == 2
    assert Medoid().choose([argued[2], argued[0], stray, argued[0]]) == 1, "of equal texts the earliest"


@pytest.mark.parametrize("select", [Earliest(), Medoid(), Shortest()])
def test_ties_go_to_the_earliest_and_nothing_is_no_choice(select: Selection) -> None:
    assert select.choose(["one"]) == 0
    assert select.choose(["two words", "words two"]) == 0
    assert select.choose(["same words", "same words", "same words"]) == 0
    assert select.choose(["", "", ""]) == 0
    with pytest.raises(InputError, match="no rationale"):
        select.choose([])


def test_the_medoid_of_two_is_the_earlier_and_the_shortest_has_fewest_words() -> None:
    assert Medoid().choose(["a long one about nothing", "short"]) == 0
    assert Shortest().choose(["three words here", "incomprehensibilities, honourably", "also two"]) == 1
    assert Earliest().choose(["late", "later", "latest"]) == 0


def test_punctuation_and_case_make_no_difference_to_the_medoid() -> None:
    plain = ["cold food and rude staff", "cold food, late", "the staff was kind"]
    loud = ["COLD FOOD -- and RUDE staff!!", "Cold *food*: late.", "“The staff was kind”"]
    assert Medoid().choose(plain) == Medoid().choose(loud) == 0
    # Texts without spaces have words too: the second shares the most characters with the others.
    assert Medoid().choose(["服务很好", "食物很冷服务很差", "食物很冷"]) == 1
