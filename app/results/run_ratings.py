"""Knows the file of a run that keeps its test items with what everybody said of them; measures nothing.

``ratings.parquet`` has a row for each test item: its id, group and texts, people's labels and their gold, and for each
rater and baseline its label, score, confidence and rationale. It is what the pages about a run are made from, so that
they need neither the corpus nor the models. Item texts are in here and not in report.json.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data import Corpus, InputError, Scale, whole_file
from .measure import RatingColumn

RATINGS_FILE = "ratings.parquet"
_VERSION = 1
"""Of its layout."""


@dataclass(frozen=True)
class Said:
    """What one rater said of one item, labels as they are written.

    Attributes:
        label: The label; None where there was none.
        score: The score of a rater that scores between the labels.
        confidence: Probability of the label, where it is known.
        rationale: The reasoning; empty for baselines.
        unparsed: Why there is no label; empty where there is one.
    """

    label: str | None
    score: float | None
    confidence: float | None
    rationale: str
    unparsed: str


@dataclass(frozen=True)
class RatedItem:
    """One test item.

    Attributes:
        id: Its id.
        group: Its group, if it has one.
        fields: Its texts.
        gold: The gold label, as it is written.
        people: Everybody's label, as they are written.
        said: By the name of each rater or baseline.
    """

    id: str
    group: str | None
    fields: Mapping[str, str]
    gold: str
    people: tuple[str, ...]
    said: Mapping[str, Said]


def write_ratings(path: Path, answers: Sequence[RatingColumn], test: Corpus) -> None:
    """Write the file whole: a killed run leaves the old one or the new one.

    Args:
        path: Where.
        answers: What raters and baselines said of the test items.
        test: The items.
    """
    import pyarrow
    import pyarrow.parquet

    scale = test.scale
    rows = [
        {
            "item_id": item.id,
            "group": item.group,
            "gold": scale.write(gold),
            "people": [scale.write(label) for label in item.labels],
            "fields": [item.fields[name] for name in test.fields],
            "said": [_row(answer, place, scale) for answer in answers],
        }
        for place, (item, gold) in enumerate(zip(test, test.golds(), strict=True))
    ]
    text, real = pyarrow.string(), pyarrow.float64()
    said = pyarrow.struct({"label": text, "score": real, "confidence": real, "rationale": text, "unparsed": text})
    columns = {"item_id": text, "group": text, "gold": text, "people": pyarrow.list_(text)}
    columns |= {"fields": pyarrow.list_(text), "said": pyarrow.list_(said)}
    about = {"version": _VERSION, "fields": test.fields, "raters": [[one.name, one.kind] for one in answers]}
    schema = pyarrow.schema(list(columns.items()), metadata={"accord": json.dumps(about)})
    with whole_file(path) as draft:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), draft, compression="zstd")


def read_ratings(path: Path) -> tuple[RatedItem, ...]:
    """Read what `write_ratings` wrote.

    Raises:
        InputError: If it is no such file, or of another version.
    """
    import pyarrow
    import pyarrow.parquet

    cure = "Compile again: what is in the journal is not paid for twice."
    try:
        table = pyarrow.parquet.read_table(path)
        about = json.loads((table.schema.metadata or {})[b"accord"])
        if about["version"] != _VERSION:
            what = f"it is of layout {about['version']}, this Accord reads {_VERSION}"
            raise InputError(what, place=str(path), cure=cure)
        names = [name for name, _ in about["raters"]]
        return tuple(_item(row, about["fields"], names) for row in table.to_pylist())
    except (OSError, KeyError, TypeError, ValueError, pyarrow.ArrowException) as error:
        what = f"it cannot be read ({' '.join(str(error).split())[:200]})"
        raise InputError(what, place=str(path), cure=cure) from None


def _row(answer: RatingColumn, place: int, scale: Scale) -> dict[str, Any]:
    label = answer.labels[place]
    score = None if answer.scores is None else answer.scores[place]
    rating = None if answer.ratings is None else answer.ratings[place]
    return {
        "label": None if label is None else scale.write(label),
        "score": None if score is None else float(score),
        "confidence": None if rating is None else rating.confidence,
        "rationale": "" if rating is None else rating.rationale,
        "unparsed": "" if rating is None else rating.unparsed,
    }


def _item(row: Mapping[str, Any], fields: Sequence[str], raters: Sequence[str]) -> RatedItem:
    texts = dict(zip(fields, row["fields"], strict=True))
    said = {name: Said(**one) for name, one in zip(raters, row["said"], strict=True)}
    return RatedItem(row["item_id"], row["group"], texts, row["gold"], tuple(row["people"]), said)
