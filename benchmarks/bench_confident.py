"""How precise accepted traces are, and what they cost: `Confident` beside `First`, at equal cost and without a limit.

    python benchmarks/bench_confident.py [--items 600] [--seeds 5]

Worlds: *plain*: 30 % of the items are guessed (the teacher draws from the label mix), hit rates of the others are 0.4,
0.6 or 0.8, five equal levels. *skewed*: the same with the label mix 3, 3, 4, 10, 80 %. *weak*: nothing is guessed, and
the hit rate is 0.26 everywhere, 1.3 times chance.

- precision: share of the accepted traces whose item's draws favour gold: its true hit rate is at least 1.1 times the
  rate at which draws of all items say that label (without the margin, a guesser is "above" every label of which there
  happen to be a few more items). With a Wilson interval over the traces of all seeds.
- understood: share of the accepted traces whose item is not guessed. In the skewed world the two differ: a guesser
  says the frequent label more often than the rest of the draws do, and nothing in the draws tells it from a reader.
- coverage: accepted, among the items whose draws favour gold.

Policies: `First`; `Confident` with the tokens that `First` spent; `Confident`; all draws, then `Confident`'s rule.
Prints one JSON line and a table.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from accord.optimizers import Budget, Confident, Exhaust, First, RejectionSampling, Standing, Stopping, Traces  # noqa: E402
from accord.programs import Rater  # noqa: E402
from worlds.rater_world import RaterWorld  # noqa: E402

WORLDS: dict[str, dict[str, Any]] = {
    "plain": {"hit_rate": (0.4, 0.6, 0.8), "guessable": 0.3},
    "skewed": {"hit_rate": (0.4, 0.6, 0.8), "guessable": 0.3, "mix": (0.03, 0.03, 0.04, 0.1, 0.8)},
    "weak": {"hit_rate": 0.26},
}


@dataclass(frozen=True)
class AllThenConfident(Exhaust):
    """Make all draws, then ask for the proof that `Confident` asks for."""

    def explains(self, standing: Standing) -> bool:
        """Return what `Confident` says."""
        return Confident().explains(standing)


@dataclass
class Tally:
    """What a policy brought, over all seeds."""

    traces: int = 0
    precise: int = 0
    understood: int = 0
    favouring: int = 0
    tokens: int = 0
    draws: int = 0

    def add(self, world: RaterWorld, traces: Traces) -> None:
        """Count one run."""
        favouring = favouring_gold(world)
        ids = [trace["item_id"] for trace in traces]
        self.traces += len(ids)
        self.precise += sum(id in favouring for id in ids)
        self.understood += sum(id not in world.guess_ids for id in ids)
        self.favouring += len(favouring)
        self.tokens += traces.spent.tokens
        self.draws += traces.asked

    def row(self) -> dict[str, Any]:
        """Return the figures."""
        return {
            "traces": self.traces,
            "precision": self.precise / self.traces if self.traces else None,
            "interval": wilson(self.precise, self.traces),
            "understood": self.understood / self.traces if self.traces else None,
            "understood_interval": wilson(self.understood, self.traces),
            "coverage": self.precise / self.favouring,
            "draws": self.draws,
            "tokens": self.tokens,
            "tokens_per_trace": self.tokens / self.traces if self.traces else None,
        }


def favouring_gold(world: RaterWorld) -> set[str]:
    """Return the items on which a draw says gold at least 1.1 times as often as draws of all items do."""
    corpus = world.corpus()
    golds = corpus.golds()
    mix = {gold: sum(world.chances(id).get(gold, 0.0) for id in corpus.ids) / len(corpus) for gold in set(golds)}
    return {id for id, gold in zip(corpus.ids, golds, strict=True) if world.gold_rates[id] >= 1.1 * mix[gold]}


def wilson(right: int, of: int, z: float = 1.96) -> tuple[float, float] | None:
    """Return the 95 % interval of a share (Wilson, JASA 1927)."""
    if not of:
        return None
    share = right / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * (share * (1 - share) / of + z * z / (4 * of * of)) ** 0.5 / (1 + z * z / of)
    return middle - half, middle + half


def infer(world: RaterWorld, stop: Stopping, budget: Budget | None = None) -> Traces:
    """Draw traces in a world."""
    corpus = world.corpus()
    rater = Rater(corpus.scale, fields=corpus.fields, lm=world.teacher_lm())
    sampler = RejectionSampling(stop=stop, budget=budget, filters=(), max_tokens=world.completion_tokens)
    return sampler.infer(rater, trainset=corpus.examples())


def measure(worlds: Sequence[RaterWorld]) -> dict[str, Tally]:
    """Run all policies on all worlds."""
    found = {name: Tally() for name in ("first", "confident, equal cost", "confident", "all draws, then confident")}
    for world in worlds:
        first = infer(world, First())
        runs = (first, infer(world, Confident(), Budget(tokens=first.spent.tokens)), infer(world, Confident()))
        for tally, traces in zip(found.values(), (*runs, infer(world, AllThenConfident())), strict=True):
            tally.add(world, traces)
    return found


def main() -> None:
    """Run, print JSON and a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", type=int, default=600)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    found = {
        name: measure([RaterWorld(items=options.items, seed=seed, **dials) for seed in range(options.seeds)])
        for name, dials in WORLDS.items()
    }
    rows = [
        {"world": name, "policy": policy, **tally.row()}
        for name, tallies in found.items()
        for policy, tally in tallies.items()
    ]
    print(json.dumps({"items": options.items, "seeds": options.seeds, "rows": rows}))
    print(f"\n{'world':<7} {'policy':<26} {'traces':>6} {'precision':>22} {'understood':>22} {'coverage':>9}", end="")
    print(f" {'tokens/trace':>12} {'draws':>7}")
    for row in rows:
        print(f"{row['world']:<7} {row['policy']:<26} {row['traces']:>6} ", end="")
        print(f"{shown(row['precision'], row['interval']):>22} ", end="")
        print(f"{shown(row['understood'], row['understood_interval']):>22} {row['coverage']:>9.1%} ", end="")
        print(f"{'-' if row['tokens_per_trace'] is None else round(row['tokens_per_trace']):>12} {row['draws']:>7}")


def shown(share: float | None, interval: tuple[float, float] | None) -> str:
    """Return a share with its interval."""
    return "-" if share is None or interval is None else f"{share:.1%} ({interval[0]:.1%}-{interval[1]:.1%})"


if __name__ == "__main__":
    main()
