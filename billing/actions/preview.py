"""What a run would come to: the same reading, the same arithmetic, and nothing is written.

An action because a month is charged past memory, on this process's own disk (`Spool`).
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

from django.db import transaction

from billing.gateways.spool import Spool
from billing.models import Agreement
from billing.queries.gathering import agreement_parties, customer_parties, gather_head
from billing.rules.charging import ChargePart, Charging, RunTotals
from billing.rules.drafts import Draft
from billing.rules.errors import InvariantBroken
from billing.rules.owned import ShelvedOwned
from billing.rules.periods import Period
from billing.rules.slices import customer_of
from billing.rules.snapshot import OWNED, InputDigest, head_pieces, owned_bytes
from billing.rules.sorting import Sorted
from tenants.models import Partner
from tenants.schema import in_partner


@dataclass(frozen=True)
class Previewed:
    """A period that is being charged: `parts` is read once, inside the block that gave it."""

    agreement: Agreement
    input_sha256: str
    parts: Iterator[ChargePart]


@dataclass(frozen=True, slots=True)
class PreviewPaper:
    """A document that would be drafted, without its lines; `customer_id` None: the partner's."""

    kind: str
    customer_id: str | None
    currency: str
    line_count: int
    net_minor: int
    gross_minor: int


@dataclass(frozen=True)
class Preview:
    """What one agreement and period come to, with every paper in the order of its issue."""

    agreement: Agreement
    totals: RunTotals
    papers: tuple[PreviewPaper, ...]
    line_count: int
    input_sha256: str


def preview_run(*, agreement_id: uuid.UUID, period: Period) -> Preview:
    """Compute a period that may still be running; nothing is written.

    Usage of issued runs of the period counts as booked. Reads as the partner, so a page may show
    it to that partner; lines and drafts are never whole in memory. Raises BillingError when the
    agreement can not be rated.
    """
    papers, line_count, totals = list[PreviewPaper](), 0, None
    with previewed(agreement_id=agreement_id, period=period) as found:
        for part in found.parts:
            papers += map(_paper, part.drafts)
            line_count, totals = line_count + len(part.lines), part.totals
    if totals is None:
        raise InvariantBroken("A preview was charged without its totals.")
    return Preview(found.agreement, totals, tuple(papers), line_count, found.input_sha256)


@contextmanager
def previewed(*, agreement_id: uuid.UUID, period: Period) -> Iterator[Previewed]:
    """The same part by part, each with its lines and drafts. Must not be inside a transaction."""
    agreement = Agreement.objects.get(pk=agreement_id)
    partner = Partner.objects.get(pk=agreement.partner_id)
    with in_partner(partner), transaction.atomic(), Spool() as spool:
        found, digest = gather_head(agreement, period, by_day=True), InputDigest(spool.keep)
        rows = Sorted(spool.keep, customer_of, map(digest.add, found.rows))
        items = {name: spool.keep(some) for name, some in found.owned.items()}
        stated = {name: Sorted(spool.keep, items=map(owned_bytes, some))
                  for name, some in items.items()}  # fmt: skip
        sha256 = digest.hexdigest(head_pieces(found.run_input, stated))
        owned = ShelvedOwned(spool, chain.from_iterable(items.values()))
        charging = Charging(owned.rest_in(found.run_input, OWNED), spool.keep, owned)
        yield Previewed(agreement, sha256, charging.parts(rows))


def buyer_names(preview: Preview, papers: Sequence[PreviewPaper]) -> list[str]:
    """The legal names that these papers would be addressed to. Four queries at any number."""
    ids = {paper.customer_id for paper in papers if paper.customer_id}
    with in_partner(Partner.objects.get(pk=preview.agreement.partner_id)):
        parties = dict(customer_parties(ids))
        parties[""] = agreement_parties(preview.agreement)["partner"]
    return [str(parties[paper.customer_id or ""]["legal_name"]) for paper in papers]


def _paper(draft: Draft) -> PreviewPaper:
    return PreviewPaper(
        draft.kind, draft.customer_id, draft.currency, len(draft.lines), draft.net_minor,
        draft.gross_minor,
    )  # fmt: skip
