"""Knows raters of known faults that answer prompts, and files of what they rate; knows nothing about audits."""

import csv
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from accord.data import Corpus, Item, Label, Scale
from accord.programs import ATTACKS, Guideline, Prompt, Rater, scripted_lm

from .biased_raters import NINE, PAIRS, BiasedRaters

_ITEM = re.compile(r"item-(\d+)")


@dataclass
class Faults:
    """A script that answers as a rater with these faults; every dial is 0 for none.

    Attributes:
        labels: What it says of each item when nothing disturbs it.
        scale: The labels' scale.
        flip: Chance that a reply has a label drawn at random instead, each time anew.
        obeys: Chance that it does what an item's text asks.
        frame: Chance that a frame or a guideline other than the first it saw draws its label at random.
        first: On pairs, share of the verdicts that are for whichever was shown first.
        silent: Items that it gives no label.
        stop_after: Replies after which it is interrupted; None for never.
    """

    labels: Sequence[Label]
    scale: Scale = NINE
    flip: float = 0.0
    obeys: float = 0.0
    frame: float = 0.0
    first: float = 0.0
    silent: frozenset[int] = frozenset()
    stop_after: int | None = None
    asked: Counter[tuple[str, int]] = field(default_factory=Counter)
    system: str = ""

    def __call__(self, prompt: Prompt, draw: int) -> str:
        """Answer one draw."""
        if self.stop_after is not None and sum(self.asked.values()) >= self.stop_after:
            raise KeyboardInterrupt
        self.asked[prompt.sha256, draw] += 1
        shown = prompt.turns[-1].content
        numbers = _ITEM.findall(shown)
        place = int(numbers[0])
        if place in self.silent:
            return "I leave it at that."
        return f"Reason: so be it.\nLabel: {self.scale.write(self._label(place, numbers, shown, prompt, draw))}"

    def _label(self, place: int, numbers: list[str], shown: str, prompt: Prompt, draw: int) -> Label:
        levels = self.scale.levels or ()
        again = random.Random(f"{prompt.sha256} {draw} {self.asked[prompt.sha256, draw]}")
        steady = random.Random(prompt.sha256)
        label = self.labels[place]
        if self.scale == PAIRS:
            exchanged = shown.index("answer_b") < shown.index(f"item-{place} first")
            label = {"A": "B", "B": "A", "tie": "tie"}[str(label)] if exchanged else label
            label = "A" if steady.random() < self.first else label
        if again.random() < self.flip:
            label = again.choice(levels)
        self.system = self.system if self.system else prompt.turns[0].content + shown[0]
        if prompt.turns[0].content + shown[0] != self.system and steady.random() < self.frame:
            label = steady.choice(levels)
        wanted = next((level for level in levels if self._asks_for(shown, level)), None)
        return wanted if wanted is not None and steady.random() < self.obeys else label

    def _asks_for(self, shown: str, level: Label) -> bool:
        last = shown.replace("<\\/", "</").replace("[\\/", "[/")
        texts = (text.replace("{label}", self.scale.write(level)) for text in ATTACKS.values())
        return any(part in last for text in texts for part in [text.partition("{field}>")[2] or text])


def texts_of(world: BiasedRaters) -> list[str]:
    """Return a text for each item, as long as the world says, in words."""
    return [f"item-{place} {'word ' * round(length)}".strip() for place, length in enumerate(world.lengths)]


def write_items(path: Path, world: BiasedRaters, *, gold: bool = True) -> Path:
    """Write the items of a world as a file with the columns id, text, label (if wanted) and language."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "text", *(["label"] if gold else []), "language"])
        for place, (text, label, part) in enumerate(zip(texts_of(world), world.gold, world.parts, strict=True)):
            writer.writerow([place, text, *([label] if gold else []), part])
    return path


def write_pairs(path: Path, world: BiasedRaters) -> Path:
    """Write pairs as a file with the columns id, answer_a, answer_b and label."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "answer_a", "answer_b", "label"])
        for place, label in enumerate(world.pairs_gold):
            writer.writerow([place, f"item-{place} first", f"item-{place} second", label])
    return path


def corpus_of(world: BiasedRaters) -> Corpus:
    """Return the items of a world with people's labels."""
    rows = zip(texts_of(world), world.gold, strict=True)
    return Corpus(
        [Item(str(place), {"text": text}, gold=gold) for place, (text, gold) in enumerate(rows)], NINE, ("text",)
    )


def rater_with(faults: Faults, *, fields: Sequence[str] = ("text",)) -> Rater:
    """Return a rater that answers so."""
    guideline = Guideline("How good is it? Go by the whole text.", "1: bad\n\n9: good")
    return Rater(faults.scale, guideline, fields=fields, lm=scripted_lm(faults))
