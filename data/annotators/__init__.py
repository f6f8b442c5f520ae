"""People as raters: how far they agree, and whether a rater may stand in for one."""

from .add_one import AddOne, add_one
from .alt_advantage import Advantage, AgainstOne
from .alt_test import EPSILON, AltTest, alt_test
from .annotation_matrix import labels_by_annotator
from .each_annotator import EachAnnotator, each_annotator
from .gold_reliability import GoldReliability, gold_reliability
from .hold_out import hold_out
from .inter_annotator import human_agreement
from .one_against_others import OneHuman, one_human
from .population_mean import human_mean
from .recognition import Recognition, Seen, recognition
from .replace_one import ReplaceOne, replace_one

__all__ = [
    "EPSILON",
    "AddOne",
    "Advantage",
    "AgainstOne",
    "AltTest",
    "EachAnnotator",
    "GoldReliability",
    "OneHuman",
    "Recognition",
    "ReplaceOne",
    "Seen",
    "add_one",
    "alt_test",
    "each_annotator",
    "gold_reliability",
    "hold_out",
    "human_agreement",
    "human_mean",
    "labels_by_annotator",
    "one_human",
    "recognition",
    "replace_one",
]
