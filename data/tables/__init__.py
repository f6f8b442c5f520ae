"""Rows out of CSV, JSON lines, Parquet and datasets; no labels."""

from .csv_file import csv_table, separator_hint
from .rows import (
    UNPACKING,
    Table,
    TableRow,
    damaged,
    dataset_table,
    jsonl_table,
    opened_bytes,
    parquet_table,
    records_table,
)

__all__ = [
    "UNPACKING",
    "Table",
    "TableRow",
    "csv_table",
    "damaged",
    "dataset_table",
    "jsonl_table",
    "opened_bytes",
    "parquet_table",
    "records_table",
    "separator_hint",
]
