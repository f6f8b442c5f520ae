"""Knows reviews of soups in which one word says the rating from 1 to 5; does not know who rates them."""

import random

import dspy

from accord.data import Corpus, Item, Ordinal

WORDS = (
    ("disgusting", "inedible", "revolting"),
    ("bland", "disappointing", "poor"),
    ("average", "ordinary", "passable"),
    ("tasty", "good", "pleasant"),
    ("superb", "outstanding", "perfect"),
)
_DISHES = ("soup", "stew", "broth", "bisque", "chowder", "gumbo")
_PLACES = ("at the corner", "by the river", "in the market", "near the station", "upstairs", "on the pier")


def reviews(count: int, *, seed: int) -> list[dspy.Example]:
    """Make that many different reviews with their labels, as many of each as there can be; seeds do not overlap."""
    chance = random.Random(seed)
    made: list[dspy.Example] = []
    for number in range(count):
        level = number % len(WORDS)
        word = chance.choice(WORDS[level])
        text = f"Visit {seed}.{number}: the {chance.choice(_DISHES)} {chance.choice(_PLACES)} was {word}."
        made.append(dspy.Example(text=text, label=level + 1).with_inputs("text"))
    return made


def corpus(examples: list[dspy.Example]) -> Corpus:
    """Return the reviews as a corpus without labels."""
    items = [Item(f"item {number}", {"text": example["text"]}) for number, example in enumerate(examples)]
    return Corpus(items, Ordinal(1, 5), ("text",))
