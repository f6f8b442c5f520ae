"""Ground floor: what people said about items, and how far they agree."""

from .annotators.add_one import AddOne, add_one
from .annotators.alt_advantage import Advantage, AgainstOne
from .annotators.alt_test import EPSILON, AltTest, alt_test
from .annotators.annotation_matrix import labels_by_annotator
from .annotators.each_annotator import EachAnnotator, each_annotator
from .annotators.gold_reliability import GoldReliability, gold_reliability
from .annotators.inter_annotator import human_agreement
from .annotators.one_against_others import OneHuman, one_human
from .annotators.population_mean import human_mean
from .annotators.recognition import Recognition, Seen, recognition
from .annotators.replace_one import ReplaceOne, replace_one
from .assets import DEMO_LABELS, EMBEDDED_MODEL, Asset, cache_folder, fetch
from .audits.consistency import consistency
from .audits.detectability import detectability
from .audits.length_bias import item_lengths, length_bias
from .audits.leniency import leniency
from .audits.level_usage import level_usage
from .audits.position_bias import position_bias
from .audits.prompt_injection import injection_effect
from .audits.prompt_sensitivity import sensitivity
from .audits.subgroup_agreement import agreement_by
from .baselines.pairwise import PAIR_BASELINES, baseline_ratings, pair_length_baseline, pair_tfidf_baseline
from .baselines.simple import BASELINES, Baseline, constant, constant_baseline, length_baseline, tfidf_baseline
from .confidence.calibration import calibration
from .confidence.risk_coverage import risk_coverage
from .confidence.selective_check import check_abstention
from .confidence.selective_rating import Abstention, TriedThreshold, fit_abstention
from .corpus.consensus import consensus, dawid_skene, distribution, majority, mean, median, spread
from .corpus.corpus import Corpus, Splits, split
from .corpus.items import Annotation, Item, content_hash, content_id
from .corpus.pair_fields import Pair, pair_fields
from .errors import AccordError, InputError, RetryError, SetupError
from .files import whole_file
from .journal.draws import Draw, Source
from .journal.human_choices import Choice, Choices, standing_choices
from .journal.journal import Journal, opened
from .journal.outline import Outcome, PromptOutline
from .label_quality.label_errors import LabelError, LabelErrors, label_errors
from .metrics.agreement import Agreement, agreement
from .metrics.paired_difference import Difference, paired_difference
from .metrics.panel_agreement import PanelAgreement, PanelChange, panel_agreement, panel_change
from .metrics.permutation_test import Permutation, permutation_test
from .metrics.power import LabelsNeeded, labels_needed, power_at
from .metrics.system_ranking import SystemAgreement, system_agreement
from .pairwise.both_orders import Disagree, both_orders, turned
from .pairwise.bradley_terry import BradleyTerry, Comparison, bradley_terry
from .scales.scale_from_dict import Interval, Label, Nominal, Ordinal, Pairwise, Scale, scale_from_dict
from .statistics.estimate import Estimate
from .statistics.finding import Finding
from .statistics.multiple_testing import benjamini_yekutieli, holm

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
