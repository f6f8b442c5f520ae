"""Knows answers of an assistant, who labelled them, and a model that judges them; does not know MLflow.

An answer is bad where it makes excuses. Nobody told the model, which finds that out in three of five answers; told the
rule, it follows it. Asked to write, it writes what the notes say.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from worlds.stub_script import chance_of

INSTRUCTIONS = "Say whether the answer in {{ outputs }} is good for the question in {{ inputs }}."
RULE = "An answer that makes excuses is bad."
MISSED = 0.4
"""Share of its answers in which a model that was not told the rule gets it wrong."""


def question(number: int) -> str:
    """Return what the user asked."""
    return f"How do I get to place {number} from {number * 7 % 11} streets away?"


def answer(number: int) -> str:
    """Return what the assistant said: every second time an excuse."""
    said = "It was the map's fault and not mine." if number % 2 else "Turn left and walk on for a while."
    return f"About place {number}: {said} Take care on crossing {number * 13 % 17}."


def label(number: int) -> str:
    """Return what people say of it."""
    return "bad" if number % 2 else "good"


def reply(messages: Sequence[Mapping[str, Any]], index: int, seed: int | None) -> str:
    """Answer as a judge of MLflow, as a rater, or as a writer, whatever is asked for."""
    said = "\n".join(str(message["content"]) for message in messages)
    asked = str(messages[-1]["content"])
    if "Below are the notes that an annotator made" in said:
        return "- It makes excuses instead of an answer." if "excuses" in said else "- It says where to go."
    if "Write a concrete procedure" in said:
        return f"<guideline>\n## Instruction\n\n1. Read the answer. [1]\n2. {RULE} [1]\n</guideline>"
    if "Write for each label the criteria" in said:
        return (
            "<guideline>\n## Rubric\n\n### good\n- It says where to go. [1]\n\n### bad\n- It makes excuses. [1]\n"
            "</guideline>"
        )
    verdict = _verdict(said, asked, index, seed)
    why = "It makes excuses instead of an answer." if verdict == "bad" else "It says where to go."
    why += f" That is what I see at place {_number(asked)} after reading it {1 + index} times."
    if "You are an expert judge" in said:
        return json.dumps({"result": verdict, "rationale": why})
    return f"Reason: {why}\nLabel: {verdict}"


def _verdict(said: str, asked: str, index: int, seed: int | None) -> str:
    number = _number(asked)
    knows = RULE in said or "It makes excuses." in said or chance_of(0, "verdict", number, index, seed) >= MISSED
    return label(number if knows else number + 1)


def _number(asked: str) -> int:
    found = re.search(r"About place (\d+)", asked)
    if found is None:
        raise ValueError(f"unforeseen: {asked}")
    return int(found[1])
