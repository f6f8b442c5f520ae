"""Resampling, intervals, multiple testing and what they rule out; no labels."""

from .bootstrap import CHUNK, Bootstrap, Units, resample
from .cells import Codes, Floats, coded, distinct_rows, midranks, ratio, totals
from .estimate import FEW_UNITS, Estimate, estimate, estimates, tail
from .finding import Finding
from .multiple_testing import benjamini_yekutieli, holm
from .partial_regression import slope_beside_noisy, slopes
from .prediction_powered import Places, PoweredColumn, powered
from .significance import (
    Tested,
    group_ranks,
    rules_out,
    said,
    share_as_extreme,
    shuffled_within,
    sign_flips,
    tested,
    two_sided_p,
)
from .two_sample_classifier import told_apart

__all__ = [
    "CHUNK",
    "FEW_UNITS",
    "Bootstrap",
    "Codes",
    "Estimate",
    "Finding",
    "Floats",
    "Places",
    "PoweredColumn",
    "Tested",
    "Units",
    "benjamini_yekutieli",
    "coded",
    "distinct_rows",
    "estimate",
    "estimates",
    "group_ranks",
    "holm",
    "midranks",
    "powered",
    "ratio",
    "resample",
    "rules_out",
    "said",
    "share_as_extreme",
    "shuffled_within",
    "sign_flips",
    "slope_beside_noisy",
    "slopes",
    "tail",
    "tested",
    "told_apart",
    "totals",
    "two_sided_p",
]
