"""Knows how the models of a rule world answer over HTTP, by the name that a request gives, and its labels as a file."""

import csv
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accord.programs import Completion, Prompt, ScriptedEngine, Turn

from .rule_world import RuleWorld, writer
from .stub_script import Behaviour, Messages, chance_of

RATERS = ("first", "second")

Script = Callable[[Prompt, int], str | Completion]


@dataclass(frozen=True)
class RuleBehaviour(Behaviour):
    """A stub's dials with the models of a world behind it: ``teacher``, ``writer`` and `RATERS`.

    Attributes:
        scripts: Who answers, by the model's name.
    """

    scripts: Mapping[str, Script] = field(default_factory=dict)

    @classmethod
    def of(cls, world: RuleWorld) -> "RuleBehaviour":
        """Put the models of a world behind a stub."""
        lms = {"teacher": world.teacher().lm, "writer": writer(), **{name: world.rater(name).lm for name in RATERS}}
        engines = {name: lm.engine for name, lm in lms.items()}
        return cls(scripts={name: one.script for name, one in engines.items() if isinstance(one, ScriptedEngine)})

    def choice(self, asked: Mapping[str, Any], prompt: str, index: int) -> dict[str, Any]:
        """Return one choice of the model that was asked for."""
        script = self.scripts[asked["model"]]

        def answer(messages: Messages, index: int, seed: int | None) -> str:
            turns = tuple(Turn(turn["role"], str(turn["content"])) for turn in messages)
            said = script(Prompt(turns), int(chance_of(seed, index) * 2**31))
            return said if isinstance(said, str) else said.text

        return Behaviour(answer=answer).choice(asked, prompt, index)


def write_labels(world: RuleWorld, path: Path) -> None:
    """Write the stories as replies to a question of their own, with three people's labels, who are of one mind.

    Each is padded with words of its own, since stories that are told alike would count as one text.
    """
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["id", "question", "reply", "reader", "helpful"])
        for item in world.corpus:
            dice = random.Random(item.id)
            aside = " ".join("".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=5)) for _ in range(30))
            for reader in ("ana", "ben", "chi"):
                rows.writerow([item.id, f"What of {aside}?", item.fields["text"], reader, item.gold])
