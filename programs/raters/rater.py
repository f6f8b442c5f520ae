"""Knows the rater: a DSPy program from an item's fields to a rationale and a label; not how it was compiled."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import dspy

from ...data import Agreement, Corpus, Item, Label, Scale, SetupError, agreement
from ..adapter import Completion, Order, Prompt, RaterAdapter, Reply, Template, checklist_of, make_signature, order_of
from ..directory import (
    RaterRecord,
    SplitAgreement,
    check_either,
    dev_agreement,
    rater_record,
    read_model,
    read_rater,
    single_agreement,
    write_rater,
)
from ..guideline import Case, Checklist, Guideline, parse_guideline
from ..rating import Ratings, Rule, Scoring, rate
from ..resolve_model import resolve_model
from .checklist_support import check_limits


@dataclass(frozen=True)
class Candidate:
    """One rater that a compile made and measured on dev.

    Attributes:
        name: What it is, e.g. ``trace`` or ``label``.
        rater: The rater itself.
        dev: Its agreement on the dev items.
        items: How many training items it was made from.
        chosen: Whether the gate chose it.
        details: Plain data, e.g. losses, seconds, training parameters.
    """

    name: str
    rater: "Rater"
    dev: Agreement
    items: int
    chosen: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


class Rater(dspy.Module):
    """Reads an item and rates it: ``rater(text="...") -> Prediction(rationale, label, unparsed)``.

    A reply without a readable label is data: ``label`` is None and ``unparsed`` says why. A rater that writes labels
    alone has an empty ``rationale``. The guideline's instruction and rubric are the signature's instructions and its
    cases are the demos, so DSPy's own optimizers can work on them.

    Examples:
        >>> from accord.data import Ordinal
        >>> rater = Rater(Ordinal(1, 5), Guideline("How friendly is the message?"), fields=("message",))
        >>> print(rater.prompt({"message": "Hello there!"}).turns[-1].content)
        <message>
        Hello there!
        </message>

    Args:
        scale: What labels there are.
        guideline: What the rater is told.
        fields: Names of the item's text fields.
        lm: A model's name (see `resolve_model`) or a `dspy.LM`; None leaves it to ``dspy.configure``.
        order: Whether the rationale comes before the label (so that the label can follow from it), after it, or not.
        scoring: Whether a rating is the label that the reply says (``mode``), or a score between the levels with the
            label nearest to it: a rule's name, or a `Scoring`. Predictions then also have ``score`` and
            ``distribution``.

    Raises:
        SetupError: If the fields, the order or the scoring do not suit.

    Attributes:
        scale: As given.
        scoring: As given, as a `Scoring`.
        adapter: Renders training rows and requests, and parses replies.
        candidates: What a compile tried on the way to this rater, best first; empty for a rater that was not compiled.
        provenance: Plain data on where this rater comes from; saved with it.
        measured: By split (``dev``, ``test``), how it and others agree with people; saved with it.
    """

    def __init__(
        self,
        scale: Scale,
        guideline: Guideline | None = None,
        *,
        fields: Sequence[str] = ("text",),
        lm: str | dspy.LM | None = None,
        order: Order = "rationale_label",
        scoring: Rule | Scoring = "mode",
    ) -> None:
        """Build the signature; no model is loaded before it is asked."""
        super().__init__()
        guideline = Guideline() if guideline is None else guideline
        self.scale = scale
        self.scoring = (scoring if isinstance(scoring, Scoring) else Scoring(scoring)).check(scale)
        check_limits(guideline, scale, order, self.scoring)
        self.adapter = RaterAdapter(scale)
        self.predict = dspy.Predict(make_signature(scale, fields, _instructions(guideline), order))
        self.predict.demos = _demos(guideline, scale)
        self.candidates: tuple[Candidate, ...] = ()
        self.provenance: dict[str, Any] = {}
        self.measured: Mapping[str, SplitAgreement] = {}
        if lm is not None:
            self.set_lm(resolve_model(lm))

    @property
    def signature(self) -> type[dspy.Signature]:
        """The DSPy signature: fields in, rationale and label out, the guideline as its instructions."""
        return cast(type[dspy.Signature], self.predict.signature)

    @property
    def own_lm(self) -> dspy.LM | None:
        """The rater's own model, None where it uses the configured one."""
        return cast("dspy.LM | None", self.predict.lm)

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the item's text fields."""
        return tuple(self.signature.input_fields)

    @property
    def order(self) -> Order:
        """Which outputs the rater writes, in which order."""
        return order_of(self.signature)

    @property
    def guideline(self) -> Guideline:
        """What the rater is told now, rewritten by an optimizer or not."""
        told = parse_guideline(self.signature.instructions)
        return told.with_cases(*(_case(demo, self.fields, self.scale) for demo in self.predict.demos))

    @property
    def checklist(self) -> Checklist | None:
        """What its model answers with yes or no; None where it writes a label."""
        return checklist_of(self.signature)

    @property
    def lm(self) -> dspy.LM:
        """The model that answers: the rater's own, else the configured one.

        Raises:
            SetupError: If there is none.
        """
        own = self.own_lm if self.own_lm is not None else dspy.settings.lm
        if own is None:
            cure = "Give Rater(..., lm='local'), or call dspy.configure(lm=...)."
            raise SetupError("the rater has no model", place="Rater", cure=cure)
        return own

    def variant(
        self,
        *,
        guideline: Guideline | None = None,
        lm: str | dspy.LM | None = None,
        order: Order | None = None,
        scoring: Rule | Scoring | None = None,
        template: Template | None = None,
    ) -> "Rater":
        """Return a rater that differs from this one in what is given; this one stays as it is.

        Args:
            guideline: What it is told.
            lm: Who answers.
            order: Which outputs it writes, in which order.
            scoring: How its rating comes about.
            template: The frame of its prompts and replies. A rater with another than the default is for audits; it
                cannot be saved.
        """
        made = Rater(
            self.scale,
            self.guideline if guideline is None else guideline,
            fields=self.fields,
            lm=self.own_lm if lm is None else lm,
            order=self.order if order is None else order,
            scoring=self.scoring if scoring is None else scoring,
        )
        made.adapter = RaterAdapter(self.scale, self.adapter.template if template is None else template)
        return made

    def forward(self, **fields: str) -> dspy.Prediction:
        """Rate one item given by its fields."""
        if self.scoring.rule != "mode":
            return self._scored(fields)
        with dspy.context(adapter=self.adapter):
            return self.predict(**fields)

    async def aforward(self, **fields: str) -> dspy.Prediction:
        """Rate one item, asynchronously."""
        if self.scoring.rule != "mode":
            return await asyncio.to_thread(self._scored, fields)
        with dspy.context(adapter=self.adapter):
            return await self.predict.acall(**fields)

    def _scored(self, fields: Mapping[str, str]) -> dspy.Prediction:
        """Rate one item as a corpus of one: a score takes more than the one reply that a DSPy predictor asks for."""
        (rating,) = self.rate(Corpus([Item("item", dict(fields))], self.scale, self.fields))
        unparsed = rating.unparsed if rating.label is None else None
        return dspy.Prediction(
            rationale="" if self.order == "label" else rating.rationale,
            label=rating.label,
            unparsed=unparsed,
            score=rating.score,
            distribution=rating.distribution,
        )

    def prompt(self, fields: Mapping[str, str]) -> Prompt:
        """Render the request for one item."""
        return self.adapter.prompt(self.signature, self.predict.demos, fields)

    def reply(self, rationale: str, label: Label) -> str:
        """Render the reply this rater should give: the completion of a training row.

        Raises:
            SetupError: If its guideline has a checklist and the rationale does not answer it.
        """
        return self.adapter.reply(self.signature, rationale, label)

    def statement(self, rationale: str, label: Label) -> str:
        """Render rationale and label, also where the model writes answers to a checklist and the label is computed."""
        return self.adapter.statement(self.signature, rationale, label)

    def read(self, completion: Completion) -> Reply:
        """Parse what came back for a `prompt`."""
        return self.adapter.read(completion, self.signature)

    def rate(self, corpus: Corpus, **options: Any) -> Ratings:
        """Rate all items of a corpus in batches; see `accord.programs.rate` for the options."""
        return rate(self, corpus, **options)

    def agreement(self, corpus: Corpus, *, fill: Label | None = None, **options: Any) -> Agreement:
        """Rate a corpus and say how far the ratings agree with its gold labels; scores count where numbers do.

        Args:
            corpus: Items with gold labels.
            fill: The label that stands in for an unparsed rating; None leaves those items out (and says so).
            **options: Handed to `rate`.
        """
        ratings = self.rate(corpus, **options)
        return agreement(
            ratings.labels,
            corpus.golds(),
            corpus.scale,
            scores=ratings.scores,
            groups=corpus.groups(),
            fill=fill,
        )

    def record(self, measured: Mapping[str, SplitAgreement]) -> RaterRecord:
        """Return what a directory keeps of the rater, with what was measured of it by split."""
        return RaterRecord(
            self.scale,
            self.guideline,
            self.fields,
            self.order,
            self.scoring,
            self.provenance,
            measured,
            self.own_lm,
            self.adapter.template,
        )

    # A rater is a directory with hashes, not DSPy's single state file, hence other parameters and a class method.
    def save(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, path: str | Path, *, agreement: Mapping[str, Agreement | SplitAgreement] | None = None
    ) -> None:
        """Write the rater as a directory that loads without the journal and the data it was compiled from.

        Candidates that were not chosen are left out, but their agreement on dev is kept.

        Args:
            path: Where to; a rater directory that is there is replaced.
            agreement: By split what was measured since, e.g. ``{"test": rater.agreement(test)}``. What is known already
                (dev of the candidates, what a loaded rater was saved with) is kept.

        Raises:
            InputError: If a file of its weights is damaged.
            SetupError: If `path` exists and is not a rater directory, an extra is missing, or the rater has another
                template than the default.
        """
        chosen = next((candidate.name for candidate in self.candidates if candidate.chosen), None)
        on_dev = {candidate.name: candidate.dev for candidate in self.candidates}
        splits = {} if chosen is None else {"dev": dev_agreement(on_dev, chosen, self.provenance)}
        splits.update(self.measured)
        for name, found in ({} if agreement is None else agreement).items():
            splits[name] = single_agreement(found) if isinstance(found, Agreement) else found
        write_rater(self.record(splits), Path(path))

    @classmethod
    def load(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls, path: str | Path, *, lm: str | dspy.LM | None = None, base: str | Path | None = None
    ) -> "Rater":
        """Read a rater that `save` wrote, after checking the hash of every file; nothing in it is unpickled or run.

        Args:
            path: The directory.
            lm: Replaces its model: a name, or an LM. A rater on a server of one's own is saved without the server's
                address, so it needs one (or ``dspy.configure``).
            base: Where its base model is now, if it was moved. Any folder with the same weights, configuration and
                tokenizer will do.

        Raises:
            InputError: If the directory is missing or incomplete, of a newer version, or a file's hash is wrong; if
                the base model is missing or another one than the adapter was made for.
            SetupError: If an extra is missing, or there is nothing that `base` could be the base of.
        """
        return loaded_rater(rater_record(Path(path)), Path(path), lm, base)


def loaded_rater(record: Mapping[str, Any], path: Path, lm: str | dspy.LM | None, base: str | Path | None) -> Rater:
    """Return the rater that a checked record describes; see `Rater.load`."""
    check_either(path, lm, base)
    kept = read_rater(record, path)
    rater = Rater(kept.scale, kept.guideline, fields=kept.fields, order=kept.order, scoring=kept.scoring)
    rater.provenance, rater.measured = dict(kept.provenance), kept.measured
    model = read_model(record, path, lm, base)
    if model is not None:
        rater.set_lm(model)
    return rater


def _instructions(guideline: Guideline) -> str:
    return guideline.with_cases().to_markdown()


def _demos(guideline: Guideline, scale: Scale) -> list[dspy.Example]:
    return [
        dspy.Example(**case.fields, rationale=case.rationale, label=scale.read(case.label, place=f"case {number}"))
        for number, case in enumerate(guideline.cases, start=1)
    ]


def _case(demo: Mapping[str, Any], fields: Sequence[str], scale: Scale) -> Case:
    shown = {name: str(demo[name]) for name in fields if name in demo}
    return Case(shown, str(demo.get("rationale") or ""), scale.write(scale.read(demo["label"])))
