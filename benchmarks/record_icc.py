"""Write tables and their intraclass correlations by pingouin, which `test_intraclass.py` compares with.

    python -m venv apart && apart/bin/pip install pingouin==0.7.0
    apart/bin/python benchmarks/record_icc.py > tests/data/metrics/pingouin_icc.json

pingouin brings a dozen packages that nothing else here needs, so it stays out of the development environment and its
answers are kept.
"""

import json
import warnings

import numpy as np
import pandas
import pingouin


def tables() -> dict[str, np.ndarray]:
    """Return (items, annotators) tables of all sorts."""
    rng = np.random.default_rng(11)
    truth = rng.integers(1, 6, 60)
    judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    return {
        "shrout and fleiss": np.array(judges),
        "random": rng.integers(1, 6, (50, 3)),
        "close": np.clip(truth[:, None] + rng.integers(-1, 2, (60, 5)), 1, 5),
        "two annotators": np.clip(truth[:, None] + rng.integers(-1, 2, (60, 2)), 1, 5),
        "skewed": np.where(rng.random((80, 4)) < 0.85, 5, rng.integers(1, 5, (80, 4))),
        "tied": np.repeat([[2, 2, 2], [3, 3, 2], [3, 3, 3]], [20, 2, 6], axis=0),
        "tiny": np.array([[1, 2], [2, 2], [4, 5]]),
        "lenient annotator": np.clip(truth[:, None] + np.array([0, 0, 2]) + rng.integers(-1, 2, (60, 3)), 1, 7),
        "numbers": np.round(truth[:, None] / 7 + rng.normal(0, 0.2, (60, 4)), 6),
        "large offset": np.round(1e4 + truth[:, None] + rng.normal(0, 0.5, (60, 3)), 3),
        "opposed": np.array([[1, 5], [5, 1], [2, 4], [4, 2], [3, 3]]),
    }


def main() -> None:
    """Print the JSON."""
    warnings.simplefilter("ignore")
    found = {}
    for name, table in tables().items():
        items, annotators = table.shape
        long = pandas.DataFrame(
            {
                "item": np.repeat(np.arange(items), annotators),
                "annotator": np.tile(np.arange(annotators), items),
                "label": table.ravel().astype(float),
            }
        )
        rows = pingouin.intraclass_corr(long, "item", "annotator", "label").set_index("Type")["ICC"]
        values = {key: float(rows[key]) for key in ("ICC(1,1)", "ICC(1,k)", "ICC(C,1)", "ICC(C,k)")}
        found[name] = {"table": table.tolist(), **values}
    print(json.dumps({"pingouin": pingouin.__version__, "tables": found}))


if __name__ == "__main__":
    main()
