"""How well a small local model judges pairs of responses in both orders, on the test set of PandaLM.

    python benchmarks/bench_pandalm.py run FOLDER --out runs/pandalm
    python benchmarks/bench_pandalm.py table FOLDER --out runs/pandalm

FOLDER holds ``items.jsonl.gz`` (Wang et al. 2024, arXiv:2306.05087): two responses to an instruction, by two of five
systems, with the verdicts of three people. Items are split by instruction. ``run`` rates the test pairs in both orders
with the embedded SmolLM2-135M-Instruct as it is and after fine-tuning on verdicts alone (objective ``label_all``), and
with every ``--model``; what is there is not made again. ``table`` prints agreement, flips, position bias, baselines,
one human, and Bradley-Terry strengths beside those by people. No text of an item is printed or kept.
"""

import argparse
import gzip
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scipy.stats import kendalltau, spearmanr

from accord.data import (
    Annotation,
    BradleyTerry,
    Comparison,
    Corpus,
    Item,
    Label,
    Pairwise,
    Splits,
    agreement,
    baseline_ratings,
    bradley_terry,
    consensus,
    constant,
    one_human,
    position_bias,
)
from accord.optimizers import FineTune
from accord.programs import Guideline, PairRater, Rater

SCALE = Pairwise()
FIELDS = ("instruction", "response_a", "response_b")
GUIDELINE = Guideline(
    "Which of the two responses follows the instruction better? Judge correctness, completeness and clarity. The order "
    "of the responses means nothing, and longer is not better. Say tie if they are of similar quality."
)
TRAIN, DEV, TEST, SEED = 240, 30, 200, 0
TRAINING: dict[str, Any] = {"batch_size": 4, "learning_rate": 1.5e-3, "epochs": 2}
ZERO_SHOT, TUNED = "SmolLM2-135M, zero-shot", "SmolLM2-135M, fine-tuned"


def main() -> None:
    """Run or print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=("run", "table"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--model", nargs=2, action="append", default=[], metavar=("NAME", "MODEL"), help="rate with it")
    parser.add_argument("--pairs", type=int, default=TEST, help="test pairs that each --model rates")
    options = parser.parse_args()
    corpus, systems = read(options.folder)
    splits = cut(corpus)
    if options.stage == "run":
        run(splits, options.out, options.model, options.pairs)
    else:
        print_tables(corpus, splits, systems, options.out)


def read(folder: Path) -> tuple[Corpus, dict[str, tuple[str, str]]]:
    """Return the pairs and the two systems of each."""
    with gzip.open(folder / "items.jsonl.gz", "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    items = []
    for row in rows:
        texts = (f"{row['prompt']}\n\n{row['input']}".strip(), row["response_a"], row["response_b"])
        said = tuple(Annotation(name, label) for name, label in row["labels"].items())
        gold = consensus([one.label for one in said], SCALE)
        items.append(Item(row["id"], dict(zip(FIELDS, texts, strict=True)), said, gold, row["group"]))
    kept = [item for item in items if item.gold is not None]
    return Corpus(kept, SCALE, FIELDS), {row["id"]: tuple(row["systems"].split("_")) for row in rows}


def cut(corpus: Corpus) -> Splits:
    """Split by instruction; the first items of each part of a seeded split are used."""
    found = corpus.split(dev=0.1, test=0.3, seed=SEED)
    return Splits(found.train[:TRAIN], found.dev[:DEV], found.test[:TEST])


def student(model: str = "local") -> Rater:
    """Return the rater in one order: the likeliest verdict, without a rationale."""
    return Rater(
        SCALE,
        GUIDELINE,
        fields=FIELDS,
        lm=model,
        order="label",
        scoring="likeliest",
    )


def run(splits: Splits, out: Path, models: Sequence[Sequence[str]], pairs: int) -> None:
    """Make the records that are missing."""
    keep(out, ZERO_SHOT, lambda: rated(student(), splits.test))
    keep(out, TUNED, lambda: tuned(splits, out))
    for name, model in models:
        keep(out, name, lambda model=model: rated(student(model), splits.test[:pairs]))


def tuned(splits: Splits, out: Path) -> dict[str, Any]:
    """Fine-tune on the verdicts, and rate the test pairs."""
    began, cpu = time.perf_counter(), time.process_time()
    tuner = FineTune(objectives=("label_all",), seed=SEED, workspace=out / "training", progress=report, **TRAINING)
    best = tuner.compile(student(), trainset=splits.train.examples(), valset=splits.dev.examples())
    trained = {
        "train_seconds": round(time.perf_counter() - began),
        "compile_cpu_seconds": round(time.process_time() - cpu),
    }
    return {**trained, "tokens": best.candidates[0].details["tokens"], **rated(best, splits.test)}


def rated(rater: Rater, test: Corpus) -> dict[str, Any]:
    """Rate pairs in both orders; combine verdicts, and probabilities."""
    began, cpu = time.perf_counter(), time.process_time()
    found = PairRater(rater).rate(test, progress=report)
    seconds = {"rate_seconds": round(time.perf_counter() - began), "rate_cpu_seconds": round(time.process_time() - cpu)}
    shares = [None if one.distribution is None else dict(one.distribution) for one in found]
    return {
        "ids": test.ids,
        "given": found.given.labels,
        "swapped": found.swapped.labels,
        "both": found.labels,
        "likeliest": [None if one is None else max(one, key=lambda label: one[label]) for one in shares],
        "shares": shares,
        "unparsed": {"given": dict(found.given.unparsed), "swapped": dict(found.swapped.unparsed)},
        **seconds,
    }


def keep(out: Path, name: str, make: Any) -> None:
    """Write a record that is not there."""
    path = record_path(out, name)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".part")
    fresh.write_text(json.dumps({"rater": name, **make()}), encoding="utf-8")
    fresh.replace(path)


def record_path(out: Path, name: str) -> Path:
    """Return where a rater's record is kept."""
    return out / "records" / f"{name}.json".replace(", ", "-").replace(" ", "_")


def report(done: int, total: int, note: str) -> None:
    """Say how far it is."""
    print(f"{done}/{total} {note}", flush=True)


def print_tables(corpus: Corpus, splits: Splits, systems: dict[str, tuple[str, str]], out: Path) -> None:
    """Print what is there."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((out / "records").glob("*.json"))]
    fill = constant(splits.train.golds(), SCALE)
    test = splits.test
    sizes = f"{len(splits.train)} train, {len(splits.dev)} dev, {len(test)} test pairs"
    print(f"{sizes}; {len(set(test.groups()))} instructions in test\n")
    print("| rater | pairs | kappa | accuracy | no verdict |\n|---|---|---|---|---|")
    for record in records:
        part = test.select(record["ids"])
        for way, said in {"both": "both orders", "likeliest": "mean probability of both", "given": "one order"}.items():
            _row(f"{record['rater']}, {said}", record[way], part.golds(), part.groups(), fill)
    for name, labels in baseline_ratings(splits.train, test, seed=SEED).items():
        _row(f"{name} only" if name == "length" else name, labels, test.golds(), test.groups(), fill)
    human = one_human(test, seed=SEED)
    _row("one human against the others", human.ratings, human.gold, human.groups, fill)
    for record in records:
        part = test.select(record["ids"])
        found = position_bias(record["given"], record["swapped"], gold=part.golds(), groups=part.groups())
        print(f"\n{record['rater']}: {found}\n  p {found.details['sign_test_p']}, {found.details['verdicts']}")
        print(f"  seconds: { ({key: value for key, value in record.items() if 'seconds' in key or key == 'tokens'}) }")
    people = strengths(corpus, corpus.golds(), systems)
    print(f"\nby people, all pairs: {people}")
    on_test = strengths(test, test.golds(), systems)
    print(f"\nby people, test pairs: {on_test}")
    for record in records:
        part = test.select(record["ids"])
        for way in ("both", "likeliest"):
            found = strengths(part, record[way], systems)
            print(
                f"\nby {record['rater']}, {way}: {found}\n  against people on the test pairs: {_ranks(found, on_test)}"
            )
            print(f"  against people on all pairs: {_ranks(found, people)}")


def _row(
    name: str, labels: Sequence[Label | None], gold: Sequence[Label], groups: Sequence[str | None] | None, fill: Label
) -> None:
    found = agreement(labels, gold, SCALE, groups=groups, fill=fill)
    print(f"| {name} | {found.n} | {found.metrics['kappa']} | {found.metrics['accuracy']} | {found.unparsed} |")


def strengths(corpus: Corpus, labels: Sequence[Label | None], systems: dict[str, tuple[str, str]]) -> BradleyTerry:
    """Fit the systems' strengths to verdicts on pairs."""
    said = zip(corpus.ids, labels, strict=True)
    return bradley_terry([Comparison(*systems[id], label) for id, label in said], groups=corpus.groups())


def _ranks(found: BradleyTerry, people: BradleyTerry) -> str:
    names = [name for name in people.strengths if name in found.strengths]
    rater, human = ([side.strengths[name].value for name in names] for side in (found, people))
    if None in rater or None in human or len(set(rater)) < 2:
        return "no order to compare"
    tau, rho = (measure(rater, human)[0] for measure in (kendalltau, spearmanr))  # pyright: ignore
    return f"tau {tau:.2f}, Spearman {rho:.2f} on {len(names)} systems"


if __name__ == "__main__":
    main()
