"""Raters without a language model."""

from .out_of_fold import out_of_fold
from .pairwise import PAIR_BASELINES, baseline_ratings, pair_length_baseline, pair_tfidf_baseline
from .simple import BASELINES, Baseline, constant, constant_baseline, length_baseline, tfidf_baseline

__all__ = [
    "BASELINES",
    "PAIR_BASELINES",
    "Baseline",
    "baseline_ratings",
    "constant",
    "constant_baseline",
    "length_baseline",
    "out_of_fold",
    "pair_length_baseline",
    "pair_tfidf_baseline",
    "tfidf_baseline",
]
