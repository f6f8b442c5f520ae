"""Knows how the demo's human labels get out of their pinned archive; nothing of them is kept in the repository.

The labels are those of Hutto & Gilbert (2014), "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of
Social Media Text" (ICWSM): tweets, each rated by 20 or more people from -4 (extremely negative) to 4 (extremely
positive). Licence: MIT.
"""

import ast
import html
import io
import tarfile

from ...data import DEMO_LABELS, Corpus, InputError, Interval, fetch

_INNER = "vaderSentiment-2.5/additional_resources/hutto_ICWSM_2014.tar.gz"
_TEXTS = "hutto_ICWSM_2014/tweets_GroundTruth.txt"
_RATINGS = "hutto_ICWSM_2014/tweets_anonDataRatings.txt"

THRESHOLDS = (-1.5, -0.5, 0.5, 1.5)
"""Where the ratings from -4 to 4 are cut into five levels."""

ANCHORS = {1: "very negative", 2: "negative", 3: "neutral", 4: "positive", 5: "very positive"}


def demo_corpus() -> Corpus:
    """Return the tweets with every person's rating, cut to the levels 1 to 5; gold is the mean rating, cut likewise.

    The archive's texts and ratings are joined by id. Tweets whose mean stands differently in the two files (199 of
    4,200) are left out.
    """
    texts: dict[str, tuple[float, str]] = {}
    with tarfile.open(fetch(DEMO_LABELS)) as outer:
        with tarfile.open(fileobj=io.BytesIO(_member(outer, _INNER))) as inner:
            for line in _member(inner, _TEXTS).decode("utf-8").splitlines():
                number, mean, text = line.split("\t", 2)
                texts[number] = float(mean), html.unescape(text)
            records = []
            for line in _member(inner, _RATINGS).decode("utf-8").splitlines():
                number, mean, _, ratings = line.split("\t", 3)
                labels = ast.literal_eval(ratings)
                if number in texts and abs(texts[number][0] - sum(labels) / len(labels)) < 1e-6:
                    records.append({"id": f"tweet-{number}", "tweet": texts[number][1], "ratings": labels})
    scale = Interval(-4, 4)
    raw = Corpus.from_records(
        records, fields=["tweet"], label="ratings", id="id", scale=scale, consensus="mean", place=DEMO_LABELS.file
    )
    return raw.cut(THRESHOLDS, anchors=ANCHORS)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    stream = archive.extractfile(name)
    if stream is None:
        raise InputError(f"{name} is not a file", place=DEMO_LABELS.file, cure="Delete the cached archive and retry.")
    return stream.read()
