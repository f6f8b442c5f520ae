"""Knows what a training row is for each objective of fine-tuning; does not know how a model is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import dspy

from ..data import SetupError
from ..programs import Order, Rater, encode_prompt

Objective = Literal["trace", "label", "label_all"]

IGNORED = -100
"""The label of a token that does not count in the loss."""

ORDERS: Mapping[Objective, Order] = {"trace": "rationale_label", "label": "label", "label_all": "label"}
"""What the rater of each objective writes.

``trace`` writes the rationale and then the label, on items that have a rationale. ``label`` writes the label alone, on
exactly the same items: the difference between the two is what the rationales are worth. ``label_all`` writes the label
alone, on all items: what plain fine-tuning reaches with every label there is.
"""


@dataclass(frozen=True)
class Row:
    """One prompt and the reply that the model should learn to give to it, as token ids.

    Attributes:
        prompt: The request's ids, exactly those that are sent at deployment.
        completion: The reply's ids and the id that ends it; only these count in the loss.
    """

    prompt: tuple[int, ...]
    completion: tuple[int, ...]

    @property
    def input_ids(self) -> list[int]:
        """The ids the model reads: prompt, then completion."""
        return [*self.prompt, *self.completion]

    @property
    def labels(self) -> list[int]:
        """The ids the loss compares with, in the same places: `IGNORED` on the prompt."""
        return [*[IGNORED] * len(self.prompt), *self.completion]


class Rows(NamedTuple):
    """The rows of one objective, and how many examples gave none because they exceed the model's context."""

    rows: tuple[Row, ...]
    too_long: int


def traced(examples: Sequence[dspy.Example]) -> list[dspy.Example]:
    """Return the examples that have a rationale."""
    return [example for example in examples if str(example.get("rationale") or "").strip()]


def examples_for(objective: Objective, examples: Sequence[dspy.Example]) -> list[dspy.Example]:
    """Return the examples that an objective trains on."""
    return list(examples) if objective == "label_all" else traced(examples)


def make_rows(rater: Rater, examples: Sequence[dspy.Example], tokenizer: Any, *, context: int) -> Rows:
    """Render examples as training rows with the very adapter and tokenizer that render requests at deployment.

    Args:
        rater: The rater to be trained, with its guideline and the order of its reply.
        examples: Fields, label and (where the rater writes one) rationale.
        tokenizer: The base model's.
        context: The most tokens a row may have; longer ones are left out and counted.

    Raises:
        SetupError: If the tokenizer has no token that ends a reply.
    """
    if tokenizer.eos_token_id is None:
        cure = "Use a base model whose tokenizer has an eos_token."
        raise SetupError("the base model's tokenizer cannot end a reply", place="FineTune", cure=cure)
    rows: list[Row] = []
    too_long = 0
    for example in examples:
        prompt = encode_prompt(tokenizer, rater.prompt({name: example[name] for name in rater.fields}))
        reply = rater.reply(str(example.get("rationale") or ""), example["label"])
        completion = [*tokenizer(reply, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        if len(prompt) + len(completion) > context:
            too_long += 1
            continue
        rows.append(Row(tuple(prompt), tuple(completion)))
    return Rows(tuple(rows), too_long)


def shared_prefix(rows: Sequence[Row]) -> int:
    """Return how many tokens all prompts begin with, leaving each prompt at least its last one."""
    if not rows:
        return 0
    limit = min(len(row.prompt) for row in rows) - 1
    low, high = min(row.prompt for row in rows), max(row.prompt for row in rows)
    shared = 0
    while shared < limit and low[shared] == high[shared]:
        shared += 1
    return max(shared, 0)
