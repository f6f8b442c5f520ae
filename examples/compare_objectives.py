"""An optimizer experiment: what are rationales worth? Three objectives of `FineTune` on the draws of one journal.

    python examples/compare_objectives.py
    python examples/compare_objectives.py --teacher openai/gpt-4o-mini --samples 16 --seeds 0 1 2
    python examples/compare_objectives.py --objectives label label_first regression

The teacher is asked once; every draw, rejected ones too, goes into the journal. Then each objective makes its own use
of the same draws: `label` learns the label alone, on exactly the items that have a trace; `trace` learns the rationale
and the label; `preference` learns them beside a draw of the same item that missed the label. All are trained from the
same base with the same settings and measured on the same test items, with intervals over items, and each is compared
with the first one by a paired bootstrap. `comparison.json` in the run's folder has every figure.

A second run finds draws, weights and ratings and asks nobody anything; more seeds or other objectives cost only what is
new. With the default teacher, the embedded model, traces are luck and few: expect no difference. It needs the extra
`train`.
"""

import argparse
import json
from pathlib import Path
from statistics import fmean
from typing import Any

from accord.data import Corpus, Journal, Ordinal, Splits, agreement, constant, paired_difference
from accord.optimizers import Exhaust, FineTune, RejectionSampling, Traces
from accord.programs import Guideline, Rater

HERE = Path(__file__).parent


def main() -> None:
    """Draw once, train each objective with each seed, measure, compare."""
    options = read_options()
    corpus = Corpus.from_csv(
        options.labels,
        fields=["question", "reply"],
        label="helpful",
        annotator="reader",
        id="id",
        group="question",
        scale=Ordinal(1, 4),
    )
    splits = corpus.split(dev=0.2, test=0.25, seed=0)
    guideline = Guideline.from_markdown(options.guideline)
    student = Rater(corpus.scale, guideline, fields=corpus.fields, lm=options.model)
    with Journal(options.run / "journal.sqlite") as journal:
        sampler = RejectionSampling(
            samples=options.samples, stop=Exhaust(), max_tokens=options.max_tokens, journal=journal
        )
        traces = sampler.infer(student, trainset=splits.train.examples(), teacher=options.teacher)
        draws = sum(len(item.draws) for item in traces.items)
        print(f"{draws} draws of {traces.source.model}, {traces.asked} of them now; {len(traces)} items have a trace")
        if traces.utilization().warning:
            print(f"warning: {traces.utilization().warning}")
        rows = [row for seed in options.seeds for row in run_seed(student, traces, splits, seed, journal, options)]
    show(rows, options.objectives)
    (options.run / "comparison.json").write_text(json.dumps({"draws": draws, "rows": rows}, indent=2) + "\n")
    print(f"all figures: {options.run / 'comparison.json'}")


def run_seed(
    student: Rater, traces: Traces, splits: Splits, seed: int, journal: Journal, options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Train every objective with one seed and measure each on test."""
    compiler = FineTune(
        objectives=options.objectives,
        epochs=options.epochs,
        margin=options.margin,
        seed=seed,
        workspace=options.run / "training",
        journal=journal,
    )
    compiled = compiler.compile(student, trainset=traces, valset=splits.dev.examples())
    for objective, reason in compiled.provenance["skipped"].items():
        print(f"seed {seed}: {objective} is left out, {reason}")
    test, fill = splits.test, constant(splits.train.golds(), splits.train.scale)
    found = {candidate.name: candidate.rater.rate(test, journal=journal) for candidate in compiled.candidates}
    shared: dict[str, Any] = {"groups": test.groups(), "fill": fill}
    rows: list[dict[str, Any]] = []
    for candidate in compiled.candidates:
        ratings = found[candidate.name]
        proof = agreement(ratings.labels, test.golds(), test.scale, **shared)
        row = {
            "objective": candidate.name,
            "seed": seed,
            "items": candidate.items,
            "seconds": candidate.details["seconds"],
            "dev_alpha": candidate.dev.metrics["alpha"].to_dict(),
            "test": proof.to_dict(),
        }
        first = options.objectives[0]
        if first in found and candidate.name != first:
            against = paired_difference(ratings.labels, found[first].labels, test.golds(), test.scale, **shared)
            row[f"alpha_above_{first}"] = against.to_dict()
        rows.append(row)
    return rows


def show(rows: list[dict[str, Any]], objectives: list[str]) -> None:
    """Print a line for each objective and seed, and the mean over seeds where there are several."""
    first = objectives[0]
    print(f"\n{'objective':<22} seed items  alpha on test          MAE  unparsed  alpha above {first!r}")
    for row in sorted(rows, key=lambda row: (row["objective"], row["seed"])):
        test = row["test"]
        above = row.get(f"alpha_above_{first}")
        print(
            f"{row['objective']:<22} {row['seed']:>4} {row['items']:>5}  {interval(test['metrics']['alpha']):<22}"
            f" {test['metrics']['mae']['value']:.2f}  {test['unparsed']:>8}  {'' if above is None else interval(above)}"
        )
    for name in sorted({row["objective"] for row in rows}):
        alphas = [row["test"]["metrics"]["alpha"]["value"] for row in rows if row["objective"] == name]
        if len(alphas) > 1 and None not in alphas:
            print(f"{name:<22} mean of {len(alphas)} seeds: {fmean(alphas):.2f}")


def interval(found: dict[str, Any]) -> str:
    """Write a figure with its interval; a dash where it is undefined."""
    if found["value"] is None:
        return "-"
    if found["low"] is None:
        return f"{found['value']:.2f}"
    return f"{found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})"


def read_options() -> argparse.Namespace:
    """Read the command line."""
    about = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    about.add_argument("--labels", type=Path, default=HERE / "replies.csv", help="one row a judgment")
    about.add_argument("--guideline", type=Path, default=HERE / "replies.md", help="what raters are told, as markdown")
    about.add_argument("--run", type=Path, default=Path("runs/objectives"), help="where everything is kept")
    about.add_argument("--model", default="local", help="what is fine-tuned: local or local/<folder>")
    about.add_argument("--teacher", help="who draws the traces, e.g. openai/gpt-4o-mini; default: the model itself")
    about.add_argument(
        "--objectives", nargs="+", default=["label", "trace", "preference"], help="the first is the yardstick"
    )
    about.add_argument("--margin", type=float, default=1, help="steps by which the labels of a pair differ at least")
    about.add_argument("--samples", type=int, default=8, help="draws an item")
    about.add_argument("--max-tokens", type=int, default=48, help="limit on a draw; give a thinking teacher thousands")
    about.add_argument("--epochs", type=int, default=2, help="passes over the training rows")
    about.add_argument("--seeds", type=int, nargs="+", default=[0], help="of the training")
    return about.parse_args()


if __name__ == "__main__":
    main()
