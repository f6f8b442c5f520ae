"""Knows which objectives are worth training on given examples, and with which rows; does not train them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import dspy

from ..data import SetupError
from ..programs import LocalEngine, Rater, need, weights_hash
from .objectives import ORDERS, Objective, Row, examples_for, make_pair_rows, make_rows
from .preferences import Preference
from .training_job import Parameters, TrainingJob, rows_hash

_SHORTEST_LIMIT = 16
_NO_PAIRS = "no item has an accepted draw and one that is off by the margin (it needs Traces, with all their draws)"


@dataclass(frozen=True)
class Plan:
    """One objective to be trained.

    Attributes:
        objective: Which.
        rater: The rater it is for, without its trained model.
        rows: What it is trained on.
        too_long: Examples left out because they exceed the model's context.
        job: The order for the training process.
        folder: Where it is trained.
    """

    objective: Objective
    rater: Rater
    rows: tuple[Row, ...]
    too_long: int
    job: TrainingJob
    folder: Path

    @property
    def max_tokens(self) -> int:
        """A limit on the trained rater's replies: twice the longest reply it was shown.

        A reply that goes beyond is going round in circles, and would hold up the batch it is in.
        """
        return max(_SHORTEST_LIMIT, 2 * max(len(row.completion) for row in self.rows))


class Plans(NamedTuple):
    """What is to be trained, and why the other objectives are not."""

    plans: tuple[Plan, ...]
    skipped: dict[str, str]


def make_plans(
    student: Rater,
    examples: Sequence[dspy.Example],
    objectives: Sequence[Objective],
    base: LocalEngine,
    parameters: Parameters,
    workspace: Path,
    *,
    weighted: bool = False,
    regression_weight: float = 1.0,
    pairs: Sequence[Preference] = (),
) -> Plans:
    """Make the rows of each objective, leaving out objectives without rows or with the rows of an earlier one.

    Args:
        student: The rater that is compiled.
        examples: All examples, with and without rationale.
        objectives: Which objectives are wanted.
        base: The engine of the model that is trained.
        parameters: How.
        workspace: Where the jobs' folders are; each is named by objective and content.
        weighted: Whether examples' weights reach the loss.
        regression_weight: What the squared error of ``regression`` counts beside the cross-entropy of a token.
        pairs: What ``preference`` is trained on.

    Raises:
        SetupError: If no objective is left, or one does not suit the scale or the tokenizer.
    """
    transformers = need("transformers", "train", "to fine-tune a model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(base.path)
    config = transformers.AutoConfig.from_pretrained(base.path)
    context = int(getattr(config, "max_position_embeddings", 2048))
    base_hash = weights_hash(base.path)
    plans: list[Plan] = []
    skipped: dict[str, str] = {}
    for objective in objectives:
        rater = student.variant(order=ORDERS[objective])
        chosen = examples_for(objective, examples)
        pull = regression_weight if objective == "regression" else None
        if objective == "preference":
            chosen = [pair.example for pair in pairs]
            rows, too_long = make_pair_rows(rater, pairs, tokenizer, context=context)
        else:
            rows, too_long = make_rows(
                rater, chosen, tokenizer, context=context, weighted=weighted, regression_weight=pull
            )
        twin = next((plan.objective for plan in plans if plan.rows == rows), None)
        if not chosen:
            skipped[objective] = _NO_PAIRS if objective == "preference" else "no item has a rationale"
        elif not rows:
            skipped[objective] = f"all {too_long} rows have more than {context} tokens"
        elif twin is not None:
            skipped[objective] = f"it has the same rows as {twin!r}"
        else:
            job = TrainingJob(str(base.path), base_hash, rows_hash(rows), parameters)
            folder = workspace / f"{objective}-{job.hash[:12]}"
            plans.append(Plan(objective, rater, rows, too_long, job, folder))
    if not plans:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped.items())
        cure = "Give traces (RejectionSampling.infer), or objectives=('label_all',)."
        raise SetupError(f"there is nothing to train on ({reasons})", place="FineTune", cure=cure)
    return Plans(tuple(plans), skipped)
