"""Knows the one shape that every Accord compiler has; does not know what any of them does."""

from collections.abc import Sequence
from typing import Any

import dspy
from dspy.teleprompt import Teleprompter

from ..data import InputError, SetupError
from ..data.corpus import content_id
from ..programs import Rater


class Compiler(Teleprompter):
    """Turns labels into a better rater: policy in the constructor, data in `compile`.

    What an implementation owes:

    - ``compile(student, *, trainset, valset=None, teacher=None)`` returns a new `Rater`. The student, the teacher, the
      examples and the compiler itself are left as they were, so one compiler can be used twice and in threads.
    - Nothing is validated on the training set: a compiler that has to choose refuses to run without `valset`.
    - What was tried on the way is in the new rater's ``candidates``, what it was made from in its ``provenance``.
    - A failing item or request is counted in a returned record; only a wrong set-up raises, before anything is paid.

    What callers owe: examples carry the rater's fields as inputs and a ``label`` on the student's scale; those that
    come from `RejectionSampling.infer` also a ``rationale``.
    """

    # The arguments are those of DSPy's base class, made keyword-only so that no two can be mistaken for each other.
    def compile(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, student: Any, *, trainset: Sequence[Any], valset: Sequence[Any] | None = None, teacher: Any = None
    ) -> Rater:
        """Return a rater compiled from `student`.

        Args:
            student: The rater to start from; left unchanged.
            trainset: Labelled examples to compile from.
            valset: Labelled examples to choose on (dev).
            teacher: Who draws traces, where the compiler draws any; the student by default.
        """
        raise NotImplementedError


def check_examples(student: Any, examples: Sequence[Any] | None, name: str) -> list[dspy.Example]:
    """Return the examples as a list, after checking that they fit the student.

    Args:
        student: The rater that is compiled.
        examples: What was handed in.
        name: The argument's name, for messages.

    Raises:
        SetupError: If the student is not a rater, or there are no examples.
        InputError: If an example lacks a field or has a label that is not on the scale.
    """
    if not isinstance(student, Rater):
        cure = "Wrap it: Rater(scale, guideline, fields=..., lm=...)."
        raise SetupError(f"the student is a {type(student).__name__}, not a Rater", place="compile", cure=cure)
    if not examples:
        raise SetupError(f"{name} is empty", place="compile", cure=f"Give labelled examples as {name}=.")
    for number, example in enumerate(examples):
        place = f"{name}[{number}]"
        for field in (*student.fields, "label"):
            if field not in example or example[field] is None:
                cure = f"Examples need {', '.join(student.fields)} and label; see Corpus.examples()."
                raise InputError(f"the example has no {field!r}", place=place, cure=cure)
        student.scale.check(example["label"], place=place)
    return list(examples)


def item_id(student: Rater, example: dspy.Example) -> str:
    """Return an example's ``item_id``, or the id that a corpus would give it."""
    given = example.get("item_id")
    if given is not None:
        return str(given)
    return content_id([str(example[name]) for name in student.fields])
