"""Usage days as Parquet files in a folder; the only file of this storey that knows pyarrow."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from cache_api.rules.day_files import COLUMNS, BadDayFile

BLOCK = 20_000


def to_parquet(rows: Iterable[Sequence[Any]]) -> bytes:
    """Events in the order of COLUMNS as one file, written in blocks; the same bytes each time."""
    import pyarrow  # noqa: PLC0415 - 0.3 s and 60 MB that no other process need pay
    import pyarrow.parquet  # noqa: PLC0415

    kinds = {
        "uuid": pyarrow.binary(16), "count": pyarrow.int64(), "text": pyarrow.string(),
        "json": pyarrow.string(), "flag": pyarrow.bool_(), "micros": pyarrow.timestamp("us", "UTC"),
    }  # fmt: skip
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
    target, source = io.BytesIO(), iter(rows)
    with pyarrow.parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        while block := list(islice(source, BLOCK)):
            columns = {
                name: [_out(kind, value) for value in values]
                for (name, kind), values in zip(
                    COLUMNS.items(), zip(*block, strict=True), strict=True
                )
            }
            writer.write_table(pyarrow.table(columns, schema=schema))
    return target.getvalue()


def from_parquet(raw: bytes) -> Iterator[Mapping[str, Any]]:
    """The events of a file, as members by name. Raises BadDayFile."""
    import pyarrow  # noqa: PLC0415
    import pyarrow.parquet  # noqa: PLC0415

    try:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(raw))
        if file.schema_arrow.names != list(COLUMNS):
            raise BadDayFile(f"The file has the columns {file.schema_arrow.names}.")
        for batch in file.iter_batches(BLOCK):
            for row in batch.to_pylist():
                yield {name: _in(COLUMNS[name], value) for name, value in row.items()}
    except pyarrow.ArrowException as error:
        raise BadDayFile(f"This is no Parquet file: {error}.") from error


def sha256_of(content: bytes) -> str:
    """In hex."""
    return sha256(content).hexdigest()


def write(path: Path, content: bytes) -> None:
    """All of it or nothing, on the disk when this returns, readable by us only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f"{path.name}.part")
    aside.touch(mode=0o600)
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _out(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "uuid":
        return value.bytes
    return json.dumps(value, sort_keys=True) if kind == "json" else value


def _in(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "uuid":
        return UUID(bytes=value)
    return json.loads(value) if kind == "json" else value
