"""Knows where the paraphrases of an audit come from: files, a writer, or neither; does not know who follows them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import dspy

from ...data import Journal, SetupError
from ...optimizers import Bill, Ledger, budgeted, unasked
from ...programs import (
    Guideline,
    Paraphrases,
    Rater,
    mechanical_paraphrases,
    price_of,
    resolve_model,
    write_paraphrases,
)
from ..console import Console
from .plan import AuditOptions


@dataclass(frozen=True)
class Foreseen:
    """The paraphrases that an audit will use, as far as they are known.

    Attributes:
        guidelines: By name; one that is still to be written is the guideline itself with a number behind it, which is
            about as long.
        calls: Requests to the writer.
    """

    guidelines: Mapping[str, Guideline]
    calls: int


def foresee(rater: Rater, options: AuditOptions, journal: Journal | None) -> Foreseen:
    """Find the paraphrases that are there already; nobody is asked.

    Raises:
        InputError: If a file cannot be read.
        SetupError: If two files have one name, or the writer cannot be had.
    """
    known = dict(_given(rater.guideline, options))
    if options.writer is None:
        return Foreseen(known, 0)
    nobody, wanted = unasked(resolve_model(options.writer))
    written = _written(rater, nobody, options, journal)
    missing = options.written - len(written.guidelines) if wanted.calls else 0
    stand_ins = {
        f"unwritten {number}": replace(rater.guideline, instruction=f"{rater.guideline.instruction}\n\n({number})")
        for number in range(1, missing + 1)
    }
    return Foreseen({**known, **written.guidelines, **stand_ins}, wanted.calls)


@dataclass(frozen=True)
class Had:
    """The paraphrases of an audit.

    Attributes:
        paraphrases: What there is, and what could not be used.
        cost: What the writer cost.
    """

    paraphrases: Paraphrases
    cost: Bill


def have_paraphrases(rater: Rater, options: AuditOptions, journal: Journal, console: Console) -> Had:
    """Read the files, or let the writer write, within the budget; without either take the mechanical ones.

    Raises:
        InputError: If a file cannot be read.
        SetupError: If two files have one name, or the writer cannot be had.
    """
    given = _given(rater.guideline, options)
    if options.writer is None:
        return Had(Paraphrases(given, {}), Bill())
    lm = resolve_model(options.writer)
    ledger = Ledger(options.budget, price_of(lm), model=str(lm.model))
    with console.stage("writing paraphrases"):
        told = _written(rater, budgeted(lm, ledger), options, journal)
    return Had(Paraphrases({**given, **told.guidelines}, told.failures), ledger.spent)


def _written(rater: Rater, lm: dspy.LM, options: AuditOptions, journal: Journal | None) -> Paraphrases:
    return write_paraphrases(rater.guideline, lm, options.written, rater.scale, seed=options.seed, journal=journal)


def _given(own: Guideline, options: AuditOptions) -> Mapping[str, Guideline]:
    """Return the paraphrases that are files; the mechanical ones where there are neither files nor a writer."""
    found: dict[str, Guideline] = {}
    for path in options.paraphrases:
        if path.stem in found:
            raise SetupError(f"two files are called {path.stem!r}", place=str(path), cure="Rename one of them.")
        read = Guideline.from_markdown(path)
        found[path.stem] = replace(own, instruction=read.instruction, rubric=read.rubric)
    return found if found or options.writer is not None else mechanical_paraphrases(own)
