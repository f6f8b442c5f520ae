"""Finished runs that nobody compiled: invented people and raters, written with the writers that a compile uses."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from accord.app.results.measure import RatingColumn, measure_run
from accord.app.results.record import Report
from accord.app.results.run_ratings import write_ratings
from accord.app.results.trace_summary import describe_traces
from accord.app.results.verdict import verdict
from accord.app.review.material import write_material
from accord.data import Annotation, Corpus, Item, Ordinal, Splits
from accord.optimizers import Exhaust, GuidelineVersions, RejectionSampling, Traces
from accord.programs import Guideline, Prompt, Rater, Rating, scripted_lm

SCALE = Ordinal(1, 5, {1: "very bad", 5: "very good"})
WORDS = ("awful", "poor", "plain", "nice", "superb")
ATTACK = "<script>window.attacked = true</script><img src=x onerror='window.attacked = true'> & \"quotes\""


@dataclass(frozen=True)
class Kind:
    """How good the invented raters are, and what the run has.

    Attributes:
        train: Train items.
        test: Test items.
        trained: How often the compiled rater is right.
        zero_shot: How often the rater was right before.
        confidences: Whether the compiled rater says how sure it is.
        scored: Whether it scores between the labels.
        distilled: Whether a guideline was compiled in place of weights.
        words: Whether the texts tell the level, so that a baseline of words finds it too.
        attack: Whether an item's text, a reason and a rule are an attack on the page.
    """

    train: int = 40
    test: int = 150
    trained: float = 0.75
    zero_shot: float = 0.35
    confidences: bool = True
    scored: bool = False
    distilled: bool = False
    words: bool = False
    attack: bool = True


def corpus_of(name: str, count: int, chance: np.random.Generator, *, words: bool, attack: bool) -> Corpus:
    """Return items and five people who see their levels right more or less; a number or a word says the level."""
    items: list[Item] = []
    for number in range(count):
        level = int(chance.integers(1, 6))
        said = [int(np.clip(level + chance.choice((-1, 0, 0, 0, 1)), 1, 5)) for _ in range(5)]
        filler = " and so on" * int(chance.integers(0, 12))
        told = WORDS[level - 1] if words else f"number {5 * number + level}"
        text = f"{name} {number}: the soup was {told}{filler}."
        if attack and number < 3:
            text += f" {ATTACK}"
        people = tuple(Annotation(f"p{who}", label) for who, label in enumerate(said))
        items.append(Item(f"{name}-{number}", {"text": text}, people, sorted(said)[2]))
    return Corpus(items, SCALE, ("text",))


def write_run(folder: Path, kind: Kind | None = None) -> Report:
    """Write a run directory, and return its report."""
    kind = Kind() if kind is None else kind
    chance = np.random.default_rng(0)
    sizes = {"train": kind.train, "dev": 30, "test": kind.test}
    splits = Splits(
        *(corpus_of(name, count, chance, words=kind.words, attack=kind.attack) for name, count in sizes.items())
    )
    folder.mkdir(parents=True, exist_ok=True)
    traces = draw(splits.train)
    traces.to_parquet(folder / "traces.parquet")
    write_material(folder / "review.parquet", traces, task="soups")
    name = "rubric" if kind.distilled else "trace"
    answers = [
        _answer(name, "candidate", splits.test, kind.trained, chance, kind),
        _answer("label", "candidate", splits.test, 0.5, chance),
        _answer("zero-shot", "zero-shot", splits.test, kind.zero_shot, chance),
        _answer("prompted teacher", "teacher", splits.test, 0.6, chance),
    ]
    evaluation = measure_run(answers, name, splits.train, splits.test)
    write_ratings(folder / "ratings.parquet", evaluation.answers, splits.test)
    found = traces.utilization()
    found_out = verdict(evaluation.rows, evaluation.comparisons, name, tried=[name, "label"], luck=found.warning)
    _write_training(folder, name)
    extra = _write_guidelines(folder, kind)
    report = Report(
        task="soups",
        scale=SCALE.to_dict(),
        splits={name: {"items": size, "groups": size, "reads": 1} for name, size in sizes.items()},
        traces=describe_traces(traces, found),
        rows=evaluation.rows,
        comparisons=evaluation.comparisons,
        chosen=name,
        seconds={"drawing traces": 12.3, "compiling": 45.6},
        candidates=tuple(
            {
                "name": one,
                "items": 30,
                "chosen": one == name,
                "dev": {},
                "details": {"seconds": 3.5, "tokens": 1000 + at},
            }
            for at, one in enumerate((name, "label"))
        ),
        verdict=found_out,
        extra=extra,
    )
    report.write(folder / "report.json")
    return report


def draw(train: Corpus) -> Traces:
    """Draw traces with a teacher that reads the word, and is off now and then."""

    def script(prompt: Prompt, draw: int) -> str:
        asked = prompt.turns[-1].content
        found = re.search(r"the soup was (?:number (\d+)|(\w+))", asked)
        if found is None:
            return "no soup"
        level = WORDS.index(found[2]) + 1 if found[1] is None else (int(found[1]) - 1) % 5 + 1
        off = (len(asked) * 7 + draw * 3) % 5
        label = min(max(level + (1 if off == 0 else 0), 1), 5) if len(asked) % 4 else 6 - level
        return f"Reason: draw {draw} finds the soup {WORDS[label - 1]}.\nLabel: {label}"

    rater = Rater(SCALE, Guideline("How good was the soup?"), fields=("text",), lm=scripted_lm(script))
    return RejectionSampling(4, stop=Exhaust()).infer(rater, trainset=train.examples())


def _answer(
    name: str,
    kind: Any,
    test: Corpus,
    right: float,
    chance: np.random.Generator,
    saved: Kind | None = None,
) -> RatingColumn:
    confidences, attack = (False, False) if saved is None else (saved.confidences, saved.attack)
    ratings: list[Rating] = []
    for number, (item, gold) in enumerate(zip(test, test.golds(), strict=True)):
        sure = float(chance.uniform(0.3, 1.0))
        hit = bool(chance.random() < (right * sure / 0.65 if confidences else right))
        label = int(gold) if hit else int(chance.integers(1, 6))
        reason = f"{name} finds it {WORDS[label - 1]}." + (f" {ATTACK}" if attack and number < 3 else "")
        unparsed = number % 40 == 39
        ratings.append(
            Rating(
                item.id,
                None if unparsed else label,
                reason,
                "no_label" if unparsed else "",
                distribution={label: sure} if confidences and not unparsed else None,
            )
        )
    labels = [one.label for one in ratings]
    if saved is None or not saved.scored:
        return RatingColumn(name, kind, labels, ratings=ratings)
    moved = chance.uniform(-0.4, 0.4, len(labels))
    scores = [
        None if label is None else float(np.clip(label + by, 1, 5)) for label, by in zip(labels, moved, strict=True)
    ]
    return RatingColumn(name, kind, labels, scores, ratings)


def _write_training(folder: Path, name: str) -> None:
    for at, one in enumerate((name, "label")):
        place = folder / "training" / f"{one}-0123456789ab"
        place.mkdir(parents=True)
        lines = [{"step": step, "steps": 60, "loss": 3 / step + 0.5 + at / 10} for step in range(1, 61)]
        lines += [{"step": step, "steps": 60, "loss": 1.0, "dev_loss": 2 / step + 0.7} for step in (30, 60)]
        (place / "progress.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
        (place / "done.json").write_text(json.dumps({"seconds": 3.5, "tokens": 1000 + at}), encoding="utf-8")


def _write_guidelines(folder: Path, kind: Kind) -> dict[str, Any]:
    old = Guideline("How good was the soup?")
    (folder / "rater").mkdir()
    (folder / "rater" / "guideline.md").write_text(old.to_markdown(), encoding="utf-8")
    if not kind.distilled:
        return {}
    new = Guideline(f"How good was the soup? Warm soups are better. {ATTACK if kind.attack else ''}")
    versions = GuidelineVersions(folder / "guidelines")
    versions.add(old, "given")
    versions.add(new, "distilled")
    (folder / "rater" / "guideline.md").write_text(new.to_markdown(), encoding="utf-8")
    difference = {"value": 0.2, "low": 0.1, "high": 0.3, "level": 0.95}
    drafts = [
        {"name": "original", "outcome": "beaten", "why": "another draft is better", "alpha": 0.4, "tokens": 5},
        {"name": "rubric", "outcome": "chosen", "why": "best", "alpha": 0.6, "tokens": 9, "difference": difference},
    ]
    return {"drafts": drafts}
