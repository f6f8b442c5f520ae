"""Knows how to answer DSPy's chat format with the right label of soup reviews; does not know who is taught by it."""

import dspy

from accord.programs import Prompt, scripted_lm

ANSWER = "[[ ## label ## ]]\n{}\n\n[[ ## completed ## ]]"


def teacher_of(examples: list[dspy.Example]) -> dspy.LM:
    """Return an LM that knows the labels of these examples and nothing else."""

    def script(prompt: Prompt, draw: int) -> str:
        asked = prompt.turns[-1].content
        (label,) = [example["label"] for example in examples if example["text"] in asked]
        return ANSWER.format(label)

    return scripted_lm(script)
