"""Ground floor: what people said about items, and how far they agree."""

from .agreement import Agreement, agreement
from .assets import DEMO_LABELS, EMBEDDED_MODEL, Asset, cache_folder, fetch
from .baselines import BASELINES, Baseline, constant, constant_baseline, length_baseline, tfidf_baseline
from .comparison import Difference, paired_difference
from .consensus import consensus, dawid_skene, distribution, majority, mean, median, spread
from .corpus import Corpus
from .draws import Draw, Source
from .errors import AccordError, InputError, RetryError, SetupError
from .estimate import Estimate
from .human_agreement import human_agreement
from .items import Annotation, Item, content_hash, content_id
from .journal import Journal, opened
from .one_human import OneHuman, one_human
from .outlines import Outcome, PromptOutline
from .panel_agreement import PanelAgreement, PanelChange, panel_agreement, panel_change
from .scale import Interval, Label, Nominal, Ordinal, Pairwise, Scale, scale_from_dict
from .splits import Splits, split

__all__ = [
    "BASELINES",
    "DEMO_LABELS",
    "EMBEDDED_MODEL",
    "AccordError",
    "Agreement",
    "Annotation",
    "Asset",
    "Baseline",
    "Corpus",
    "Difference",
    "Draw",
    "Estimate",
    "InputError",
    "Interval",
    "Item",
    "Journal",
    "Label",
    "Nominal",
    "OneHuman",
    "Ordinal",
    "Outcome",
    "Pairwise",
    "PanelAgreement",
    "PanelChange",
    "PromptOutline",
    "RetryError",
    "Scale",
    "SetupError",
    "Source",
    "Splits",
    "agreement",
    "cache_folder",
    "consensus",
    "constant",
    "constant_baseline",
    "content_hash",
    "content_id",
    "dawid_skene",
    "distribution",
    "fetch",
    "human_agreement",
    "length_baseline",
    "majority",
    "mean",
    "median",
    "one_human",
    "opened",
    "paired_difference",
    "panel_agreement",
    "panel_change",
    "scale_from_dict",
    "split",
    "spread",
    "tfidf_baseline",
]
