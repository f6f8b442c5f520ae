"""Knows how the teachers of `bench_objectives` draw: once for every item, all draws, kept in one journal a corpus."""

from dataclasses import dataclass, replace
from pathlib import Path

import dspy
from objectives_tasks import DEV, Items, Task, choose_items

from accord.data import Corpus, Journal, Source
from accord.optimizers import DistillGuideline, Exhaust, RejectionSampling, Traces
from accord.programs import Rater, Ratings, Sampling, identity

MAX_TOKENS = 80
SEED = 0


@dataclass(frozen=True)
class Teacher:
    """Who explains the labels of one corpus, and where its draws are kept.

    Attributes:
        rater: The teacher under its own guideline.
        journal: The path of its journal.
        samples: Draws an item.
    """

    rater: Rater
    journal: Path
    samples: int

    @classmethod
    def of(cls, task: Task, lm: dspy.LM, folder: Path, *, name: str = "teacher") -> "Teacher":
        """Make a model the teacher of a corpus."""
        rater = Rater(task.corpus.scale, task.teacher, fields=task.corpus.fields, lm=lm)
        return cls(rater, folder / f"{name}.sqlite", task.samples)

    def compiled(self, task: Task, items: Items) -> "Teacher":
        """Return the same model under worked cases that `DistillGuideline` finds for it in place of the invented ones.

        What is shown and what it is measured on are among the items that the pool and the test have not, so that the
        teacher explains and rates no item whose label it was told.
        """
        train, dev, _ = task.corpus.select(items.more).split(dev=DEV, test=0, seed=SEED)
        compiler = DistillGuideline("cases", seed=SEED, journal=self.journal, progress=report)
        bare = self.rater.variant(guideline=task.student)
        rater = compiler.compile(bare, trainset=self.traces(train), valset=dev.examples())
        for one in rater.candidates:
            print(f"compiled teacher, dev: {one.name} alpha {one.dev.metrics['alpha']}{' chosen' * one.chosen}")
        return replace(self, rater=rater)

    def traces(self, corpus: Corpus, *, samples: int | None = None) -> Traces:
        """Draw for every item of a corpus, all draws; what the journal has is not drawn again."""
        count = self.samples if samples is None else samples
        sampler = RejectionSampling(
            count, stop=Exhaust(), max_tokens=MAX_TOKENS, seed=SEED, journal=self.journal, progress=report
        )
        return sampler.infer(self.rater, trainset=corpus.examples())

    def ratings(self, corpus: Corpus) -> Ratings:
        """Rate a corpus with the teacher itself, at temperature 0."""
        with Journal(self.journal) as journal:
            return self.rater.rate(corpus, seed=SEED, max_tokens=MAX_TOKENS, journal=journal, progress=report)

    def rating_tokens(self, corpus: Corpus) -> list[int]:
        """Return what the recorded ratings of a corpus took: prompt and completion tokens."""
        source = Source(identity(self.rater.lm), Sampling(0.0, MAX_TOKENS, SEED).to_dict())
        with Journal(self.journal) as journal:
            prompts = [self.rater.prompt(item.fields).sha256 for item in corpus]
            draws = [draw for _, some in journal.draws_of(source, prompts) for draw in some[:1]]
        return [sum(draw.prompt_tokens for draw in draws), sum(draw.completion_tokens for draw in draws)]

    def items(self, task: Task, path: Path, earlier: Path | None) -> Items:
        """Choose the items of a benchmark, and take over an earlier journal's draws of the same prompts."""
        if path.exists() or earlier is None:
            return choose_items(task.corpus, path)
        ids = {self.rater.prompt(item.fields).sha256: item.id for item in task.corpus}
        model = identity(self.rater.lm)
        found: dict[float, set[str]] = {0.0: set(), 1.0: set()}
        with Journal(earlier) as before, Journal(self.journal) as journal:
            for source in before.sources():
                temperature = source.sampling["temperature"]
                if source.model != model or dict(source.sampling) != Sampling(temperature, MAX_TOKENS, SEED).to_dict():
                    continue
                draws = [draw for draw in before.recorded(source) if draw.prompt in ids]
                journal.record(source, draws)
                complete = self.samples - 1 if temperature else 0
                found[temperature] |= {ids[draw.prompt] for draw in draws if draw.index == complete}
        return choose_items(task.corpus, path, known=found[1.0], rated=found[0.0])


def draw(task: Task, teacher: Teacher, items: Items) -> dict[str, Traces]:
    """Draw for the pool, rate the test items, draw for the rest; return the traces by part."""
    found = {"pool": teacher.traces(task.corpus.select(items.pool))}
    teacher.ratings(task.corpus.select(items.test))
    found["more"] = teacher.traces(task.corpus.select(items.more))
    return found


def report(done: int, total: int, note: str) -> None:
    """Print how far a stage is, overwriting the line."""
    print(f"\r{done}/{total} {note}\033[K", end="" if done < total else "\n", flush=True)
