"""Knows what `bench_guidelines` compiles and rates, and keeps one record of each; makes no tables.

A record that is there is not made again, and what a stopped run had rated or written is found in the journal.
"""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dspy
from objectives_tasks import Items, Task
from objectives_teacher import Teacher, report

from accord.data import Corpus, Journal, Label, Splits, constant, one_human, tfidf_baseline
from accord.optimizers import DistillGuideline
from accord.programs import Candidate, Rater, Ratings, forced_choice

SEED = 0
ZERO_SHOT, FORCED = "zero-shot", "zero-shot, forced label"
TEACHER, CONSTANT, TFIDF, ONE_HUMAN = (
    "three invented cases",
    "constant",
    "TF-IDF + ridge",
    "one human against the others",
)


@dataclass(frozen=True)
class Sizes:
    """How many items of each kind are used, the first ones of a fixed order."""

    train: int
    dev: int
    test: int


@dataclass(frozen=True)
class Bench:
    """What is compiled from what, for one corpus.

    Attributes:
        task: The corpus; the guideline is the one that it tells its student.
        items: Which of its items.
        sizes: How many of them.
        teacher: Whose draws are the traces.
        folder: Where records, journals and guidelines are kept.
        lms: The raters' models, by the name they have in tables.
        writer: Who writes in `two_stage`; None leaves it out.
        policy: Further options of `DistillGuideline`.
    """

    task: Task
    items: Items
    sizes: Sizes
    teacher: Teacher
    folder: Path
    lms: dict[str, dspy.LM]
    writer: dspy.LM | None
    policy: dict[str, Any] = field(default_factory=dict)

    def cut(self) -> Splits:
        """Return train, dev and test items; train and dev come from those that the teacher drew for first."""
        corpus = self.task.corpus
        train, dev, _ = corpus.select(self.items.pool).split(dev=self.sizes.dev, test=0, seed=SEED)
        return Splits(train[: self.sizes.train], dev, corpus.select(self.items.test[: self.sizes.test]))

    def record_path(self, rater: str, arm: str) -> Path:
        """Return where a record is kept; the sizes are part of its name."""
        sizes = f"{self.sizes.train}-{self.sizes.dev}-{self.sizes.test}"
        return self.folder / "records" / sizes / f"{rater}, {arm}.json".replace(", ", "-").replace(" ", "_")

    def keep(self, rater: str, arm: str, record: dict[str, Any]) -> None:
        """Write a record at once."""
        path = self.record_path(rater, arm)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".part")
        fresh.write_text(json.dumps({"rater": rater, "arm": arm, **record}), encoding="utf-8")
        fresh.replace(path)


def references(bench: Bench) -> None:
    """Rate with what needs no model, and read the teacher's own ratings; all of it is quick."""
    train, _, test = bench.cut()
    fill = constant(train.golds(), test.scale)
    texts = [[item.text for item in part] for part in (train, test)]
    bench.keep("", CONSTANT, {"labels": [fill] * len(test), "fill": fill})
    found = tfidf_baseline(texts[0], train.golds(), texts[1], test.scale, SEED)
    bench.keep("", TFIDF, {"labels": found, "fill": fill})
    human = one_human(test, seed=SEED)
    bench.keep("", ONE_HUMAN, {"labels": human.ratings, "gold": human.gold, "items": human.items, "fill": fill})
    rated = _timed(lambda: bench.teacher.ratings(test))
    bench.keep("", TEACHER, {**rated, "fill": fill, "prompt_tokens": prompt_tokens(bench.teacher.rater, test)})
    traces = bench.teacher.traces(train)
    levels = Counter(test.scale.write(trace["label"]) for trace in traces)
    told = {
        "draws": traces.utilization().draws,
        "traces": len(traces),
        "items": len(train),
        "by_level": dict(sorted(levels.items())),
    }
    bench.keep("", "traces", {**told, "by": traces.source.model})


def run_rater(bench: Bench, name: str, modes: list[str]) -> None:
    """Make the records of one rater that are missing: without and with each mode's guideline."""
    splits = bench.cut()
    student = Rater(bench.task.corpus.scale, bench.task.student, fields=bench.task.corpus.fields, lm=bench.lms[name])
    fill = constant(splits.train.golds(), splits.train.scale)
    with Journal(bench.folder / "ratings.sqlite") as journal:
        for arm, rate_all in (
            (ZERO_SHOT, lambda: student.rate(splits.test, journal=journal, progress=report)),
            (FORCED, lambda: forced_choice(student, splits.test, journal=journal)),
        ):
            if not bench.record_path(name, arm).exists():
                tokens = prompt_tokens(student, splits.test)
                bench.keep(name, arm, {**_timed(rate_all), "fill": fill, "prompt_tokens": tokens})
        for mode in modes:
            if mode == "two_stage" and bench.writer is None:
                print(f"{name}: two_stage is left out, --writer names nobody")
            elif not bench.record_path(name, mode).exists():
                print(f"{bench.task.name}, {name}: {mode}", flush=True)
                bench.keep(name, mode, _distilled(bench, name, mode, student, splits, fill, journal))


def _distilled(
    bench: Bench, name: str, mode: Any, student: Rater, splits: Splits, fill: Label, journal: Journal
) -> dict[str, Any]:
    """Compile, and rate test with what came back and with the draft that did best on dev, accepted or not."""
    began, cpu = time.perf_counter(), time.process_time()
    compiled = DistillGuideline(
        mode,
        writer=bench.writer if mode == "two_stage" else None,
        seed=SEED,
        journal=journal,
        progress=report,
        **bench.policy,
    ).compile(student, trainset=bench.teacher.traces(splits.train), valset=splits.dev.examples())
    record: dict[str, Any] = {
        "fill": fill,
        "chosen": compiled.provenance["chosen"],
        "skipped": compiled.provenance["skipped"],
        "dropped": compiled.provenance["dropped"],
        "compile_seconds": round(time.perf_counter() - began, 1),
        "compile_cpu_seconds": round(time.process_time() - cpu, 1),
        "drafts": [_draft(candidate, splits.dev) for candidate in compiled.candidates],
    }
    drafts = [candidate for candidate in compiled.candidates if candidate.name != "original"]
    if not drafts:
        return record
    best = max(drafts, key=_dev_alpha)
    record["best"] = best.name
    folder = bench.folder / "guidelines"
    folder.mkdir(parents=True, exist_ok=True)
    told = best.rater.guideline.to_markdown()
    (folder / f"{name}-{mode}-{best.name}.md".replace(" ", "_")).write_text(told, encoding="utf-8")
    chosen = next(candidate for candidate in compiled.candidates if candidate.chosen)
    for key, rater in {"kept": chosen.rater, "tried": best.rater}.items():
        rated = _timed(lambda rater=rater: rater.rate(splits.test, journal=journal, progress=report))
        record[key] = {**rated, "fill": fill, "prompt_tokens": prompt_tokens(rater, splits.test)}
    return record


def _draft(candidate: Candidate, dev: Corpus) -> dict[str, Any]:
    """Return how a draft did on dev."""
    return {
        "name": candidate.name,
        "alpha": candidate.dev.metrics["alpha"].to_dict(),
        "difference": candidate.details.get("difference"),
        "unparsed": dict(candidate.details["unparsed"]),
        "prompt_tokens": prompt_tokens(candidate.rater, dev),
        "short_of_traces": candidate.details.get("short_of_traces"),
    }


def _dev_alpha(candidate: Candidate) -> float:
    alpha = candidate.dev.metrics["alpha"].value
    return float("-inf") if alpha is None else alpha


def prompt_tokens(rater: Any, corpus: Corpus) -> float:
    """Return the mean length of a request for these items, in tokens of the rater's own model."""
    engine = rater.lm.engine
    return round(sum(len(engine.encode(rater.prompt(item.fields))) for item in corpus) / len(corpus), 1)


def _timed(rate_all: Callable[[], Ratings]) -> dict[str, Any]:
    """Return the labels of ratings with what they cost; a stopped run's share is not in the seconds."""
    began, cpu = time.perf_counter(), time.process_time()
    ratings = rate_all()
    return {
        "labels": ratings.labels,
        "unparsed": dict(ratings.unparsed),
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
    }
