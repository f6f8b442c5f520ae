"""Knows a world of stories with a rule that the guideline leaves out, and models that follow what is written.

People rate how well a story is told, from 1 to 5, and never give a story that breaks off more than `CAP`. The guideline
does not say so. Each model sees the quality with noise of its own, and makes of a missing end now this, now that; only
where its guideline says that stories break off it does as people do. A teacher draws with more noise, and now and then
reasons from the missing end.
"""

import hashlib
import random
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import dspy

from accord.data import Corpus, Ordinal
from accord.programs import Guideline, Prompt, Rater, scripted_lm

SCALE = Ordinal(1, 5)
CAP = 2
GUIDELINE = Guideline("Read the story and rate how well it is told.", "1: badly\n\n5: very well")
ENDS, BREAKS = "and they all went home", "and then they opened the"
_SAID = {
    True: "The story breaks off before its end.",
    False: "The story is told from beginning to end.",
}
_RULE = re.compile(r"breaks off", re.IGNORECASE)
_STORY = re.compile(r"story (\d+)\b")


@dataclass(frozen=True)
class RuleWorld:
    """Stories, people, a teacher and models.

    Attributes:
        stories: How many.
        seed: Of everything.
        hidden: Whether the rule holds. Where it does not, people rate quality alone: there is nothing to learn.
        noise: Standard deviation of a model's reading of a story.
        nervous: Standard deviation of what any change of the guideline does to a model's reading of a story.
    """

    stories: int = 240
    seed: int = 0
    hidden: bool = True
    noise: float = 0.7
    nervous: float = 0.0

    @cached_property
    def corpus(self) -> Corpus:
        """The stories with people's labels."""
        records = [
            {"id": f"s{number:04}", "text": self._text(number), "label": self.gold(number)}
            for number in range(self.stories)
        ]
        return Corpus.from_records(records, fields=["text"], label="label", id="id", scale=SCALE)

    def breaks_off(self, number: int) -> bool:
        """Return whether a story breaks off."""
        return self._dice("end", number).random() < 0.4

    def quality(self, number: int) -> int:
        """Return how well a story is told, from 1 to 5."""
        return self._dice("quality", number).randint(1, 5)

    def gold(self, number: int) -> int:
        """Return the label that people give."""
        capped = self.hidden and self.breaks_off(number)
        return min(self.quality(number), CAP) if capped else self.quality(number)

    def rater(self, name: str) -> Rater:
        """Return a rater under the guideline, whose model follows what is written."""

        def script(prompt: Prompt, draw: int) -> str:
            number = self._number(prompt)
            told = prompt.turns[0].content
            read = self.quality(number) + self._dice(f"{name} reads", number).gauss(0, self.noise)
            read += self._dice(f"{name} under {_hash(told)}", number).gauss(0, self.nervous)
            if _RULE.search(told) and self.breaks_off(number):
                read = min(read, CAP)
            elif self.hidden and self.breaks_off(number):
                read -= self._dice(f"{name} makes of a missing end", number).choice((0, 0, 1, 3))
            return f"Reason: So it seems.\nLabel: {_level(read)}"

        return Rater(SCALE, GUIDELINE, lm=scripted_lm(script, model_id=name))

    def teacher(self) -> Rater:
        """Return a rater whose draws differ and sometimes follow the rule that nobody wrote down."""

        def script(prompt: Prompt, draw: int) -> str:
            number = self._number(prompt)
            dice = self._dice(f"teacher {draw}", number)
            read = _level(self.quality(number) + dice.gauss(0, self.noise))
            if self.breaks_off(number) and dice.random() < 0.5:
                return f"Reason: {_SAID[True]} What is there reads well or not.\nLabel: {min(read, CAP)}"
            return f"Reason: {_SAID[False]} The telling is of kind {read}.\nLabel: {read}"

        return Rater(SCALE, GUIDELINE, lm=scripted_lm(script, model_id="teacher"))

    def _text(self, number: int) -> str:
        told = " ".join(["well"] * self.quality(number))
        return f"story {number} is told {told} {BREAKS if self.breaks_off(number) else ENDS}"

    def _number(self, prompt: Prompt) -> int:
        found = _STORY.search(prompt.turns[-1].content)
        assert found is not None, f"unforeseen: {prompt.turns[-1].content}"
        return int(found[1])

    def _dice(self, decision: str, number: int) -> random.Random:
        return random.Random(_hash(f"{self.seed} {decision} {number}"))


def writer() -> dspy.LM:
    """Return a writer that lists each sentence of a trace, and makes criteria of what was said of one label alone."""

    def script(prompt: Prompt, draw: int) -> str:
        asked = prompt.turns[0].content
        notes = asked.partition("\n# Notes\n")[2] or asked.partition("\n# What was said\n")[2]
        if asked.startswith("Below are the notes that an annotator made"):
            return "\n".join(sentence for sentence in re.split(r"(?<=[.!?])\s+", notes.strip()) if sentence)
        if "Write a concrete procedure" in asked:
            return (
                "<guideline>\n## Instruction\n\n1. Read the story to its last line. [1]\n2. Rate it. [2]\n</guideline>"
            )
        said = Counter(text for _, text in re.findall(r"^\[(\d+)\] (.*)$", notes, re.MULTILINE))
        lines = [line for line in notes.strip().splitlines() if said[line.partition("] ")[2]] < 2]
        lines = [re.sub(r"^\[(\d+)\] (.*)$", r"- \2 [\1]", line) for line in lines]
        rubric = "\n".join(lines)
        return f"<guideline>\n## Instruction\n\nAs it was.\n\n## Rubric\n\n{rubric}\n</guideline>"

    return scripted_lm(script, model_id="writer")


def _level(read: float) -> int:
    return min(max(round(read), 1), 5)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
