"""Knows the whole way from a corpus to a proven rater in a run directory; does not know how each stage works."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...data import Corpus, Journal, SetupError, Splits, constant
from ...optimizers import RejectionSampling, Traces, Utilization
from ...programs import Candidate, LocalEngine, Progress, Rater, SplitAgreement, forced_choice
from ..console import Console
from ..report import read_run, write_page
from ..results import RATINGS_FILE as RATINGS
from ..results import (
    RatingColumn,
    Report,
    describe_traces,
    machine_of,
    machine_sentence,
    measure_run,
    rater_table,
    summary,
    trace_sentences,
    utilization_table,
    verdict,
    write_ratings,
)
from ..review import MATERIAL_FILE as MATERIAL
from ..review import Reviewed, review_entry, reviewed, write_material
from ..task import VERSIONS, Job, JobTarget, job_of
from .drafts import draft_findings, show_drafts
from .guideline_versions import keep_versions
from .provenance import origin_of

if TYPE_CHECKING:
    from ..task import Task


@dataclass
class Reads:
    """Counts how often each split was read to choose or to prove something."""

    counts: dict[str, int] = field(default_factory=lambda: {"train": 0, "dev": 0, "test": 0})

    def add(self, split: str, times: int = 1) -> None:
        """Count reads of a split."""
        self.counts[split] += times


def compile_task(
    task: "Task",
    *,
    into: JobTarget,
    run: Path,
    console: Console,
    limits: Mapping[str, float | None] | None = None,
    review: bool = True,
) -> Report:
    """Compile the rater that a task file describes, prove it, and print what came of it.

    Every stage resumes: draws and ratings are in ``journal.sqlite``, adapters in ``training/``.

    Args:
        task: The task.
        into: What to compile into.
        run: The run directory; gets journal.sqlite, traces.parquet, rater/ and report.json.
        console: Where progress and tables go.
        limits: What of the task's budget is set otherwise: usd, tokens, calls, minutes.
        review: Whether to use what people chose on the run's review page.

    Raises:
        InputError: If the data or the task cannot be used; before any model is asked.
        SetupError: If models or extras are missing, or another process works in the run directory.
    """
    job = job_of(task, into, limits={} if limits is None else limits)
    with Journal(run / "journal.sqlite") as journal:
        report = run_job(job, run=run, journal=journal, console=console, review=review)
    show_report(report, run, console)
    return report


def run_job(job: Job, *, run: Path, journal: Journal, console: Console, review: bool = True) -> Report:
    """Draw traces, compile, rate the test items with everyone, write rater/ and report.json.

    Args:
        job: What to do.
        run: The run directory.
        journal: Its journal, open.
        console: Where progress goes.
        review: Whether to use what people chose on the run's review page.
    """
    reads = Reads()
    people = reviewed(job, run) if review else Reviewed(job)
    job = people.job
    for sentence in people.sentences:
        console.print(sentence)
    machine = machine_of(job.student, job.teacher)
    if machine:
        console.say(machine_sentence(machine))
    train, dev, test = job.splits
    with console.stage("drawing traces") as progress:
        sampler = RejectionSampling(journal=journal, progress=progress, **job.sampler)
        traces = sampler.infer(job.student, trainset=train.examples(), teacher=job.teacher)
    traces.to_parquet(run / "traces.parquet")
    write_material(run / MATERIAL, traces, task=job.name)
    found = traces.utilization(seed=job.seed)
    reads.add("train")
    show_utilization(found, traces.source.model, console)
    for sentence in trace_sentences(traces):
        console.print(sentence)
    for warning in filter(None, [found.warning, _stopped(traces)]):
        console.say(f"warning: {warning}")
    with console.stage("compiling") as progress:
        compiler = job.make_compiler(journal, run, progress)
        compiled = compiler.compile(job.student, trainset=_trainset(traces), valset=dev.examples())
    reads.add("dev", len(compiled.candidates))
    for warning in compiled.provenance.get("warnings", ()):
        console.say(f"warning: {warning}")
    keep_versions(run / VERSIONS, job.student, compiled)
    fill = constant(train.golds(), train.scale)
    with console.stage("rating the test items") as progress:
        answers = _answers(job, compiled, test, journal, progress)
    reads.add("test")
    chosen = next(candidate.name for candidate in compiled.candidates if candidate.chosen)
    with console.stage("measuring agreement"):
        evaluation = measure_run(answers, chosen, train, test, seed=job.seed)
        write_ratings(run / RATINGS, evaluation.answers, test)
    paid = compiled.provenance.get("traces_paid", {})
    found_out = verdict(
        evaluation.rows,
        evaluation.comparisons,
        chosen,
        tried=[candidate.name for candidate in compiled.candidates],
        paid=paid["answer"] if "against" in paid else "",
        luck=found.warning,
        drafts=draft_findings(compiled.provenance),
    )
    origin = {**origin_of(job, traces, run / "traces.parquet", fill), **people.provenance(traces)}
    compiled.provenance = {**compiled.provenance, **origin}
    compiled.save(run / "rater", agreement={"test": SplitAgreement(evaluation.rows, chosen, test.hash, found_out)})
    report = Report(
        task=job.name,
        scale=train.scale.to_dict(),
        splits=_describe_splits(job.splits, reads),
        traces=describe_traces(traces, found),
        rows=evaluation.rows,
        comparisons=evaluation.comparisons,
        chosen=chosen,
        seconds=dict(console.seconds),
        candidates=tuple(_describe_candidate(candidate) for candidate in compiled.candidates),
        verdict=found_out,
        extra={
            **job.extra,
            **({"machine": machine} if machine else {}),
            **({"traces_paid": paid} if paid else {}),
            **_of_drafts(compiled.provenance),
            **review_entry(run, seed=job.seed, used=origin.get("review")),
        },
    )
    report.write(run / "report.json")
    write_page(read_run(run))
    return report


def show_utilization(found: Utilization, teacher: str, console: Console) -> None:
    """Print what share of items a teacher explains, beside what luck alone would."""
    console.print("")
    console.print(f"{teacher}:")
    console.print(f"share of {found.items:,} train items with a matching draw within k")
    console.table(utilization_table(found))


def show_report(report: Report, run: Path, console: Console) -> None:
    """Print the verdict, the table, and where things are."""
    for sentence in report.verdict:
        console.print(sentence)
    console.print("")
    console.print(f"Agreement with people on {report.splits['test']['items']:,} test items:")
    console.table(rater_table(report.rows, report.chosen))
    console.print("")
    if "drafts" in report.extra:
        show_drafts(report.extra["drafts"], report.splits["dev"]["items"], console)
        console.print("")
    console.print(summary(report))
    console.print(f"The rater is in {run / 'rater'}, all figures are in {run / 'report.json'}.")
    console.print(f"To look at: {run / 'report.html'} ('accord report {run}' writes it anew).")


def _of_drafts(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return what became of the drafts of a guideline, where there were any."""
    return {name: provenance[name] for name in ("drafts", "warnings") if name in provenance}


def _stopped(traces: Traces) -> str:
    """Say that the traces are a part of what could be, where they are."""
    if not traces.stopped:
        return ""
    return f"the budget ended the drawing ({traces.stopped}): {len(traces)} of {len(traces.items)} items have a trace"


def _trainset(traces: Traces) -> Traces:
    if not len(traces):
        if traces.stopped:
            cure = "Raise the budget, or wait with the compile; what was drawn is kept."
            raise SetupError(_stopped(traces), place="drawing traces", cure=cure)
        if traces.outcomes["not_above_luck"]:
            what = f"no item of {len(traces.items)} has matches that luck would not explain as well"
            cure = "Use a stronger teacher, or stop: first to take every match; what was drawn is kept."
            raise SetupError(what, place="drawing traces", cure=cure)
        cure = "Use a stronger teacher, more samples, or accept: {within: 1}; what was drawn is kept."
        raise SetupError(f"none of {len(traces.items)} items has a matching draw", place="drawing traces", cure=cure)
    return traces


def _answers(job: Job, compiled: Rater, test: Corpus, journal: Journal, progress: Progress) -> list[RatingColumn]:
    """Rate the test items with the student as it was, the teacher, and every candidate, each once."""
    raters: list[tuple[str, Any, Rater]] = [
        (candidate.name, "candidate", candidate.rater)
        for candidate in sorted(compiled.candidates, key=lambda candidate: not candidate.chosen)
        if candidate.chosen or candidate.name != "original"  # else it is the zero-shot row
    ]
    raters.append(("zero-shot", "zero-shot", job.student))
    if job.teacher.lm is not job.student.lm or job.teacher.guideline != job.student.guideline:
        raters.append(("prompted teacher", "teacher", job.teacher))
    answers: list[RatingColumn] = []
    for number, (name, kind, rater) in enumerate(raters):
        found = rater.rate(test, journal=journal, seed=job.seed, progress=_share(progress, number, len(raters), name))
        answers.append(RatingColumn(name, kind, found.labels, found.scores, found))
    if isinstance(job.student.lm.engine, LocalEngine) and job.student.scale.levels is not None:
        forced = forced_choice(job.student, test, journal=journal)
        place = next(number for number, answer in enumerate(answers) if answer.kind == "zero-shot") + 1
        answers.insert(place, RatingColumn("zero-shot, forced label", "zero-shot", forced.labels, ratings=forced))
    return answers


def _share(progress: Progress, number: int, parts: int, name: str) -> Progress:
    """Return a progress callback for one of several equal parts of a stage."""

    def report(done: int, total: int, note: str) -> None:
        progress(number * total + done, parts * total, f"{name} {note}".strip())

    return report


def _describe_splits(splits: Splits, reads: Reads) -> dict[str, dict[str, int]]:
    return {
        name: {
            "items": len(part),
            "groups": len({item.id if item.group is None else item.group for item in part}),
            "reads": reads.counts[name],
        }
        for name, part in zip(("train", "dev", "test"), splits, strict=True)
    }


def _describe_candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "name": candidate.name,
        "items": candidate.items,
        "chosen": candidate.chosen,
        "dev": candidate.dev.to_dict(),
        "details": dict(candidate.details),
    }
