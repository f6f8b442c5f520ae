"""Knows how traces become a better guideline: who proposes, what is kept, who decides; does not write a word itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import dspy

from ..data import Journal, SetupError, constant, opened
from ..programs import Candidate, Progress, Rater, Sampling, identity, resolve_model
from .budget import Budget, Drawer, Ledger
from .compiler import Compiler, check_examples
from .distillation import CaseChoice, ChecklistMode, Evidence, Extractive, GuidelineWriter, Subject, TwoStage
from .drafts import (
    Checks,
    Draft,
    Drafts,
    RuleRecord,
    SizeBudget,
    keeping_all,
    standing_rules,
    with_counter_examples,
    within,
)
from .embedders import Embed, resolve_embedder
from .gate import Accept, Gate, ablated, dev_corpus, outcomes_of, warnings_of
from .traces import Traces

_PLACE = "DistillGuideline"

_LEAST_LIMIT = 2000

Mode = Literal["two_stage", "extractive", "cases", "checklist"]


_CASES = {"two_stage": 0, "extractive": 1, "cases": 4, "checklist": 0}


class Proposer(Protocol):
    """What a mode of distillation does."""

    def drafts(self, evidence: Evidence) -> Drafts:
        """Return the guidelines that are worth measuring on dev."""
        ...


class DistillGuideline(Compiler):
    """Writes what the traces say into the guideline, and keeps it only if dev does not object.

    ==============  ================================================================================================
    ``two_stage``   a writer model turns traces into an instruction, and critiques of traces into a rubric (see
                    `TwoStage`); the recipe of the paper, and the default where there is a writer
    ``extractive``  sentences and cases are taken from the traces as they stand, without any writer (see `Extractive`)
    ``cases``       worked cases alone, more and more of them, chosen by coverage and difficulty (see `CaseChoice`)
    ``checklist``   yes/no questions whose answers make the label, written by a writer where there is one, else
                    critiques asked about as they stand; fitted on dev (see `ChecklistMode` and `cross_fitted`)
    ==============  ================================================================================================

    The best draft on dev replaces the ``original`` if a paired bootstrap says that it agrees better with people.
    Rules that people wrote into an earlier distilled guideline stay, whatever a writer makes of the rest.

    Args:
        mode: How drafts come about; None takes ``two_stage`` where there is a writer, else ``extractive``.
        writer: The writer model: a name (see `resolve_model`) or a `dspy.LM`.
        subject: What the guideline is about, in the words that the writer is told.
        instruction_traces: Traces of each level that an instruction is taken from.
        rubric_traces: Traces of each level whose critiques a rubric is taken from.
        subsets: Different subsets of traces that are drafted from.
        attempts: The most replies that the writer is asked for, for one part.
        max_tokens: What a draft may have at most with its worked cases, in tokens of the model that follows it (4 bytes
            each where its tokenizer is not at hand). A writer is asked for less, then the cheapest rules go (see
            `fitted`). None allows twice the student's and at least 2,000 where there is a writer, else any number.
        reply_tokens: The limit on a reply of the writer.
        critiques_per_level: The most critiques of a level.
        cases_per_level: The most cases of a level; None takes 1 (extractive) or 4 (cases).
        max_case_chars: Items whose texts and rationale are longer together do not become cases (extractive).
        embedder: Says which critiques, cases and counter-examples are alike: None (TF-IDF), the name of a model, a
            function from texts to an array, or a `dspy.Embedder`; see `resolve_embedder`.
        known: Rules of earlier distillations beside those in the student's provenance: what is in neither was written
            by people, once anything was distilled.
        raters: Models that are to follow the guideline, by name or as LMs: a draft is measured by their mean alpha.
            Where none is given it is the student's own.
        accept: What a draft has to show on dev: that it is ``better`` (beyond luck, whatever the number of drafts) or
            only ``not_worse`` (a higher alpha that the bootstrap does not call lower), see `Gate.choose`.
        ablate: The most rules of the best draft, if it passes, that are taken out one by one to see what each brings
            on dev, those with the least support first (see `ablated`); each costs one rating of dev. 0 tries none.
        seed: Of clustering, subsets and bootstrap, and part of the ratings' and replies' key in the journal.
        journal: Where dev ratings and the writer's replies are kept and found again: a path, an open `Journal`, None.
        resamples: Of the paired bootstrap.
        progress: Called with (done, total, note) as dev is rated.
    """

    def __init__(
        self,
        mode: Mode | None = None,
        *,
        writer: str | dspy.LM | None = None,
        subject: Subject | None = None,
        instruction_traces: int = 10,
        rubric_traces: int = 50,
        subsets: int = 1,
        attempts: int = 3,
        max_tokens: int | None = None,
        reply_tokens: int = 4096,
        critiques_per_level: int = 3,
        cases_per_level: int | None = None,
        max_case_chars: int = 1200,
        embedder: Embed = None,
        known: Sequence[RuleRecord] = (),
        raters: Sequence[str | dspy.LM] = (),
        accept: Accept = "better",
        ablate: int = 8,
        seed: int = 0,
        journal: Journal | str | Path | None = None,
        resamples: int = 2000,
        progress: Progress | None = None,
    ) -> None:
        """Keep the policy.

        Raises:
            SetupError: If the mode does not exist or lacks its writer, a number makes no sense, or the embedder's
                package or folder is missing.
        """
        super().__init__()
        mode = mode if mode is not None else "extractive" if writer is None else "two_stage"
        if mode not in get_args(Mode):
            raise SetupError(f"mode={mode!r}", place=_PLACE, cure=f"Give one of {', '.join(get_args(Mode))}.")
        if accept not in get_args(Accept):
            raise SetupError(f"accept={accept!r}", place=_PLACE, cure=f"Give one of {', '.join(get_args(Accept))}.")
        if mode == "two_stage" and writer is None:
            cure = "Give writer='openai/gpt-4o-mini' or another model, or mode='extractive'."
            raise SetupError("'two_stage' needs a writer model", place=_PLACE, cure=cure)
        _at_least(
            0,
            critiques_per_level=critiques_per_level,
            cases_per_level=0 if cases_per_level is None else cases_per_level,
            max_case_chars=max_case_chars,
            resamples=resamples,
            ablate=ablate,
        )
        _at_least(
            1,
            instruction_traces=instruction_traces,
            rubric_traces=rubric_traces,
            subsets=subsets,
            attempts=attempts,
            reply_tokens=reply_tokens,
        )
        cases_per_level = _CASES[mode] if cases_per_level is None else cases_per_level
        if mode == "checklist" and cases_per_level > 0:
            cure = "Leave cases_per_level out, or give another mode."
            raise SetupError("a checklist goes without worked cases", place=_PLACE, cure=cure)
        if mode == "checklist" and critiques_per_level == 0:
            raise SetupError("'checklist' is to ask nothing", place=_PLACE, cure="Give critiques_per_level=3 or so.")
        if mode != "two_stage" and cases_per_level == 0 and (mode == "cases" or critiques_per_level == 0):
            cure = "Give critiques_per_level=3, cases_per_level=1 or both."
            raise SetupError(f"{mode!r} is to add nothing", place=_PLACE, cure=cure)
        self.mode: Mode = mode
        self.writer = writer
        self.subject = Subject() if subject is None else subject
        self.instruction_traces = instruction_traces
        self.rubric_traces = rubric_traces
        self.subsets = subsets
        self.attempts = attempts
        self.max_tokens = max_tokens
        self.reply_tokens = reply_tokens
        self.critiques_per_level = critiques_per_level
        self.cases_per_level = cases_per_level
        self.max_case_chars = max_case_chars
        self.embedder = resolve_embedder(embedder)
        self.known = tuple(known)
        self.raters = tuple(raters)
        self.accept: Accept = accept
        self.ablate = ablate
        self.seed = seed
        self.journal = journal
        self.resamples = resamples
        self.progress = progress

    def compile(
        self, student: Any, *, trainset: Sequence[Any], valset: Sequence[Any] | None = None, teacher: Any = None
    ) -> Rater:
        """Return the student with the guideline that agrees best with people on dev.

        Args:
            student: The rater to start from; its model rates dev. Left unchanged.
            trainset: `Traces`, or labelled examples of which some have a ``rationale``.
            valset: Labelled examples that the candidates are compared on; required.
            teacher: Not used: nothing is drawn here.

        Returns:
            The chosen rater. ``candidates`` has all that were rated, the chosen one first; ``provenance`` every rule
            and case of the chosen one with the items it comes from, what was dropped and why.

        Raises:
            SetupError: If there is no valset or it shares items with the trainset, a model is missing, the scale has
                no levels, no example has a rationale, or the embedder does not return vectors.
            InputError: If an example does not fit the student.
        """
        traces = trainset if isinstance(trainset, Traces) else None
        given = trainset if traces is None else [*traces, *traces.unexplained()]
        examples = check_examples(student, given, "trainset")
        if student.checklist is not None and self.cases_per_level > 0:
            cure = "Give cases_per_level=0 or mode='checklist', or take '## Checklist' out of the student's guideline."
            raise SetupError("cases show reasoning, and the student answers a checklist", place=_PLACE, cure=cure)
        dev = dev_corpus(student, examples, valset)
        lms = {} if not self.raters else {identity(lm): lm for lm in map(resolve_model, self.raters)}
        models = list(lms) if lms else [identity(student.lm)]
        evidence = Evidence(student, tuple(examples), traces).checked()
        evidence = replace(evidence, embedder=self.embedder.checked())
        before = standing_rules(student, self.known)
        with opened(self.journal) as journal:
            budget = self._budget(student, lms)
            proposed = self._proposer(evidence, journal, budget).drafts(evidence)
            proposed = within(budget, keeping_all(proposed, before), student.scale)
            drafts = list(proposed.drafts)
            if traces is not None:
                alike = evidence.embedder
                drafts = [replace(draft, rules=with_counter_examples(draft.rules, traces, alike)) for draft in drafts]
            fill = constant([example["label"] for example in examples], student.scale)
            gate = Gate(dev, fill, self.resamples, self.seed, journal, self.progress, lms, self.accept)
            ranked = self._ranked(gate, [Draft("original", student.variant(), before), *drafts])
        ranked = tuple(
            replace(one, details={**one.details, "tokens": budget.tokens(one.rater.guideline)}) for one in ranked
        )
        best = ranked[0].rater
        best.candidates = ranked
        parts = {"instruction": self.instruction_traces, "rubric": self.rubric_traces}
        wanted = parts if self.mode == "two_stage" else {}
        if self.mode == "checklist" and self.writer is not None:
            wanted = {"checklist": self.rubric_traces}
        best.provenance = {
            "compiler": _PLACE,
            "mode": self.mode,
            "embedder": self.embedder.name,
            "model": models[0],
            **({"models": models} if lms else {}),
            "guideline": student.guideline.hash,
            # What the student came from, without what that came from in its turn: its guideline's history has the rest.
            "student": {name: value for name, value in student.provenance.items() if name != "student"},
            **outcomes_of(ranked, proposed, dev),
            "warnings": warnings_of(len(dev), ranked, drafts, list(evidence.short(evidence.rationales, 1)), wanted),
        }
        return best

    def _ranked(self, gate: Gate, drafts: Sequence[Draft]) -> tuple[Candidate, ...]:
        """Measure the drafts, see which rules of one that passes dev would not miss, and let the gate choose."""
        tried = gate.measure(drafts)
        best = max(tried[1:], key=lambda one: one.mean, default=tried[0])
        # The draft without them is one more to allow for, so this one has to pass with it beside it.
        if self.ablate and best is not tried[0] and gate.passes(best, tried[0], len(drafts)):
            found = ablated(gate, best, self.ablate)
            tried = [found.whole if one is best else one for one in tried]
            if found.pruned is not None:
                tried.insert(1, found.pruned)  # where the two agree alike the shorter one is chosen
        return gate.choose(tried)

    def _budget(self, student: Rater, lms: Mapping[str, dspy.LM]) -> SizeBudget:
        """Return what a draft may have in tokens of the models that follow it."""
        budget = SizeBudget.of(self.max_tokens, lms.values() if lms else [student.lm])
        if self.max_tokens is not None or self.writer is None:
            return budget
        return replace(budget, most=max(_LEAST_LIMIT, 2 * budget.tokens(student.guideline)))

    def _proposer(self, evidence: Evidence, journal: Journal | None, budget: SizeBudget) -> Proposer:
        if self.mode == "cases":
            return CaseChoice(self.cases_per_level, self.max_case_chars)
        if self.mode == "extractive":
            return Extractive(self.critiques_per_level, self.cases_per_level, self.max_case_chars, self.seed)
        if self.writer is None:
            return ChecklistMode(self.critiques_per_level, self.seed)
        student, lm = evidence.student, resolve_model(self.writer)
        sampling = Sampling(temperature=0.0, max_tokens=self.reply_tokens, seed=self.seed)
        drawer = Drawer(lm, sampling, journal=journal, ledger=Ledger(Budget(), None))
        checks = Checks(student.scale, evidence.guard, self.subject.others, self.subject.dimension, budget)
        stages = TwoStage(
            GuidelineWriter(drawer.many, student.scale, self.subject, checks, self.attempts),
            self.instruction_traces,
            self.rubric_traces,
            self.critiques_per_level,
            self.subsets,
            self.seed,
        )
        return ChecklistMode(self.critiques_per_level, self.seed, stages) if self.mode == "checklist" else stages


def _at_least(low: int, **numbers: int) -> None:
    for name, number in numbers.items():
        if number < low:
            raise SetupError(f"{name}={number}", place=_PLACE, cure=f"Give {low} or more.")
