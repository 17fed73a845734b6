"""What a query gave, or the page that says there is nothing."""

from typing import TypeVar

from django.http import Http404

Row = TypeVar("Row")


def or_404(row: Row | None) -> Row:
    """The row; Http404 where there is none."""
    if row is None:
        raise Http404
    return row
