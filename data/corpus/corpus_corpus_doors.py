"""Knows by which doors labelled items come into a corpus; does not know how a file is read or what is done with it."""

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, Unpack

from ..scales.scale_from_dict import Scale

if TYPE_CHECKING:
    from .corpus import Corpus


class Columns(TypedDict):
    """Which column means what, and how labels become gold; see `accord.data.corpus.layout.Layout` for each."""

    fields: Sequence[str]
    label: str | None
    scale: Scale
    annotator: NotRequired[str | None]
    id: NotRequired[str | None]
    group: NotRequired[str | None]
    consensus: NotRequired[str]
    max_spread: NotRequired[float | None]


class CorpusDoors:
    """The ways to load a `Corpus`. All take the same columns: ``fields``, ``label`` and ``scale`` are required."""

    @classmethod
    def from_csv(cls, path: str | PathLike[str], **columns: Unpack[Columns]) -> "Corpus":
        """Load a comma-separated UTF-8 file with a header; see `accord.data.corpus.layout.Layout` for the arguments."""
        from ..tables.csv_file import csv_table
        from .layout import Layout
        from .loading import load

        layout = Layout(**columns)
        return load(csv_table(path), layout)

    @classmethod
    def from_jsonl(cls, path: str | PathLike[str], **columns: Unpack[Columns]) -> "Corpus":
        """Load one JSON object a line; a label may be a value, a list or a mapping from annotator to value."""
        from ..tables.rows import jsonl_table
        from .layout import Layout
        from .loading import load

        layout = Layout(**columns)
        return load(jsonl_table(path), layout)

    @classmethod
    def from_parquet(cls, path: str | PathLike[str], **columns: Unpack[Columns]) -> "Corpus":
        """Load a Parquet file; a label may be a value, a list or a mapping from annotator to value."""
        from ..tables.rows import parquet_table
        from .layout import Layout
        from .loading import load

        layout = Layout(**columns)
        return load(parquet_table(path, layout.columns), layout)

    @classmethod
    def from_dataset(cls, dataset: Any, **columns: Unpack[Columns]) -> "Corpus":
        """Load one split of a Hugging Face dataset (anything with ``column_names`` that yields mappings)."""
        from ..tables.rows import dataset_table
        from .layout import Layout
        from .loading import load

        layout = Layout(**columns)
        return load(dataset_table(dataset, layout.columns), layout)

    @classmethod
    def from_records(
        cls, records: Iterable[Mapping[str, Any]], *, place: str = "records", **columns: Unpack[Columns]
    ) -> "Corpus":
        """Load mappings from column to cell; ``place`` names them in messages."""
        from ..tables.rows import records_table
        from .layout import Layout
        from .loading import load

        layout = Layout(**columns)
        return load(records_table(records, place), layout)
