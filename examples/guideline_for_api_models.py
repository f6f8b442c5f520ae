"""A guideline that models behind an API can follow and people can read, distilled from a label file.

    python examples/guideline_for_api_models.py
    python examples/guideline_for_api_models.py --models openai/gpt-4o-mini openai/gpt-4.1-nano --teacher openai/gpt-4.1
    python examples/guideline_for_api_models.py --api-base http://127.0.0.1:8000/v1 --models served --writer none

What happens: people's labels are loaded and split; a teacher draws rationales without seeing the labels, and those that
reach the label are kept; a writer makes drafts of a better guideline of them, or with `--writer none` sentences and
cases are taken from the rationales as they stand. All models rate dev under each draft, and a draft has to be better
beyond doubt or the guideline stays. Test is rated once with the old and the new guideline, and both stand beside raters
that need no model.

The models are names that LiteLLM knows, with the provider's key in the environment; with `--api-base` they are names on
that OpenAI-compatible server (its key, if it wants one, in OPENAI_API_KEY). `--usd` and `--calls` limit the draws, the
largest part; after them each model rates dev once for every draft, and for up to eight rules of a draft that passes.
Every answer goes into the journal of the run's folder: a run that was stopped goes on, one that is done asks nobody.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dspy

from accord.data import (
    BASELINES,
    Corpus,
    Journal,
    Ordinal,
    Splits,
    agreement,
    constant,
    one_human,
    paired_difference,
    panel_change,
)
from accord.optimizers import Budget, DistillGuideline, RejectionSampling
from accord.programs import Guideline, Rater, resolve_model

HERE = Path(__file__).parent


def main() -> None:
    """Draw, distill, prove, save."""
    options = read_options()
    corpus = Corpus.from_csv(
        options.labels,
        fields=["question", "reply"],
        label="helpful",
        annotator="reader",
        id="id",
        group="question",  # all replies to a question stay on one side of the split
        scale=Ordinal(*options.scale),
    )
    splits = corpus.split(dev=0.25, test=0.25, seed=0)
    print(f"{len(corpus)} items: " + ", ".join(f"{name} {len(part)}" for name, part in splits._asdict().items()))
    lms = {name: model(name, options) for name in options.models}
    guideline = Guideline.from_markdown(options.guideline)
    student = Rater(corpus.scale, guideline, fields=corpus.fields, lm=lms[options.models[0]])
    with Journal(options.run / "journal.sqlite") as journal:
        rater = distill(student, lms, splits, journal, options)
        told = prove(student, rater, lms, splits, journal)
    rater.save(options.run / "rater", agreement={"test": told["agreement"][f"{options.models[0]}, after"]})
    (options.run / "guideline.md").write_text(rater.guideline.to_markdown() + "\n", encoding="utf-8")
    figures = json.dumps(told, indent=2, default=lambda found: found.to_dict())
    (options.run / "worth.json").write_text(figures + "\n", encoding="utf-8")
    print(f"to read: {options.run / 'guideline.md'}; to rate with: accord rate {options.run / 'rater'} new.csv")


def distill(
    student: Rater, lms: Mapping[str, dspy.LM], splits: Splits, journal: Journal, options: argparse.Namespace
) -> Rater:
    """Draw traces and return the rater with the guideline that dev prefers, which may be the one it had."""
    teacher = options.models[0] if options.teacher is None else options.teacher
    budget = Budget(usd=options.usd, calls=options.calls)
    sampler = RejectionSampling(samples=options.samples, budget=budget, journal=journal)
    traces = sampler.infer(student, trainset=splits.train.examples(), teacher=model(teacher, options))
    print(f"traces: {len(traces)} of {len(splits.train)} items; drawn now: {traces.asked}")
    if traces.stopped:
        print(f"warning: the budget ended the drawing ({traces.stopped})")
    writer = teacher if options.writer is None else options.writer
    lm = None if writer == "none" else model(writer, options)
    compiler = DistillGuideline(writer=lm, raters=list(lms.values()), journal=journal)  # without a writer: extractive
    rater = compiler.compile(student, trainset=traces, valset=splits.dev.examples())
    for draft in rater.provenance["drafts"]:  # alpha is the mean of the models'
        alpha = "" if draft.get("alpha") is None else f"{draft['alpha']:.2f}"
        above = f" (above the original {interval(draft['difference'])})" if "difference" in draft else ""
        print(f"dev   {draft['name']:<14} alpha {alpha:>4}{above}: {draft['outcome']}, {draft['why']}")
    for warning in (traces.utilization().warning, *rater.provenance["warnings"]):
        if warning:
            print(f"warning: {warning}")
    for rule in rater.provenance["rules"]:
        if rule["author"] != "original":
            print(f"rule  {rule['heading'] or rule['part']}: {rule['text']} [{rule['support']} items]")
    return rater


def prove(student: Rater, rater: Rater, lms: Mapping[str, dspy.LM], splits: Splits, journal: Journal) -> dict[str, Any]:
    """Rate test with every model under both guidelines; print and return how far all agree with people."""
    train, test = splits.train, splits.test
    # An unreadable answer counts as the constant rater's: silence must not help a rater.
    shared: dict[str, Any] = {"groups": test.groups(), "fill": constant(train.golds(), test.scale)}
    golds = (test.golds(), test.scale)
    before, after = (
        {name: one.variant(lm=lm).rate(test, journal=journal).labels for name, lm in lms.items()}
        for one in (student, rater)
    )
    texts = [[item.text for item in part] for part in (train, test)]
    simple = {name: rate(texts[0], train.golds(), texts[1], test.scale, 0) for name, rate in BASELINES.items()}
    rated = {f"{name}, {how}": said[name] for name in lms for how, said in (("before", before), ("after", after))}
    told: dict[str, Any] = {"agreement": {}, "above": {}}
    for name, labels in {**rated, **simple}.items():
        found = told["agreement"][name] = agreement(labels, *golds, **shared)
        print(f"test  {name:<32} alpha {found.metrics['alpha']}, {found.unparsed} of {found.n} unparsed")
    human = one_human(test)
    if human.ratings:
        found = agreement(human.ratings, human.gold, test.scale, groups=human.groups)
        print(f"test  {'one human against the others':<32} alpha {found.metrics['alpha']}")
    for name in lms:
        for other, labels in {"before": before[name], **simple}.items():
            above = paired_difference(after[name], labels, *golds, **shared)
            told["above"].setdefault(name, {})[other] = above
            print(f"test  {name} after, above {other}: {interval(above.to_dict())}")
    if len(lms) > 1:
        change = told["panel"] = panel_change(before, after, *golds, **shared)
        print(f"test  the models' alpha with each other: {change.before.alpha} before, {change.after.alpha} after")
        if change.warning:
            print(f"warning: {change.warning}")
    return told


def model(name: str, options: argparse.Namespace) -> dspy.LM:
    """Return a model on the server of --api-base, or one that LiteLLM knows."""
    server = {} if options.api_base is None else {"api_base": options.api_base}
    return resolve_model(name, max_tokens=options.max_tokens, **server)


def interval(found: Mapping[str, Any]) -> str:
    """Write a difference with its interval; a dash where it is undefined."""
    if found["value"] is None or found["low"] is None:
        return "-"
    return f"{found['value']:+.2f} ({found['low']:+.2f} to {found['high']:+.2f})"


def read_options() -> argparse.Namespace:
    """Read the command line."""
    about = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    about.add_argument("--labels", type=Path, default=HERE / "replies.csv", help="one row a judgment")
    about.add_argument("--scale", type=int, nargs=2, default=(1, 4), metavar=("LOW", "HIGH"))
    about.add_argument("--guideline", type=Path, default=HERE / "replies.md", help="what raters are told, as markdown")
    about.add_argument("--run", type=Path, default=Path("runs/guideline"), help="where everything is kept")
    about.add_argument("--api-base", help="address of an OpenAI-compatible server, e.g. http://127.0.0.1:8000/v1")
    about.add_argument("--models", nargs="+", default=["openai/gpt-4o-mini"], help="who is to follow the guideline")
    about.add_argument("--teacher", help="who draws the traces; default: the first of the models")
    about.add_argument("--writer", help="who writes the guideline, or none; default: the teacher")
    about.add_argument("--samples", type=int, default=8, help="the most draws an item")
    about.add_argument("--usd", type=float, help="the most that the draws may cost")
    about.add_argument("--calls", type=int, help="the most requests for draws")
    about.add_argument("--max-tokens", type=int, default=4096, help="limit on a reply, thinking included")
    return about.parse_args()


if __name__ == "__main__":
    main()
