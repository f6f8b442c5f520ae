"""Knows how a judge of MLflow becomes a rater, and a guideline a judge again; does not know how guidelines are made."""

import inspect
import re
from collections.abc import Sequence
from typing import Any

import dspy

from ...data import InputError, Scale, SetupError
from ...programs import Guideline, Rater, need, parse_guideline, resolve_model

MLFLOW_PURPOSE = "to align the judges of MLflow"
READABLE = ("inputs", "outputs", "expectations")
"""What a judge may read and a rater too, in the order in which a rater shows it."""

_VARIABLE = re.compile(r"\{\{(\s*[a-zA-Z_][\w.]*\s*)\}\}")
_ABSENT = object()


def fields_of(judge: Any) -> tuple[str, ...]:
    """Return what a judge reads, as a rater's fields.

    Raises:
        SetupError: If it is none that `make_judge` made, or it reads whole traces or conversations.
    """
    place = f"judge {getattr(judge, 'name', judge)!r}"
    variables = getattr(judge, "template_variables", None)
    if variables is None:
        cure = "Write its criteria as instructions: mlflow.genai.judges.make_judge(name, instructions, ...)."
        raise SetupError(f"a {type(judge).__name__} has no instructions that could be replaced", place=place, cure=cure)
    beyond = sorted(set(variables) - set(READABLE))
    if beyond:
        cure = "Align a judge whose instructions name {{ inputs }}, {{ outputs }} or {{ expectations }} alone."
        what = f"it reads {{{{ {beyond[0]} }}}}, which is more than a text that a rater can be shown"
        raise SetupError(what, place=place, cure=cure)
    return tuple(name for name in READABLE if name in variables)


def rater_of(judge: Any, scale: Scale, fields: Sequence[str], lm: str | dspy.LM | None) -> Rater:
    """Return the rater that reads what the judge reads, is told what it is told, and asks the same model.

    Instructions that an earlier alignment wrote are read with their sections.

    Args:
        judge: From `make_judge`.
        scale: Of its values.
        fields: What it reads.
        lm: Stands for the judge's model, where Accord cannot ask that one itself.

    Raises:
        SetupError: If the judge's model cannot be asked, or its instructions have sections that cannot be told apart.
    """
    place = f"judge {judge.name!r}"
    try:
        guideline = parse_guideline(judge.instructions, place)
    except InputError as error:
        raise SetupError(error.what, place=place, cure=error.cure) from None
    return Rater(scale, guideline, fields=fields, lm=_model_of(judge) if lm is None else resolve_model(lm))


def judge_of(judge: Any, guideline: Guideline) -> Any:
    """Return a judge with another guideline, and everything else as it was.

    Args:
        judge: The one that was aligned.
        guideline: What the new one is told.

    Raises:
        SetupError: If MLflow is not installed.
    """
    make_judge = need("mlflow.genai.judges", "mlflow", MLFLOW_PURPOSE).make_judge
    options: dict[str, Any] = {}
    for name in inspect.signature(make_judge).parameters:
        kept = getattr(judge, name, getattr(judge, f"_{name}", _ABSENT))
        if kept is not _ABSENT:
            options[name] = kept
    return make_judge(**{**options, "instructions": instructions_of(judge, guideline)})


def instructions_of(judge: Any, guideline: Guideline) -> str:
    """Write a guideline as a judge's instructions, which name what is to be judged as the judge's own did.

    A writer may have dropped a variable, which is then named at the top; what looks like one and is none of the
    judge's (an item in a worked case may hold anything) is taken apart, for MLflow would take it for one.
    """
    own = [name for name in READABLE if name in judge.template_variables]

    def kept(found: re.Match[str]) -> str:
        return found[0] if found[1].strip() in own else f"{{ {{{found[1]}}} }}"

    text = _VARIABLE.sub(kept, guideline.to_markdown())
    there = {found[1].strip() for found in _VARIABLE.finditer(text)}
    lost = [f"{{{{ {name} }}}}" for name in own if name not in there]
    return f"Judge {' and '.join(lost)}.\n\n{text}" if lost else text


def _model_of(judge: Any) -> dspy.LM:
    """Return the judge's model, asked as MLflow asks it: at its own address, with its own headers."""
    provider, found, name = str(judge.model).partition(":/")
    cure = "Give AccordOptimizer(lm=...): the model that stands for the judge's, by name or as a dspy.LM."
    if not found or provider in ("gateway", "typesafe"):
        raise SetupError(f"Accord cannot ask {judge.model!r}", place=f"judge {judge.name!r}", cure=cure)
    name = name.lstrip("/")
    address, headers = getattr(judge, "_base_url", None), getattr(judge, "_extra_headers", None)
    if headers:
        raise SetupError("its model is asked with headers of its own", place=f"judge {judge.name!r}", cure=cure)
    if address is not None and provider == "openai":
        return resolve_model(f"openai/{name}", api_base=address.removesuffix("/chat/completions"))
    provider = "databricks" if provider == "endpoints" else provider
    return resolve_model(f"{provider}/{name}", **({} if address is None else {"base_url": address}))
