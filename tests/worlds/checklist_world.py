"""Knows a world in which people count four things in a story, and a model that sees each of them when asked about it.

The guideline does not say what is counted. Without questions the model rates by an impression of the whole; asked
whether one of the four holds, it errs now and then. A teacher says of each whether it holds and rates as people do.
Where there is nothing to learn, people rate an impression of their own, which the four have no part in.
"""

import random
import re
from dataclasses import dataclass
from functools import cached_property

from accord.data import Corpus, Ordinal
from accord.programs import Guideline, Prompt, Rater, scripted_lm

SCALE = Ordinal(1, 5)
GUIDELINE = Guideline("Read the story and rate how well it is told.")
THINGS = {
    "end": ("The story reaches its proper end.", "The story breaks off before its end."),
    "turn": ("Some surprise changes what everybody wants.", "Nothing surprising happens to anybody."),
    "people": ("Its people have wishes of their own.", "Its people remain mere names throughout."),
    "words": ("Every sentence is worded with care.", "Many sentences are worded carelessly."),
}
_ASKED = re.compile(r"^\d+\. (.*\?)$", re.MULTILINE)


@dataclass(frozen=True)
class ChecklistWorld:
    """Stories, people, a teacher and a model.

    Attributes:
        seed: Of everything.
        stories: How many.
        counted: Whether people count the four things. Otherwise there is nothing to learn.
        error: How often the model errs about one of them.
        noise: Standard deviation of its impression.
    """

    seed: int = 0
    stories: int = 300
    counted: bool = True
    error: float = 0.1
    noise: float = 2.2

    @cached_property
    def corpus(self) -> Corpus:
        """The stories with people's labels."""
        records = [{"id": f"s{n:04}", "text": f"story {n} of many", "label": self.gold(n)} for n in range(self.stories)]
        return Corpus.from_records(records, fields=["text"], label="label", id="id", scale=SCALE)

    def holds(self, number: int, thing: str) -> bool:
        """Return whether one of the four things holds of a story."""
        return self._dice(number, thing).random() < 0.5

    def gold(self, number: int) -> int:
        """Return the label that people give."""
        if not self.counted:
            return self._dice(number, "impression").randint(1, 5)
        return 1 + sum(self.holds(number, thing) for thing in THINGS)

    def student(self) -> Rater:
        """Return a rater that answers what it is asked: a label, or questions."""

        def script(prompt: Prompt, draw: int) -> str:
            number = _number(prompt)
            asked = _ASKED.findall(prompt.turns[0].content)
            if not asked:
                read = round(self.gold(number) + self._dice(number, "reads").gauss(0, self.noise))
                return f"Reason: So it seems.\nLabel: {min(max(read, 1), 5)}"
            said = ("yes" if self._sees(number, question) else "no" for question in asked)
            return "\n".join(f"{place}: {answer}" for place, answer in enumerate(said, start=1))

        return Rater(SCALE, GUIDELINE, lm=scripted_lm(script, model_id="student"))

    def teacher(self) -> Rater:
        """Return a rater that says of each thing whether it holds."""

        def script(prompt: Prompt, draw: int) -> str:
            number = _number(prompt)
            said = " ".join(THINGS[thing][0 if self.holds(number, thing) else 1] for thing in THINGS)
            return f"Reason: {said} That is story {number}, reading {draw}.\nLabel: {self.gold(number)}"

        return Rater(SCALE, GUIDELINE, lm=scripted_lm(script, model_id="teacher"))

    def _sees(self, number: int, question: str) -> bool:
        for thing, (good, bad) in THINGS.items():
            if good in question or bad in question:
                right = self._dice(number, f"asked {thing}").random() >= self.error
                return (self.holds(number, thing) == (good in question)) == right
        return self._dice(number, question).random() < 0.5

    def _dice(self, number: int, what: str) -> random.Random:
        return random.Random(f"{self.seed} {number} {what}")


def _number(prompt: Prompt) -> int:
    found = re.search(r"story (\d+) of many", prompt.turns[-1].content)
    assert found is not None, f"unforeseen: {prompt.turns[-1].content}"
    return int(found[1])
