"""What is put away on this process's disk while a run is charged, read any number of times."""

from __future__ import annotations

import pickle  # nosec B403
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from types import TracebackType
from typing import IO, Any, overload

AT_ONCE = 50  # items in hand while a stretch is read
IN_MEMORY = 1_000_000  # bytes before the disk is used; a small month never touches it


class Spool:
    """A nameless file that is gone when the block ends; `keep` fits `billing.rules.drafts.Keep`."""

    def __enter__(self) -> Spool:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)
        self._shelves: list[Shelf] = []
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        for shelf in self._shelves:
            shelf.close()

    def keep(self, items: Iterable[Any]) -> Stretch:
        """Put items away; what comes back reads them in their order. Other stretches may be read
        meanwhile, also by `items` itself."""
        count, places, left = 0, list[int](), iter(items)
        while some := list(islice(left, AT_ONCE)):
            places.append(self._file.seek(0, 2))
            self._file.write(pickle.dumps(some, pickle.HIGHEST_PROTOCOL))
            count += len(some)
        return Stretch(self._file, places, count)

    def shelf(self) -> Shelf:
        """An empty shelf that is gone with this."""
        self._shelves.append(Shelf())
        return self._shelves[-1]


class Stretch(Sequence[Any]):
    """Items of a spool, of which `AT_ONCE` are in hand."""

    def __init__(self, file: IO[bytes], places: Sequence[int], count: int) -> None:
        self._file, self._places, self._count = file, places, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        for number in range(len(self._places)):
            yield from self._some(number)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self._count))]
        place = index + self._count if index < 0 else index
        if not 0 <= place < self._count:
            raise IndexError(index)
        return self._some(place // AT_ONCE)[place % AT_ONCE]

    def _some(self, number: int) -> list[Any]:
        self._file.seek(self._places[number])
        # This process wrote it, and the file has no name by which another could.
        found: list[Any] = pickle.load(self._file)  # noqa: S301  # nosec B301
        return found


class Shelf:
    """Items under keys, on disk (SQLite's own temporary file) beyond some two megabytes."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.execute("CREATE TABLE item (key TEXT, value BLOB)")
        self._base.execute("CREATE INDEX item_key ON item (key)")

    def put(self, items: Iterable[tuple[str, Any]]) -> None:
        """Put items under their keys, any number under one."""
        self._base.execute("BEGIN")
        self._base.executemany(
            "INSERT INTO item VALUES (?, ?)",
            ((key, pickle.dumps(item, pickle.HIGHEST_PROTOCOL)) for key, item in items),
        )
        self._base.execute("COMMIT")

    def of(self, keys: Iterable[str]) -> Iterator[tuple[str, Any]]:
        """Key and item, under each key as they were put; nothing under one that has none."""
        for key in keys:
            found = self._base.execute("SELECT value FROM item WHERE key = ? ORDER BY rowid", [key])
            for (value,) in found:
                yield key, pickle.loads(value)  # noqa: S301  # nosec B301

    def close(self) -> None:
        """Forget all."""
        self._base.close()
