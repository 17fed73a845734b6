"""Tables as Parquet, with types; the only file here that knows pyarrow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import IO, Any

from billing.rules.trust.usage_csv import COUNTS, HourRow

BLOCK = 50_000


def table_parquet(
    columns: Mapping[str, str], rows: Iterable[Sequence[Any]], target: IO[bytes]
) -> None:
    """Write rows of any table in blocks.

    `columns` are names and kinds: text, count, second (UTC), micros (six places).
    """
    import pyarrow  # noqa: PLC0415 - see below
    import pyarrow.parquet  # noqa: PLC0415

    kinds = {
        "text": pyarrow.string(), "count": pyarrow.int64(),
        "second": pyarrow.timestamp("s", "UTC"), "micros": pyarrow.decimal128(38, 6),
    }  # fmt: skip
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
    source = iter(rows)
    with pyarrow.parquet.ParquetWriter(target, schema) as writer:
        while block := list(islice(source, BLOCK)):
            values = dict(zip(columns, map(list, zip(*block, strict=True)), strict=True))
            writer.write_table(pyarrow.table(values, schema=schema))


def usage_parquet(rows: Iterable[HourRow], target: IO[bytes]) -> None:
    """Write the rows in blocks; the columns are those of usage.csv."""
    import pyarrow  # noqa: PLC0415 - 0.3 s and 60 MB that a page need not pay
    import pyarrow.parquet  # noqa: PLC0415

    kinds = [("hour", pyarrow.timestamp("s", "UTC"))]
    kinds += [(name, pyarrow.string()) for name in ("customer_id", "customer", "model")]
    wide = pyarrow.decimal128(38, 0)  # byte-seconds pass 2^63
    kinds += [(name, wide if name == "byte_seconds" else pyarrow.int64()) for name in COUNTS]
    schema = pyarrow.schema(kinds)
    with pyarrow.parquet.ParquetWriter(target, schema) as writer:
        for block in _blocks(iter(rows)):
            writer.write_table(pyarrow.table(_columns(block), schema=schema))


def _blocks(rows: Iterator[HourRow]) -> Iterator[list[HourRow]]:
    while block := list(islice(rows, BLOCK)):
        yield block


def _columns(block: list[HourRow]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        "hour": [row.hour for row in block],
        "customer_id": [row.customer_id for row in block],
        "customer": [row.external_id for row in block],
        "model": [row.model for row in block],
    }
    for number, name in enumerate(COUNTS):
        columns[name] = [row.counts[number] for row in block]
    return columns
