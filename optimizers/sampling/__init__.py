"""The decisions of rejection sampling, one file each."""

from .acceptance import Acceptance, AnyAnnotator, ByAnnotator, Exact, Reach, Target, Within, can_match
from .hints import HintedItem, HintedTrace, Hints, HintWish, hinted
from .hit_rate import HitRates, Tally, learn
from .human_first import PeopleFirst, trace_id
from .item_draws import TRACE_KEYS, ItemDraws, Outcome, settle
from .item_state import ItemState
from .label_repair import Repair
from .run import SamplingRun
from .setup import SamplingSetup, set_up
from .stopping import Confident, Exhaust, First, Standing, Stopping
from .wave_size import Tariff, Waves

__all__ = [
    "TRACE_KEYS",
    "Acceptance",
    "AnyAnnotator",
    "ByAnnotator",
    "Confident",
    "Exact",
    "Exhaust",
    "First",
    "HintWish",
    "HintedItem",
    "HintedTrace",
    "Hints",
    "HitRates",
    "ItemDraws",
    "ItemState",
    "Outcome",
    "PeopleFirst",
    "Reach",
    "Repair",
    "SamplingRun",
    "SamplingSetup",
    "Standing",
    "Stopping",
    "Tally",
    "Target",
    "Tariff",
    "Waves",
    "Within",
    "can_match",
    "hinted",
    "learn",
    "set_up",
    "settle",
    "trace_id",
]
