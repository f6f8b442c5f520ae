"""What `accord evaluate` says of four corpora of real human ratings, beside the figures on their cards.

    OMP_NUM_THREADS=1 python benchmarks/bench_cards.py FOLDER [--only NAME] [--seed N]

FOLDER has one folder a corpus (cebab-stars, multipico-en, pandalm, vader-tweets), each with items.jsonl.gz. For each
one this writes a file of TF-IDF ratings, out of fold, holds one annotator out, runs the command on both, and prints its
figures beside those of the card. The card's own definitions, where they are not Accord's, are computed beside them: a
random annotator against the *mean* of the others, and untuned TF-IDF ratings that are no labels. Nothing of the corpora
is kept. Prints one JSON line a corpus and a table.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import hstack
from scipy.stats import spearmanr
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import cohen_kappa_score
from sklearn.model_selection import GroupKFold

DRAWS = 20
"""Times that one annotator an item is drawn; the card says what one draw gave."""

NOTHING = "(empty)"
"""Stands for a response without a word, as fields of items may not be empty."""


@dataclass(frozen=True)
class Card:
    """What a card says, and how the command is asked.

    Attributes:
        scale: The scale in words.
        fields: The texts.
        alpha: Alpha among people.
        human: Figure of one random annotator against the others, by metric.
        baseline: Figure of a TF-IDF baseline (5 folds by group, one run, untuned), by metric.
        length: Figure of a length-only baseline, by metric.
        group: Column of the groups.
        ends: The scale's, where it has numbers.
        person: Whom to hold out; None for whoever labelled most.
    """

    scale: str
    fields: tuple[str, ...]
    alpha: float
    human: dict[str, float]
    baseline: dict[str, float]
    length: dict[str, float] = field(default_factory=dict)
    group: str | None = None
    ends: tuple[float, float] = (1.0, 5.0)
    person: str | None = None


CARDS = {
    "cebab-stars": Card("interval:1-5", ("text",), 0.782, {"spearman": 0.832}, {"spearman": 0.806}, person="w197"),
    "cebab-stars (ordinal)": Card("ordinal:1-5", ("text",), 0.769, {"spearman": 0.832}, {"spearman": 0.806}),
    "multipico-en": Card(
        "nominal:ironic,not_ironic",
        ("prompt", "response"),
        0.2,
        {"kappa": 0.302, "accuracy": 0.727},
        {"kappa": 0.022, "accuracy": 0.772},
    ),
    "pandalm": Card(
        "pairwise",
        ("prompt", "response_a", "response_b"),
        0.864,
        {"kappa": 0.921, "accuracy": 0.954},
        {"kappa": 0.252, "accuracy": 0.589},
        {"kappa": 0.273, "accuracy": 0.604},
        group="group",
    ),
    "vader-tweets": Card(
        "interval:-4..4",
        ("text",),
        0.739,
        {"spearman": 0.834},
        {"spearman": 0.700},
        ends=(-4.0, 4.0),
        person="annotator 1",
    ),
}


def read(folder: Path) -> list[dict[str, Any]]:
    """Return the items of a corpus."""
    with gzip.open(folder / "items.jsonl.gz", "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def given(item: dict[str, Any]) -> list[Any]:
    """Return the labels of an item."""
    labels = item["labels"]
    return list(labels.values()) if isinstance(labels, dict) else list(labels)


def majority(labels: list[Any]) -> Any | None:
    """Return the most frequent label, or None on a tie."""
    (first, most), *rest = Counter(labels).most_common(2)
    return None if rest and rest[0][1] == most else first


def one_against_mean(items: list[dict[str, Any]], numeric: bool, seed: int) -> dict[str, float]:
    """Draw one annotator an item and compare: with the mean of the others, or with their majority."""
    rng = np.random.default_rng(seed)
    drawn, others = [], []
    for item in items:
        labels = given(item)
        one = labels.pop(int(rng.integers(len(labels))))
        rest = float(np.mean(labels)) if numeric else majority(labels)
        if rest is not None:
            drawn.append(one)
            others.append(rest)
    if numeric:
        found: Any = spearmanr(drawn, others)
        return {"spearman": float(found.statistic)}
    return {"kappa": float(cohen_kappa_score(drawn, others)), "accuracy": float(np.mean(np.array(drawn) == others))}


def draws(items: list[dict[str, Any]], numeric: bool, seed: int) -> dict[str, list[float]]:
    """Return the lowest and the highest figure of one random annotator among many draws: the card has one of them."""
    found = [one_against_mean(items, numeric, seed + number) for number in range(DRAWS)]
    return {metric: sorted(one[metric] for one in found)[:: DRAWS - 1] for metric in found[0]}


def untuned(items: list[dict[str, Any]], card: Card, numeric: bool, seed: int) -> tuple[list[str], list[Any]]:
    """Rate by TF-IDF of words (1-2), out of five folds by group, untuned; items without gold are left out."""
    golds = [float(np.mean(given(item))) if numeric else majority(given(item)) for item in items]
    kept = [place for place, gold in enumerate(golds) if gold is not None]
    golds = [golds[place] for place in kept]
    groups = [str(items[place].get("group", items[place]["id"])) for place in kept]
    rated: list[Any] = [None] * len(kept)
    for train, test in GroupKFold(5, shuffle=True, random_state=seed).split(kept, groups=groups):
        known, asked = features([items[kept[place]] for place in train], [items[kept[place]] for place in test], card)
        model = Ridge() if numeric else LogisticRegression(max_iter=2000)
        model.fit(known, [golds[place] for place in train])
        for place, rating in zip(test, model.predict(asked), strict=True):
            rated[place] = float(rating) if numeric else str(rating)
    return [items[place]["id"] for place in kept], rated


def features(known: list[dict[str, Any]], asked: list[dict[str, Any]], card: Card) -> list[Any]:
    """Return TF-IDF of words (1-2), of pairs the difference of the two with that of their log lengths in words."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    if card.scale != "pairwise":
        texts = [[" ".join(item[name] for name in card.fields) for item in part] for part in (known, asked)]
        return [words.fit_transform(texts[0]), words.transform(texts[1])]
    words.fit([item[name] for item in known for name in ("response_a", "response_b")])
    found = []
    for part in (known, asked):
        first, second = ([item[name] for item in part] for name in ("response_a", "response_b"))
        gap = np.subtract(*(np.log1p([len(text.split()) for text in side]) for side in (first, second)))[:, None]
        seen: list[Any] = [words.transform(side) for side in (first, second)]
        found.append(hstack([seen[0] - seen[1], gap]).tocsr())
    return found


def evaluate(*arguments: str) -> dict[str, Any]:
    """Run the command and return what it prints."""
    command = [sys.executable, "-m", "accord.app", "evaluate", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def measure(name: str, card: Card, folder: Path, work: Path, seed: int) -> dict[str, Any]:
    """Return the command's figures of one corpus beside those of its card."""
    items = read(folder)
    numeric = card.scale.startswith(("ordinal", "interval"))
    for item in items:
        item |= {text: item[text] if item[text].strip() else NOTHING for text in card.fields}
    data = work / "items.jsonl.gz"
    with gzip.open(data, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(item) + "\n" for item in items)
    ids, ratings = untuned(items, card, numeric, seed)
    low, high = card.ends
    rows = [
        {"id": id, "label": float(np.clip(rating, low, high)) if numeric else rating}
        for id, rating in zip(ids, ratings, strict=True)
    ]
    (work / "tfidf.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    people = Counter(who for item in items if isinstance(item["labels"], dict) for who in item["labels"])
    person = people.most_common(1)[0][0] if card.person is None else card.person
    common = [str(data), "--id", "id", "--label", "labels", "--scale", card.scale]
    common += [word for text in card.fields for word in ("--field", text)]
    common += ["--group", card.group] if card.group is not None else []
    of_file = evaluate(*common, "--ratings", str(work / "tfidf.jsonl"))
    of_person = evaluate(*common, "--person", person)
    metrics = list(card.human)

    def some(record: dict[str, Any]) -> dict[str, float]:
        return {metric: record["metrics"][metric]["value"] for metric in metrics}

    return {
        "corpus": name,
        "items": of_file["items"],
        "alpha": {"card": card.alpha, "accord": of_file["people"]["among_each_other"]["metrics"]["alpha"]["value"]},
        "human": {
            "card": card.human,
            "accord": some(of_file["one_human"]),
            "as on the card": draws(items, numeric, seed),
        },
        "baseline": {
            "card": card.baseline,
            "file of untuned TF-IDF": some(of_file["raters"][0]),
            "accord": some(of_file["baselines"]["tfidf"]),
        },
        "length": {"card": card.length, "accord": some(of_file["baselines"]["length"])},
        "person": {
            "items": of_person["raters"][0]["n"],
            "alpha": of_person["raters"][0]["metrics"]["alpha"]["value"],
            **some(of_person["raters"][0]),
        },
        "verdicts": [of_file["verdict"][0], of_person["verdict"][0]],
    }


def main() -> None:
    """Run, print JSON and a table."""
    options = argparse.ArgumentParser(description="Compare accord evaluate with the cards of four corpora.")
    options.add_argument("folder", type=Path)
    options.add_argument("--only", choices=CARDS)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    found = []
    for name, card in CARDS.items():
        if chosen.only in (None, name):
            with tempfile.TemporaryDirectory() as work:
                folder = chosen.folder / name.partition(" ")[0]
                found.append(measure(name, card, folder, Path(work), chosen.seed))
            print(json.dumps(found[-1]), flush=True)
    print("\n| corpus | figure | card | accord evaluate | the card's definition |\n|---|---|---|---|---|")
    for one in found:
        print(f"| {one['corpus']} | alpha among people | {one['alpha']['card']} | {one['alpha']['accord']:.3f} | |")
        for metric, value in one["human"]["card"].items():
            low, high = one["human"]["as on the card"][metric]
            row = f"{value} | {one['human']['accord'][metric]:.3f} | {low:.3f} to {high:.3f}"
            print(f"| | one human, {metric} | {row} |")
            base = one["baseline"]
            row = (
                f"{base['card'][metric]} | {base['accord'][metric]:.3f} | {base['file of untuned TF-IDF'][metric]:.3f}"
            )
            print(f"| | TF-IDF, {metric} | {row} |")
            if metric in one["length"]["card"]:
                length = one["length"]
                row = f"{length['card'][metric]} | {length['accord'][metric]:.3f}"
                print(f"| | length only, {metric} | {row} | |")
        print(
            f"| | one annotator held out ({one['person']['items']:,} items), alpha | | {one['person']['alpha']:.3f} | |"
        )


if __name__ == "__main__":
    main()
