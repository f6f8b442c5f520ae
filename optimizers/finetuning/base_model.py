"""Knows which model is trained, whether it can write every level, and which labels teach nothing; does not train."""

from collections.abc import Sequence
from typing import Any

import dspy

from ...data import Label, SetupError
from ...programs import LocalEngine, Rater, VLLMEngine, resolve_model


def check_levels_written(rater: Rater, tokenizer: Any) -> None:
    """Write each level as the rater would, in the model's tokens, and read it back.

    A vocabulary of words that lacks some digit writes several levels alike, and a rater trained with it would be silent
    about them. A scale without a finite set of levels is tried at its ends and in between.

    Raises:
        SetupError: If a level does not come back, naming it.
    """
    asked = rater.variant(order="label")
    for level in _levels(rater):
        ids = tokenizer(asked.reply("", level), add_special_tokens=False)["input_ids"]
        text = tokenizer.decode(ids, skip_special_tokens=True)
        if asked.adapter.parse(asked.signature, text)["label"] != level:
            what = f"its tokenizer cannot write the level {rater.scale.write(level)!r}: it comes back as {text!r}"
            cure = (
                "Use a base model whose tokenizer can, or name the levels otherwise, e.g. Ordinal.of(['low', 'high'])."
            )
            raise SetupError(what, place="base model", cure=cure)


def _levels(rater: Rater) -> list[Label]:
    scale = rater.scale
    if scale.levels is not None:
        return list(scale.levels)
    low, high = map(float, scale.ends)
    # Sums of tenths have all digits between them, and as many as people write.
    return [low + (high - low) * share for share in (0.0, 0.123456, 0.456789, 0.7890, 1.0)]


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
