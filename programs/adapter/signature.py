"""Knows how a scale, the item's fields and a guideline become a DSPy signature; does not know how it is rendered."""

import keyword
from collections.abc import Sequence
from typing import Any, Literal

import dspy

from ...data import Scale, SetupError

Order = Literal["rationale_label", "label_rationale", "label"]

_ORDERS: dict[Order, tuple[str, ...]] = {
    "rationale_label": ("rationale", "label"),
    "label_rationale": ("label", "rationale"),
    "label": ("label",),
}
_RESERVED = ("rationale", "label", "unparsed")
_DSPY_WORDS = frozenset(
    ("config", "demos", "lm", "new_signature", "self")  # what a dspy.Predict and its call keep for themselves
    + ("fields", "input_fields", "instructions", "output_fields", "signature")  # what a signature does
)


def make_signature(scale: Scale, fields: Sequence[str], instructions: str, order: Order) -> type[dspy.Signature]:
    """Build the signature ``fields -> rationale, label`` of a rater.

    The instructions are the prompt's text (in DSPy a signature's instructions are its prompt), so that DSPy's own
    optimizers can rewrite a guideline.

    Args:
        scale: Gives the type and the description of the label.
        fields: Names of the item's text fields, in the order in which they are shown.
        instructions: The guideline without its cases, as markdown.
        order: Which outputs there are, and in which order they are written.

    Raises:
        SetupError: If there is no field, a field's name cannot be a keyword argument, or collides with an output.
    """
    if order not in _ORDERS:
        raise SetupError(f"unknown order {order!r}", place="Rater", cure=f"Use one of {', '.join(_ORDERS)}.")
    if not fields:
        raise SetupError("a rater needs at least one field", place="Rater", cure="Give fields=('text',) or the like.")
    for name in fields:
        if not name.isidentifier() or keyword.iskeyword(name) or name in _RESERVED:
            cure = f"Rename the column: letters, digits and _ only, and none of {', '.join(_RESERVED)}."
            raise SetupError(f"{name!r} cannot be a field of a rater", place="Rater", cure=cure)
        if name in _DSPY_WORDS or name.startswith(("_", "model_")):
            cure = "Rename the column, e.g. to " + repr(f"item_{name.strip('_')}") + "."
            raise SetupError(f"{name!r} cannot be a field of a rater: DSPy needs the name", place="Rater", cure=cure)
    kinds: dict[str, tuple[type[Any], Any]] = {name: (str, dspy.InputField()) for name in fields}
    label_type: Any = Literal[scale.levels] if scale.levels is not None else float
    outputs: dict[str, tuple[Any, Any]] = {
        "rationale": (str, dspy.OutputField(desc="the thinking that leads to the label")),
        "label": (label_type, dspy.OutputField(desc=scale.describe())),
    }
    kinds.update({name: outputs[name] for name in _ORDERS[order]})
    return dspy.Signature(kinds, instructions)  # pyright: ignore[reportCallIssue, reportReturnType]


def order_of(signature: type[dspy.Signature]) -> Order:
    """Return the order in which a rater's signature writes its outputs."""
    names = tuple(signature.output_fields)
    for order, outputs in _ORDERS.items():
        if outputs == names:
            return order
    raise SetupError(f"the outputs {', '.join(names)} are not a rater's", place="signature", cure="Use Rater.")
