"""Reads of the money storey; each returns dataclasses or rows, with a constant query count."""

from billing.queries.control_room import ControlRoom, RoomRow, control_room, settled_months
from billing.queries.documents import (
    DocumentDetail,
    DocumentRow,
    customer_invoices,
    document_detail,
    documents_page,
    invoices,
    statements,
)
from billing.queries.earnings import MonthEarnings, earnings
from billing.queries.exception_queue import all_exceptions, exceptions
from billing.queries.people import acting_person
from billing.queries.run_detail import PaperRow, RunDetail, run_detail

__all__ = [
    "ControlRoom", "DocumentDetail", "DocumentRow", "MonthEarnings", "PaperRow", "RoomRow",
    "RunDetail", "acting_person", "all_exceptions", "control_room", "customer_invoices",
    "document_detail", "documents_page", "earnings", "exceptions", "invoices", "run_detail",
    "settled_months", "statements",
]  # fmt: skip
