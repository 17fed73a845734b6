"""Tables of the money storey; all of them in the public schema, every row naming its partner."""

from billing.models.accounting import AccountMapping, PeriodEvent
from billing.models.agreements import (
    Agreement,
    AgreementPaper,
    AgreementPaperEvent,
    AgreementVersion,
    ChargeComponent,
    RenewalNotice,
    Termination,
)
from billing.models.bank import BankFile, BankLine
from billing.models.carried import CarriedItem
from billing.models.chargebacks import Chargeback, ChargebackMove
from billing.models.counts import CountFile
from billing.models.credit_requests import CreditRequest
from billing.models.disputes import Dispute, DisputeEntry
from billing.models.documents import Document, DocumentEvent, DocumentLine, NumberSeries
from billing.models.drafts import DraftDocument, DraftLine
from billing.models.exceptions import ExceptionOwner, FoundBreach
from billing.models.finance_requests import FinanceRequest
from billing.models.frozen import CustomerShare, RatedLine, RunInput, RunSnapshot
from billing.models.journal import JournalEntry, JournalLine, JournalSeal, SealedEntry
from billing.models.payments import Payment, PaymentApplication, Refund
from billing.models.payouts import (
    Payout,
    PayoutClaim,
    PayoutDetails,
    PayoutDetailsDecision,
    PayoutEvent,
)
from billing.models.plans import Plan, PlanAssignment, PlanVersion
from billing.models.rate_cards import Rate, RateCard, RateCardVersion
from billing.models.remote import (
    ConnectedAccount,
    RemoteDifference,
    RemoteIntent,
    StripeEvent,
)
from billing.models.rendered import RenderedFile
from billing.models.running_months import RunningMonth
from billing.models.runs import RunEvent, SettlementRun
from billing.models.sales import SalesLine, SalesReport
from billing.models.taxes import FxRate, TaxRate, TaxStatus
from billing.models.waivers import IntakeWaiver

__all__ = [
    "AccountMapping",
    "Agreement",
    "AgreementPaper",
    "AgreementPaperEvent",
    "AgreementVersion",
    "BankFile",
    "BankLine",
    "CarriedItem",
    "ChargeComponent",
    "Chargeback",
    "ChargebackMove",
    "ConnectedAccount",
    "CountFile",
    "CreditRequest",
    "CustomerShare",
    "Dispute",
    "DisputeEntry",
    "Document",
    "DocumentEvent",
    "DocumentLine",
    "DraftDocument",
    "DraftLine",
    "ExceptionOwner",
    "FinanceRequest",
    "FoundBreach",
    "FxRate",
    "IntakeWaiver",
    "JournalEntry",
    "JournalLine",
    "JournalSeal",
    "NumberSeries",
    "Payment",
    "PaymentApplication",
    "Payout",
    "PayoutClaim",
    "PayoutDetails",
    "PayoutDetailsDecision",
    "PayoutEvent",
    "PeriodEvent",
    "Plan",
    "PlanAssignment",
    "PlanVersion",
    "Rate",
    "RateCard",
    "RateCardVersion",
    "RatedLine",
    "Refund",
    "RemoteDifference",
    "RemoteIntent",
    "RenderedFile",
    "RenewalNotice",
    "RunEvent",
    "RunInput",
    "RunSnapshot",
    "RunningMonth",
    "SalesLine",
    "SalesReport",
    "SealedEntry",
    "SettlementRun",
    "StripeEvent",
    "TaxRate",
    "TaxStatus",
    "Termination",
]
