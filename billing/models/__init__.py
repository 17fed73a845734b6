"""Tables of the money storey; all of them in the public schema, every row naming its partner."""

from billing.models.agreements import Agreement, AgreementVersion, ChargeComponent
from billing.models.counts import CountFile
from billing.models.documents import Document, DocumentEvent, DocumentLine, NumberSeries
from billing.models.drafts import DraftDocument, DraftLine
from billing.models.frozen import CustomerShare, RatedLine, RunInput, RunSnapshot
from billing.models.journal import JournalEntry, JournalLine
from billing.models.rate_cards import Rate, RateCard, RateCardVersion
from billing.models.rendered import RenderedFile
from billing.models.runs import RunEvent, SettlementRun

__all__ = [
    "Agreement",
    "AgreementVersion",
    "ChargeComponent",
    "CountFile",
    "CustomerShare",
    "Document",
    "DocumentEvent",
    "DocumentLine",
    "DraftDocument",
    "DraftLine",
    "JournalEntry",
    "JournalLine",
    "NumberSeries",
    "Rate",
    "RateCard",
    "RateCardVersion",
    "RatedLine",
    "RenderedFile",
    "RunEvent",
    "RunInput",
    "RunSnapshot",
    "SettlementRun",
]
