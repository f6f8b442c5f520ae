"""A corpus is an immutable sequence that knows its items by id and by content."""

import copy
import pickle
from collections.abc import Sequence
from dataclasses import replace

import pytest

from accord.data import Annotation, Corpus, InputError, Interval, Item, Nominal, Ordinal, SetupError

STARS = Ordinal(1, 5)


def item(id, gold, text="fine", group=None):
    return Item(id, {"review": text}, (Annotation("ann", gold),) if gold is not None else (), gold, group)


def corpus(*items, scale=STARS):
    return Corpus(items, scale, ("review",), "median", {"tied majority": 2})


ABC = corpus(item("a", 1, group="g"), item("b", 5), item("c", 3))


def test_it_is_a_sequence():
    assert isinstance(ABC, Sequence) and len(ABC) == 3
    assert [one.id for one in ABC] == ABC.ids == ["a", "b", "c"]
    assert ABC[1].id == "b" and ABC[-1].id == "c" and ABC[1] in ABC
    part = ABC[:2]
    assert isinstance(part, Corpus) and part.ids == ["a", "b"] and part.dropped == {}
    with pytest.raises(IndexError):
        ABC[3]
    assert "3 items" in repr(ABC) and "median" in repr(ABC)


def test_items_hold_texts_labels_and_gold():
    one = Item("a", {"question": "Why?", "answer": "So."}, (Annotation("ann", 4), Annotation(None, 2)), 3)
    assert one.text == "Why?\n\nSo." and one.labels == [4, 2]


def test_nothing_can_be_changed():
    fields = {"review": "fine"}
    one = Item("a", fields)
    fields["review"] = "awful"
    assert one.fields == {"review": "fine"}
    with pytest.raises(TypeError):
        one.fields["review"] = "awful"  # pyright: ignore[reportIndexIssue]
    with pytest.raises(TypeError):
        one.fields |= {"x": "y"}  # pyright: ignore
    with pytest.raises(AttributeError):
        ABC.items = ()  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        ABC.dropped["x"] = 1  # pyright: ignore[reportIndexIssue]


def test_by_id_and_selection():
    assert ABC.item("c").gold == 3
    chosen = ABC.select(["c", "a"])
    assert chosen.ids == ["c", "a"] and chosen.scale == STARS and chosen.dropped == {}
    assert ABC.groups() == ["g", None, None] and ABC.golds() == [1, 5, 3]
    with pytest.raises(InputError, match="no item has the id 'd'"):
        ABC.item("d")
    with pytest.raises(InputError, match="used twice"):
        ABC.select(["a", "a"])


def test_copies_are_equal_and_keep_the_hash():
    for twin in (pickle.loads(pickle.dumps(ABC)), copy.deepcopy(ABC)):
        assert twin == ABC and twin.hash == ABC.hash


def test_hash_follows_content_not_order():
    shuffled = corpus(ABC[2], ABC[0], ABC[1])
    assert shuffled.hash == ABC.hash and len(ABC.hash) == 64
    others = [
        corpus(ABC[0], ABC[1]),
        corpus(item("a", 2), *ABC[1:]),
        corpus(item("a", 1, "awful"), *ABC[1:]),
        corpus(item("z", 1), *ABC[1:]),
        replace(ABC, scale=Ordinal(1, 6)),
        Corpus([Item(i.id, {"text": i.text}, i.annotations, i.gold) for i in ABC], STARS, ("text",)),
    ]
    assert len({other.hash for other in [*others, ABC]}) == len(others) + 1
    # Who annotated is not part of it.
    assert corpus(replace(ABC[0], annotations=()), *ABC[1:]).hash == ABC.hash


@pytest.mark.parametrize(
    ("items", "fields", "says"),
    [
        ([item("a", 1), item("a", 2)], ("review",), "used twice"),
        ([item("a", 9)], ("review",), "item 'a': 9 is not exactly a label"),
        ([Item("a", {"review": "x"}, (), 2.0)], ("review",), "not exactly a label"),
        ([item("a", 1)], ("text",), r"the fields are \['review'\], not \['text'\]"),
        ([Item("a", {"label": "x"}, (), 2)], ("label",), "cannot be called 'label'"),
    ],
)
def test_parts_that_do_not_belong_together(items, fields, says):
    with pytest.raises(InputError, match=says):
        Corpus(items, STARS, fields)


def test_golds_and_training_need_labels():
    with pytest.raises(InputError, match="1 of 2 items have no gold"):
        corpus(item("a", 1), item("b", None)).golds()
    with pytest.raises(InputError, match="all 2 items have the label 4"):
        corpus(item("a", 4), item("b", 4)).check_trainable()
    with pytest.raises(InputError, match="empty"):
        corpus().check_trainable()
    ABC.check_trainable()


def test_cut_turns_an_interval_into_levels():
    tweets = Corpus(
        [
            # The mean of the cut annotations would be another: cut(-1) = 1, cut(4) = 3, but the gold 0.0 is level 2.
            Item("a", {"t": "x"}, (Annotation("p", -1.0), Annotation("q", 4.0)), 0.0),
            Item("b", {"t": "y"}, (Annotation("p", -0.5),), -0.5),  # on a threshold: the lower level
            Item("c", {"t": "z"}, (), 0.51),
            Item("d", {"t": "w"}),
        ],
        Interval(-4, 4),
        ("t",),
        "mean",
    )
    cut = tweets.cut([-0.5, 0.5], {1: "negative", 3: "positive"})
    assert [one.gold for one in cut] == [2, 1, 3, None]
    assert cut[0].labels == [1, 3] and cut[0].annotations[0].annotator == "p"
    assert cut.scale == Ordinal(1, 3, {1: "negative", 3: "positive"})
    assert tweets[0].gold == 0.0


@pytest.mark.parametrize("thresholds", [[], [0, 0], [1, 0], [-4], [4], [9], [float("nan")]])
def test_cut_refuses_thresholds_that_do_not_cut(thresholds):
    with pytest.raises(InputError, match="ascending numbers between -4 and 4"):
        Corpus([], Interval(-4, 4), ("t",)).cut(thresholds)


def test_only_an_interval_can_be_cut():
    with pytest.raises(SetupError, match="nominal cannot be cut"):
        Corpus([], Nominal(["a", "b"]), ("t",)).cut([1])


@pytest.mark.filterwarnings("ignore")
def test_examples_carry_inputs_and_label_apart():
    first = ABC.examples()[0]
    assert first.inputs().toDict() == {"review": "fine"}
    assert (first.label, first.item_id, first.group) == (1, "a", "g")
    assert first.annotations == (Annotation("ann", 1),)
