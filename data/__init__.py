"""Ground floor: what people said about items, and how far they agree."""

from .addition import AddOne, add_one
from .agreement import Agreement, agreement
from .alt_advantage import Advantage, AgainstOne
from .alt_test import EPSILON, AltTest, alt_test
from .assets import DEMO_LABELS, EMBEDDED_MODEL, Asset, cache_folder, fetch
from .baselines import BASELINES, Baseline, constant, constant_baseline, length_baseline, tfidf_baseline
from .comparison import Difference, paired_difference
from .consensus import consensus, dawid_skene, distribution, majority, mean, median, spread
from .corpus import Corpus
from .draws import Draw, Source
from .errors import AccordError, InputError, RetryError, SetupError
from .estimate import Estimate
from .finding import Finding
from .human_agreement import human_agreement
from .human_table import labels_by_annotator
from .items import Annotation, Item, content_hash, content_id
from .journal import Journal, opened
from .multiple import benjamini_yekutieli, holm
from .one_human import OneHuman, one_human
from .outlines import Outcome, PromptOutline
from .panel_agreement import PanelAgreement, PanelChange, panel_agreement, panel_change
from .permutation import Permutation, permutation_test
from .power import LabelsNeeded, labels_needed, power_at
from .replacement import ReplaceOne, replace_one
from .scale import Interval, Label, Nominal, Ordinal, Pairwise, Scale, scale_from_dict
from .splits import Splits, split
from .system_level import SystemAgreement, system_agreement

__all__ = [
    "BASELINES",
    "DEMO_LABELS",
    "EMBEDDED_MODEL",
    "EPSILON",
    "AccordError",
    "AddOne",
    "Advantage",
    "AgainstOne",
    "Agreement",
    "AltTest",
    "Annotation",
    "Asset",
    "Baseline",
    "Corpus",
    "Difference",
    "Draw",
    "Estimate",
    "Finding",
    "InputError",
    "Interval",
    "Item",
    "Journal",
    "Label",
    "LabelsNeeded",
    "Nominal",
    "OneHuman",
    "Ordinal",
    "Outcome",
    "Pairwise",
    "PanelAgreement",
    "PanelChange",
    "Permutation",
    "PromptOutline",
    "ReplaceOne",
    "RetryError",
    "Scale",
    "SetupError",
    "Source",
    "Splits",
    "SystemAgreement",
    "add_one",
    "agreement",
    "alt_test",
    "benjamini_yekutieli",
    "cache_folder",
    "consensus",
    "constant",
    "constant_baseline",
    "content_hash",
    "content_id",
    "dawid_skene",
    "distribution",
    "fetch",
    "holm",
    "human_agreement",
    "labels_by_annotator",
    "labels_needed",
    "length_baseline",
    "majority",
    "mean",
    "median",
    "one_human",
    "opened",
    "paired_difference",
    "panel_agreement",
    "panel_change",
    "permutation_test",
    "power_at",
    "replace_one",
    "scale_from_dict",
    "split",
    "spread",
    "system_agreement",
    "tfidf_baseline",
]
