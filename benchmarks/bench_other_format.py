"""What becomes of a rater that was trained in one number format and rates in the other.

    accord demo --run runs/demo
    python benchmarks/bench_other_format.py runs/demo

Loads the rater of a demo run twice, in bfloat16 and in float32, rates the demo's test items with each (greedily,
without a journal), and compares: how many labels are equal, also among those that the model decides by a margin (half
a nat between the two likeliest levels after its rationale), and alpha in each format with the difference and its
interval (paired bootstrap, 2,000 resamples). Prints lines and one JSON line. On a processor without instructions for
bfloat16 it takes minutes.
"""

import argparse
import json
import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

from accord.app.demo.size import kept_size
from accord.app.demo.task import demo_splits
from accord.data import agreement, constant, paired_difference
from accord.programs import LocalEngine, Rater, Speed, format_check, local_lm

_MARGIN = 0.5


def main() -> None:
    """Rate twice and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the folder of a demo run")
    options = parser.parse_args()
    splits, scale = demo_splits()
    size, _ = kept_size(options.run, unmeasured)
    test, fill = size.cut(splits).test, constant(splits.train.golds(), scale)
    rater = Rater.load(options.run / "rater")
    own = rater.lm.engine
    trained = rater.provenance["number_format"]["trained"]
    found: dict[str, tuple[list, list[float]]] = {}
    for dtype in ("bfloat16", "float32"):
        engine = LocalEngine(own.path, adapter=own.adapter, name=own.name, dtype=dtype)
        one = rater.variant(lm=local_lm(engine, max_tokens=rater.lm.kwargs["max_tokens"]))
        one.provenance = rater.provenance
        if dtype != trained:
            print(format_check(one))
        ratings = one.rate(test)
        levels = scale.levels or ()
        replies = [[one.reply(rating.rationale, level) for level in levels] for rating in ratings]
        scores = engine.choice_log_probabilities([one.prompt(item.fields) for item in test], replies)
        leads = [0.0 if row is None else sorted(row)[-1] - sorted(row)[-2] for row in scores]
        found[dtype] = list(ratings.labels), leads
    (half, leads), (full, _) = found["bfloat16"], found["float32"]
    decided = [place for place, lead in enumerate(leads) if lead >= _MARGIN]
    equal = sum(a == b for a, b in zip(half, full, strict=True))
    among = sum(half[place] == full[place] for place in decided)
    golds = test.golds()
    alphas = {name: agreement(labels, golds, scale, fill=fill).metrics["alpha"] for name, (labels, _) in found.items()}
    other = "float32" if trained == "bfloat16" else "bfloat16"
    apart = paired_difference(found[other][0], found[trained][0], golds, scale, fill=fill)
    said = f"{among} of {len(decided)} that are decided by a margin"
    print(f"trained in {trained}; {equal} of {len(test)} labels are equal in both formats, {said}")
    for name, alpha in alphas.items():
        print(f"rated in {name}: alpha {alpha.value:.3f} [{alpha.low:.3f}, {alpha.high:.3f}]")
    print(f"{other} - {trained}: {apart.value:+.3f} [{apart.low:+.3f}, {apart.high:+.3f}]")
    print(
        json.dumps(
            {
                "trained": trained,
                "items": len(test),
                "equal": equal,
                "decided": len(decided),
                "decided_equal": among,
                "alpha": {name: alpha.value for name, alpha in alphas.items()},
                "difference": [apart.value, apart.low, apart.high],
            }
        )
    )


def unmeasured() -> Speed:
    """Refuse: a run that is there has its size."""
    raise SystemExit("this is not the folder of a demo run")


if __name__ == "__main__":
    main()
