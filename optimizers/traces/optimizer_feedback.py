"""Knows how a rating is scored and what is said of it to an optimizer that reads words; does not know the optimizer.

Optimizers like GEPA (Agrawal et al., arXiv 2507.19457) rewrite instructions from textual feedback on predictions. A
label alone says that a rating missed; the inferred trace behind the label says what was overlooked.
"""

from collections.abc import Sequence
from typing import Any

import dspy

from ...data import Label, Scale


class FeedbackMetric:
    """A DSPy metric that says, beside the score, what people's label was and the thinking that leads to it.

    It fits every place where DSPy takes a metric: with a predictor's name (GEPA asks so) the answer is a
    ``Prediction(score, feedback)``; elsewhere it is the score, from 0 to 1, as a number.
    The score is 1 for the human label, falls evenly with the distance on scales of numbers, and is 0 for the farthest
    label, any other name, and an answer without a label.

    Args:
        scale: The scale of the labels.
        traces: Examples with ``rationale``; an item without one is told its label alone.
        fields: The fields by which examples without ``item_id`` are told apart.
    """

    def __init__(self, scale: Scale, traces: Sequence[dspy.Example], fields: Sequence[str]) -> None:
        """Look up the reasoning by item."""
        self.scale = scale
        self.fields = tuple(fields)
        self._span = scale.span
        self._known: dict[Any, str] = {}
        for trace in traces:
            reasoning = str(trace.get("rationale") or "").strip()
            if reasoning:
                self._known.setdefault(self._key(trace), reasoning)

    def __call__(
        self,
        example: Any,
        prediction: Any,
        trace: Any = None,
        predictor: str | None = None,
        predictor_trace: Any = None,
        program_trace: Any = None,
    ) -> Any:
        """Score one prediction; the arguments are those that DSPy's optimizers hand to metrics.

        Args:
            example: With fields and ``label``.
            prediction: With ``label``; ``unparsed`` says why there is none.
            trace: Not looked at.
            predictor: The predictor that feedback is wanted for, as GEPA asks.
            predictor_trace: Not looked at.
            program_trace: Not looked at.
        """
        said = getattr(prediction, "label", None)
        score = self.score(example["label"], said)
        if predictor is None:
            return score
        return dspy.Prediction(
            score=score, feedback=self.feedback(example, said, getattr(prediction, "unparsed", None))
        )

    def score(self, gold: Label, said: Label | None) -> float:
        """Return how good a label is, from 0 to 1."""
        if said is None or said not in self.scale:
            return 0.0
        return 1 - self.scale.distance(said, gold) / self._span

    def feedback(self, example: Any, said: Label | None, unparsed: str | None = None) -> str:
        """Return what an optimizer should know of a prediction, in a few sentences."""
        gold = self.scale.write(example["label"])
        if said is None:
            why = f" ({unparsed})" if unparsed else ""
            first = f"There was no readable label{why}. People gave {gold}."
        elif said == example["label"]:
            first = f"The label {gold} is the one that people gave."
        else:
            first = f"The label was {self.scale.write(said)}, and people gave {gold}."
        reasoning = self._known.get(self._key(example))
        if reasoning is None:
            return first
        return f"{first} Reasoning that leads to {gold}: {reasoning}"

    def _key(self, example: Any) -> Any:
        own = example.get("item_id")
        return own if own is not None else tuple(str(example[name]) for name in self.fields)
