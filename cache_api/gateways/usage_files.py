"""Usage files on disk: CSV and Parquet in, rejects out. Rows come as (line, cells by column)."""

import csv
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOO_MANY, TOO_FEW = "(too many cells)", "(too few cells)"
_PARQUET = {".parquet", ".pq"}


class UnreadableFile(Exception):
    """The file is no CSV or Parquet at all; the message names it and says what to do."""


@dataclass(frozen=True)
class UsageFile:
    """A file's column names; its rows are read anew at every call, so memory stays flat."""

    path: Path
    columns: list[str]

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """(line in a CSV or row number in a Parquet file, cells). Raises UnreadableFile."""
        return _parquet_rows(self.path) if _is_parquet(self.path) else _csv_rows(self.path)


def open_usage_file(path: Path) -> UsageFile:
    """Read the header. Raises UnreadableFile."""
    if not path.is_file():
        raise UnreadableFile(f"{path} does not exist or is no file.")
    columns = _parquet_columns(path) if _is_parquet(path) else _csv_columns(path)
    if not columns:
        raise UnreadableFile(f"{path} is empty: the first line must name the columns.")
    return UsageFile(path, columns)


def write_rejects(
    path: Path, columns: list[str], rows: Iterable[tuple[dict[str, Any], str]]
) -> None:
    """The rejected rows as they came, with the reason; replaces an older file in one step."""
    partial = path.with_name(path.name + ".partial")
    names = [name for name in columns if name != "rejected_because"]
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "rejected_because"])
        for cells, reason in rows:
            writer.writerow([*["" if cells.get(n) is None else cells[n] for n in names], reason])
    os.replace(partial, path)


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in _PARQUET


def _csv_columns(path: Path) -> list[str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return [name.strip() for name in next(csv.reader(file), [])]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"{path} is not a UTF-8 CSV file: {error}") from error


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            names = [name.strip() for name in next(reader, [])]
            for cells in reader:
                if not cells:
                    continue
                row: dict[str, Any] = dict(zip(names, cells, strict=False))
                if len(cells) > len(names):
                    row[TOO_MANY] = cells[len(names) :]
                elif len(cells) < len(names):  # a line that was cut off, or one that lost a comma
                    row[TOO_FEW] = names[len(cells) :]
                yield reader.line_num, row
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"{path} is not a UTF-8 CSV file: {error}") from error


def _parquet_columns(path: Path) -> list[str]:
    import pyarrow.lib  # noqa: PLC0415 - 0.3 s and 60 MB that a CSV need not pay
    import pyarrow.parquet  # noqa: PLC0415

    try:
        return list(pyarrow.parquet.read_schema(path).names)
    except (pyarrow.lib.ArrowException, OSError) as error:
        raise UnreadableFile(f"{path} is not a Parquet file: {error}") from error


def _parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow.lib  # noqa: PLC0415 - see above
    import pyarrow.parquet  # noqa: PLC0415

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=10_000):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except (pyarrow.lib.ArrowException, OSError) as error:
        raise UnreadableFile(f"{path} cannot be read as Parquet: {error}") from error
