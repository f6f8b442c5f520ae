"""Knows whether a tokenizer can write every level of a scale; does not know how likely a model finds them."""

from typing import Any

from ...data import Label, SetupError
from ...programs import Rater


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
    low, high = getattr(scale, "low", 0.0), getattr(scale, "high", 1.0)
    # Sums of tenths have all digits between them, and as many as people write.
    return [low + (high - low) * share for share in (0.0, 0.123456, 0.456789, 0.7890, 1.0)]
