"""Items with everybody's labels: loading, consensus, splits without leaks."""

from .consensus import consensus, dawid_skene, distribution, majority, mean, median, rule_for, spread
from .corpus import Corpus, Splits, split
from .item_columns import ItemCell, item_columns
from .items import Annotation, Item, content_hash, content_id
from .layout import Layout
from .loading import key_of
from .near_duplicates import Clusters, near_duplicate_clusters, normal_form
from .pair_fields import Pair, pair_fields

__all__ = [
    "Annotation",
    "Clusters",
    "Corpus",
    "Item",
    "ItemCell",
    "Layout",
    "Pair",
    "Splits",
    "consensus",
    "content_hash",
    "content_id",
    "dawid_skene",
    "distribution",
    "item_columns",
    "key_of",
    "majority",
    "mean",
    "median",
    "near_duplicate_clusters",
    "normal_form",
    "pair_fields",
    "rule_for",
    "split",
    "spread",
]
