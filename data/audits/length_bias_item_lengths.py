"""Knows how long an item is for an audit of length; does not know what a rater said of it."""

from ..corpus.corpus import Corpus
from ..corpus.pair_fields import pair_fields
from ..scales.scale_from_dict import Pairwise


def item_lengths(corpus: Corpus) -> list[float] | None:
    """Return the words of each item; of a pair, the first one's over the second one's: what `length_bias` takes.

    Both of a pair count one word more than they have, as one of two answers may be empty.

    Returns:
        One number for each item; None for pairs of which it is not known which two fields are compared.
    """
    if not isinstance(corpus.scale, Pairwise):
        return [float(len(item.text.split())) for item in corpus]
    pair = pair_fields(corpus.fields)
    if pair is None:
        return None
    return [(1 + len(item.fields[pair.a].split())) / (1 + len(item.fields[pair.b].split())) for item in corpus]
