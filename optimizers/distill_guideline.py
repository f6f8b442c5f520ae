"""Knows how traces become a better guideline without any writer model; does not know how traces are drawn."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dspy

from ..data import Corpus, Journal, Label, Scale, SetupError, constant, opened
from ..programs import Candidate, Case, Guideline, Progress, Rater, identity
from .base import Compiler, check_examples
from .critiques import Critique, Rationale, clusters, critiques, vectorizer_of
from .dev import dev_corpus, item_id
from .guideline_gate import Gate
from .leak_guard import LeakGuard
from .traces import Traces

_PLACE = "DistillGuideline"


class DistillGuideline(Compiler):
    """Writes what the traces say about each level into the guideline, and keeps it only if dev does not object.

    The extractive mode needs no LLM but the one that rates dev. It makes up to three candidates, none of which touches
    the student's instruction:

    - ``rubric``: the student's rubric, and below it for each level the sentences of rationales that stand for a cluster
      of like sentences, with the number of items that have one;
    - ``cases``: the student's cases, and for each level the item most like the others of that level, with its trace;
      the rubric stays as it is;
    - ``both``.

    The best on dev replaces the ``original`` if it has a higher alpha and the paired bootstrap does not call it worse.

    Args:
        mode: How rules are written; only ``extractive`` exists so far.
        critiques_per_level: The most sentences of a level.
        cases_per_level: The most cases of a level.
        max_case_chars: Items whose texts and rationale are longer together do not become cases.
        seed: Of clustering and bootstrap, and part of the dev ratings' key in the journal.
        journal: Where dev ratings are kept and found again: a path, an open `Journal`, or None.
        resamples: Of the paired bootstrap.
        progress: Called with (done, total, note) as dev is rated.
    """

    def __init__(
        self,
        mode: str = "extractive",
        *,
        critiques_per_level: int = 3,
        cases_per_level: int = 1,
        max_case_chars: int = 1200,
        seed: int = 0,
        journal: Journal | str | Path | None = None,
        resamples: int = 2000,
        progress: Progress | None = None,
    ) -> None:
        """Keep the policy.

        Raises:
            SetupError: If the mode does not exist yet, or a number makes no sense.
        """
        super().__init__()
        if mode != "extractive":
            cure = "Use mode='extractive', which needs no writer model."
            raise SetupError(f"mode={mode!r}: only 'extractive' exists so far", place=_PLACE, cure=cure)
        numbers = {
            "critiques_per_level": critiques_per_level,
            "cases_per_level": cases_per_level,
            "max_case_chars": max_case_chars,
            "resamples": resamples,
        }
        for name, number in numbers.items():
            if number < 0:
                raise SetupError(f"{name}={number}", place=_PLACE, cure="Give 0 or more.")
        if critiques_per_level == 0 and cases_per_level == 0:
            cure = "Give critiques_per_level=3, cases_per_level=1 or both."
            raise SetupError("neither critiques nor cases are wanted", place=_PLACE, cure=cure)
        self.mode = mode
        self.critiques_per_level = critiques_per_level
        self.cases_per_level = cases_per_level
        self.max_case_chars = max_case_chars
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
            SetupError: If there is no valset or it shares items with the trainset, the student has no model, the scale
                has no levels, or no example has a rationale.
            InputError: If an example does not fit the student.
        """
        given = [*trainset, *trainset.unexplained()] if isinstance(trainset, Traces) else trainset
        examples = check_examples(student, given, "trainset")
        dev = dev_corpus(student, examples, valset)
        model = identity(student.lm)
        levels = _levels(student.scale)
        explained = sorted((e for e in examples if e.get("rationale")), key=lambda e: item_id(student, e))
        if not explained:
            cure = "Give the traces that RejectionSampling(...).infer(...) returns."
            raise SetupError("no example of the trainset has a rationale", place=_PLACE, cure=cure)
        guard = LeakGuard(str(example[name]) for example in examples for name in student.fields)
        rules, dropped = self._rules(student, explained, levels, guard)
        cases, too_long = self._cases(student, explained, levels)
        drafts, skipped = _drafts(student, rules, cases)
        golds = [example["label"] for example in examples]
        ranked = self._ranked(drafts, dev, constant(golds, student.scale))
        best = ranked[0].rater
        best.candidates = ranked
        best.provenance = {
            "compiler": _PLACE,
            "mode": self.mode,
            "model": model,
            "guideline": student.guideline.hash,
            "student": dict(student.provenance),
            "chosen": ranked[0].name,
            "items": ranked[0].items,
            **ranked[0].details,
            "dropped": {"sentences": dict(dropped), "cases": {"too long": too_long} if too_long else {}},
            "skipped": skipped,
            "dev": {"corpus": dev.hash, "items": len(dev), "alpha": ranked[0].dev.metrics["alpha"].value},
        }
        return best

    def _rules(
        self, student: Rater, explained: Sequence[dspy.Example], levels: Sequence[Label], guard: LeakGuard
    ) -> tuple[list[Critique], Mapping[str, int]]:
        rationales = [Rationale(item_id(student, e), e["label"], str(e["rationale"])) for e in explained]
        return critiques(rationales, levels, per_level=self.critiques_per_level, guard=guard, seed=self.seed)

    def _cases(
        self, student: Rater, explained: Sequence[dspy.Example], levels: Sequence[Label]
    ) -> tuple[list[tuple[str, Case]], int]:
        """Return the cases with their items' ids, by level, and how many items were too long to be one."""
        made = [(item_id(student, example), _case(student, example)) for example in explained]
        fitting = [(id, case) for id, case in made if _length(case) <= self.max_case_chars]
        chosen: list[tuple[str, Case]] = []
        if self.cases_per_level == 0 or not fitting:
            return chosen, len(made) - len(fitting)
        vectorizer = vectorizer_of([_text(case) for _, case in fitting])
        for level in levels:
            own = [pair for pair in fitting if pair[1].label == student.scale.write(level)]
            if own:
                vectors = vectorizer.transform([_text(case) for _, case in own])
                groups = clusters(vectors, self.cases_per_level, self.seed)
                largest = sorted(groups, key=lambda rows: (-len(rows), own[rows[0]][0]))
                chosen += [own[rows[0]] for rows in largest]
        return chosen, len(made) - len(fitting)

    def _ranked(self, drafts: Sequence["_Draft"], dev: Corpus, fill: Label) -> tuple[Candidate, ...]:
        with opened(self.journal) as journal:
            return Gate(dev, fill, self.resamples, self.seed, journal, self.progress).choose(drafts)


_Draft = tuple[str, Rater, int, Mapping[str, Any]]
"""Name, rater, number of training items, details: what `Gate.choose` takes."""


def _drafts(
    student: Rater, rules: Sequence[Critique], cases: Sequence[tuple[str, Case]]
) -> tuple[list[_Draft], dict[str, str]]:
    """Return the candidates, the original first, and why others were not made."""
    told = student.guideline
    rubric = _rubric(told.rubric, rules, student.scale)
    shown = (*told.cases, *(case for _, case in cases))
    drafts: list[_Draft] = [("original", student.variant(), 0, {})]
    skipped: dict[str, str] = {}
    wanted = {
        "rubric": (Guideline(told.instruction, rubric, told.cases), rules, ()),
        "cases": (Guideline(told.instruction, told.rubric, shown), (), cases),
        "both": (Guideline(told.instruction, rubric, shown), rules, cases),
    }
    for name, (guideline, own_rules, own_cases) in wanted.items():
        if name != "cases" and not rules:
            skipped[name] = "no sentence is left"
        elif name != "rubric" and not cases:
            skipped[name] = "no case is left"
        else:
            items = {id for rule in own_rules for id in rule.sources} | {id for id, _ in own_cases}
            details = {
                "rules": [_describe(rule, student.scale) for rule in own_rules],
                "cases": [{"item": id, "level": case.label} for id, case in own_cases],
            }
            drafts.append((name, student.variant(guideline=guideline), len(items), details))
    return drafts, skipped


def _rubric(rubric: str, rules: Sequence[Critique], scale: Scale) -> str:
    """Add the critiques below the rubric, level by level."""
    levels = list(dict.fromkeys(rule.level for rule in rules))
    parts = [rubric] if rubric else []
    parts.append("What was said of items of each label, with the number of items it was said of:")
    for level in levels:
        lines = [f"- {rule.text} ({_items(rule.support)})" for rule in rules if rule.level == level]
        parts.append("\n".join([f"### {scale.write(level)}", *lines]))
    return "\n\n".join(parts)


def _items(count: int) -> str:
    return f"{count} item" if count == 1 else f"{count} items"


def _describe(rule: Critique, scale: Scale) -> dict[str, Any]:
    return {
        "level": scale.write(rule.level),
        "text": rule.text,
        "item": rule.item_id,
        "support": rule.support,
        "sources": list(rule.sources),
    }


def _case(student: Rater, example: dspy.Example) -> Case:
    fields = {name: str(example[name]) for name in student.fields}
    return Case(fields, str(example["rationale"]), student.scale.write(example["label"]))


def _text(case: Case) -> str:
    return "\n\n".join(case.fields.values())


def _length(case: Case) -> int:
    return len(_text(case)) + len(case.rationale)


def _levels(scale: Scale) -> tuple[Label, ...]:
    if scale.levels is None:
        cure = "Cut the labels into levels first, see Corpus.cut, or give the scale a step."
        raise SetupError("the scale has no levels to write rules for", place=_PLACE, cure=cure)
    return scale.levels
