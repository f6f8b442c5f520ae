"""Baselines out of fold: every item is rated once, by what was fitted on other groups, whatever the order of items."""

import pytest

from accord.data import BASELINES, Corpus, InputError, Item, Ordinal
from accord.data.baselines.out_of_fold import out_of_fold

STARS = Ordinal(1, 5)
WORDS = ("awful", "bad", "plain", "good", "great")


def corpus(count: int = 40, **groups: str) -> Corpus:
    """Return items whose one word says their label, and a place that says nothing."""
    return Corpus(
        [
            Item(
                f"i{n:02}", {"text": f"{WORDS[n % 5]} place number {n * 7919}"}, gold=1 + n % 5, group=groups.get("all")
            )
            for n in range(count)
        ],
        STARS,
        ("text",),
    )


def test_every_item_is_rated_by_every_baseline() -> None:
    found = out_of_fold(corpus())
    assert set(found.labels) == set(BASELINES)
    assert all(len(labels) == 40 for labels in found.labels.values())
    assert (found.folds, found.clusters) == (5, 40)
    right = sum(a == b for a, b in zip(found.labels["tfidf"], corpus().golds(), strict=True))
    assert right >= 30


def test_the_order_of_items_does_not_matter_and_the_seed_does() -> None:
    items = corpus()
    turned = items.select(reversed(items.ids))
    one, other = out_of_fold(items), out_of_fold(turned)
    assert one.labels["tfidf"] == tuple(reversed(other.labels["tfidf"]))
    assert one.labels != out_of_fold(items, seed=1).labels


def test_what_belongs_together_is_never_divided() -> None:
    # Each word is a group of its own, and nobody who was fitted on the other words knows it.
    items = Corpus(
        [
            Item(f"i{n:02}", {"text": f"{WORDS[n % 5]} {n * 7919}"}, gold=1 + n % 5, group=WORDS[n % 5])
            for n in range(40)
        ],
        STARS,
        ("text",),
    )
    found = out_of_fold(items)
    assert (found.folds, found.clusters) == (5, 5)
    right = sum(a == b for a, b in zip(found.labels["tfidf"], items.golds(), strict=True))
    assert right <= 16  # two in five by always saying the middle, or one beside it


def test_near_duplicates_are_one_item() -> None:
    texts = ["the soup was cold and the waiter rude", "the soup was cold, and the waiter rude!", "a fine place to eat"]
    items = Corpus([Item(str(n), {"text": text}, gold=1 + n) for n, text in enumerate(texts)], STARS, ("text",))
    assert out_of_fold(items).clusters == 2


def test_one_group_is_nothing_to_fit_on() -> None:
    with pytest.raises(InputError, match="all 10 items fall into one group or are nearly the same"):
        out_of_fold(corpus(10, all="one"))
