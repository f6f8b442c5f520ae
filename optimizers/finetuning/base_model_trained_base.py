"""Knows which model is trained, and what labels cannot teach it anything; does not train."""

from collections.abc import Sequence

import dspy

from ...data import SetupError
from ...programs import LocalEngine, Rater, VLLMEngine, resolve_model

_PLACE = "FineTune"


def trained_base(student: Rater, base: str | dspy.LM | None) -> LocalEngine:
    """Return the engine of the model that is trained.

    Args:
        student: The rater that is compiled.
        base: The model, or its name; None is the student's own.

    Raises:
        SetupError: If the model does not run in this process, or is fine-tuned already.
        InputError: If there is no such model.
    """
    lm = student.lm if base is None else resolve_model(base)
    engine = lm.engine
    if isinstance(engine, VLLMEngine):
        what = f"{lm.model!r} is on a vLLM server, which trains nothing and would hold the memory that training needs"
        name = f"'local/{engine.local.path}'"
        cure = (
            f"Give {'the student lm' if base is None else 'base'}={name}; the compiled rater goes to vLLM by on_vllm."
        )
        raise SetupError(what, place=_PLACE, cure=cure)
    if not isinstance(engine, LocalEngine):
        cure = "Give base='local' (the embedded model) or base='local/<folder>'."
        raise SetupError(f"{lm.model!r} does not run in this process, so it cannot be trained", place=_PLACE, cure=cure)
    if engine.adapter is not None or engine.carried:
        cure = "Compile the rater it was made from, or name a base."
        raise SetupError("the student's model is fine-tuned already", place=_PLACE, cure=cure)
    return engine


def check_labels_differ(student: Rater, examples: Sequence[dspy.Example], name: str) -> None:
    """Refuse examples that all have one label: it would be learned whatever the items say, or could not be told apart.

    Raises:
        SetupError: If they do.
    """
    labels = {example["label"] for example in examples}
    if len(labels) == 1:
        written = student.scale.write(labels.pop())
        what = f"all {len(examples)} examples have the label {written!r}"
        cure = "Give examples with different labels; a constant needs no model."
        raise SetupError(what, place=name, cure=cure)
