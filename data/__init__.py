"""Ground floor: what people said about items, and how far they agree."""

from .abstention import Abstention, TriedThreshold, fit_abstention
from .abstention_use import check_abstention
from .addition import AddOne, add_one
from .agreement import Agreement, agreement
from .agreement_by import agreement_by
from .alt_advantage import Advantage, AgainstOne
from .alt_test import EPSILON, AltTest, alt_test
from .annotators import EachAnnotator, each_annotator
from .assets import DEMO_LABELS, EMBEDDED_MODEL, Asset, cache_folder, fetch
from .baselines import BASELINES, Baseline, constant, constant_baseline, length_baseline, tfidf_baseline
from .bradley_terry import BradleyTerry, Comparison, bradley_terry
from .calibration import calibration
from .choices import Choice, Choices, standing_choices
from .comparison import Difference, paired_difference
from .consensus import consensus, dawid_skene, distribution, majority, mean, median, spread
from .consistency import consistency
from .corpus import Corpus
from .detectability import detectability
from .draws import Draw, Source
from .errors import AccordError, InputError, RetryError, SetupError
from .estimate import Estimate
from .finding import Finding
from .human_agreement import human_agreement
from .human_mean import human_mean
from .human_table import labels_by_annotator
from .injection import injection_effect
from .item_lengths import item_lengths
from .items import Annotation, Item, content_hash, content_id
from .journal import Journal, opened
from .label_errors import LabelError, LabelErrors, label_errors
from .length_bias import length_bias
from .leniency import leniency
from .level_usage import level_usage
from .multiple import benjamini_yekutieli, holm
from .one_human import OneHuman, one_human
from .outlines import Outcome, PromptOutline
from .pair_fields import Pair, pair_fields
from .pairs import Disagree, both_orders, turned
from .pairwise_baselines import PAIR_BASELINES, baseline_ratings, pair_length_baseline, pair_tfidf_baseline
from .panel_agreement import PanelAgreement, PanelChange, panel_agreement, panel_change
from .permutation import Permutation, permutation_test
from .position_bias import position_bias
from .power import LabelsNeeded, labels_needed, power_at
from .recognition import Recognition, Seen, recognition
from .reliability import GoldReliability, gold_reliability
from .replacement import ReplaceOne, replace_one
from .risk_coverage import risk_coverage
from .scale import Interval, Label, Nominal, Ordinal, Pairwise, Scale, scale_from_dict
from .sensitivity import sensitivity
from .splits import Splits, split
from .system_level import SystemAgreement, system_agreement
from .whole_file import whole_file

__all__ = [
    "BASELINES",
    "DEMO_LABELS",
    "EMBEDDED_MODEL",
    "EPSILON",
    "PAIR_BASELINES",
    "Abstention",
    "AccordError",
    "AddOne",
    "Advantage",
    "AgainstOne",
    "Agreement",
    "AltTest",
    "Annotation",
    "Asset",
    "Baseline",
    "BradleyTerry",
    "Choice",
    "Choices",
    "Comparison",
    "Corpus",
    "Difference",
    "Disagree",
    "Draw",
    "EachAnnotator",
    "Estimate",
    "Finding",
    "GoldReliability",
    "InputError",
    "Interval",
    "Item",
    "Journal",
    "Label",
    "LabelError",
    "LabelErrors",
    "LabelsNeeded",
    "Nominal",
    "OneHuman",
    "Ordinal",
    "Outcome",
    "Pair",
    "Pairwise",
    "PanelAgreement",
    "PanelChange",
    "Permutation",
    "PromptOutline",
    "Recognition",
    "ReplaceOne",
    "RetryError",
    "Scale",
    "Seen",
    "SetupError",
    "Source",
    "Splits",
    "SystemAgreement",
    "TriedThreshold",
    "add_one",
    "agreement",
    "agreement_by",
    "alt_test",
    "baseline_ratings",
    "benjamini_yekutieli",
    "both_orders",
    "bradley_terry",
    "cache_folder",
    "calibration",
    "check_abstention",
    "consensus",
    "consistency",
    "constant",
    "constant_baseline",
    "content_hash",
    "content_id",
    "dawid_skene",
    "detectability",
    "distribution",
    "each_annotator",
    "fetch",
    "fit_abstention",
    "gold_reliability",
    "holm",
    "human_agreement",
    "human_mean",
    "injection_effect",
    "item_lengths",
    "label_errors",
    "labels_by_annotator",
    "labels_needed",
    "length_baseline",
    "length_bias",
    "leniency",
    "level_usage",
    "majority",
    "mean",
    "median",
    "one_human",
    "opened",
    "pair_fields",
    "pair_length_baseline",
    "pair_tfidf_baseline",
    "paired_difference",
    "panel_agreement",
    "panel_change",
    "permutation_test",
    "position_bias",
    "power_at",
    "recognition",
    "replace_one",
    "risk_coverage",
    "scale_from_dict",
    "sensitivity",
    "split",
    "spread",
    "standing_choices",
    "system_agreement",
    "tfidf_baseline",
    "turned",
    "whole_file",
]
