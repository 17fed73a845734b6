"""Downloads: CSV and zip in pieces, Parquet from a temporary file; memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import Any

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse

from billing.gateways.parquet import table_parquet
from billing.rules.archive import zip_pieces
from billing.rules.csv_text import csv_blocks
from portal.queries.usage_files import Table
from tenants import schema

IN_MEMORY = 2**20


def csv_file(whose: Any, name: str, table: Callable[[], Table]) -> HttpResponseBase:
    """The table as it is read, in `whose` schema, which the request has left by then."""

    def pieces() -> Iterator[bytes]:
        with schema.in_partner(whose):
            columns, rows = table()
            yield from csv_blocks(tuple(columns), (tuple(map(_text, row)) for row in rows))

    return StreamingHttpResponse(
        pieces(), content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )  # fmt: skip


def zip_file(
    whose: Any, name: str, files: Callable[[], Iterable[tuple[str, bytes]]]
) -> HttpResponseBase:
    """A zip of (name, content), sent while the files are made, in `whose` schema."""

    def pieces() -> Iterator[bytes]:
        with schema.in_partner(whose):
            yield from zip_pieces(files())

    return StreamingHttpResponse(
        pieces(), content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}.zip"'},
    )  # fmt: skip


def parquet_file(name: str, table: Callable[[], Table]) -> HttpResponseBase:
    """The table written whole before it is sent, on disk beyond a megabyte."""
    target = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
    table_parquet(*table(), target)  # type: ignore[arg-type]
    target.seek(0)
    return FileResponse(target, as_attachment=True, filename=f"{name}.parquet")


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
    return value
