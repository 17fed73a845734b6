"""Checks of what is settled (S6–S9, S15, S16, S20, S21), computed again from the rated lines."""

from __future__ import annotations

import hashlib
from collections import Counter
from decimal import Decimal

from django.db import DatabaseError, transaction
from django.db.models import Count, Q
from django.utils import timezone

from billing.models import (
    AgreementPaper,
    AgreementVersion,
    CustomerShare,
    Document,
    RatedLine,
    SettlementRun,
)
from billing.reconcile import CHECKS
from billing.rules.money import Money
from billing.rules.money_text import format_money
from billing.rules.templates import default_partner_share_bps
from portal.demo.tour.running import Demo, Failed, require

WHOLE_BPS = 10_000


def revenue_share(demo: Demo) -> str:
    """Both ways to collect: each customer's split is the agreed part of what was charged."""
    found = [
        _split(demo, *one) for one in (("redis-labs", "platform"), ("aws-elasticache", "partner"))
    ]
    return " ".join(found)


def _split(demo: Demo, slug: str, collects: str) -> str:
    run = last_run(demo, slug)
    bps = default_partner_share_bps(demo.partner(slug).kind, collects)
    shares = CustomerShare.objects.filter(run=run, attempt=run.attempt)
    require(shares, f"{slug} shares nothing in {run.period_start:%Y-%m}.")
    for one in shares:
        exact = one.base_minor * one.partner_bps
        require(one.partner_bps == bps, f"{slug}: {one.partner_bps} bps, agreed are {bps}.")
        require(one.partner_minor + one.platform_minor == one.base_minor
                and abs(one.partner_minor * WHOLE_BPS - exact) < WHOLE_BPS,
                f"{slug}: {one.partner_minor} of {one.base_minor} is not {bps} bps.")  # fmt: skip
    base, part = sum(one.base_minor for one in shares), sum(one.partner_minor for one in shares)
    return f"{slug}: {_usd(part)} of {_usd(base)} is its {bps / 100:g} %, {len(shares)} customers."


def oem(demo: Demo) -> str:
    """A twelfth of the yearly fee, and $0.001 for each cached request."""
    lines = _lines(last_run(demo, "azure-cache"))
    base, usage = _sum(lines, "base_fee"), [one for one in lines if one.kind == "usage"]
    require(base == 120_000_00 // 12, f"The month's base fee is {_usd(base)}.")
    require(usage, "No usage was rated.")
    for one in usage:
        exact = one.quantity * Decimal("0.001") * 100
        require(abs(exact - one.rounded_minor) <= 1, f"{one.quantity} requests cost {one.exact}.")
    requests = sum(one.quantity for one in usage)
    paid = _usd(_sum(lines, "usage"))
    return f"{_usd(base)} of $120,000 a year, and {requests:,.0f} cached requests for {paid}."


def wholesale(demo: Demo) -> str:
    """What the partner pays is half of retail."""
    lines = _lines(last_run(demo, "gcp-memorystore"))
    retail, factor = _sum(lines, "wholesale_retail"), _sum(lines, "wholesale_factor")
    require(
        retail and abs(2 * factor + retail) <= len(lines) * 2,
        f"{_usd(-factor)} off {_usd(retail)}.",
    )
    return f"Retail {_usd(retail)}, the partner's price {_usd(retail + factor)}."


def poc(demo: Demo) -> str:
    """The free months: metered, rated, discounted to nothing; and when they end."""
    run = last_run(demo, "together-ai", shadow_minor__gt=0)
    lines, version = _lines(run), _in_force(demo, "together-ai")
    usage, off = _sum(lines, "usage"), _sum(lines, "poc_discount")
    require(usage > 0 and usage + off == 0, f"{_usd(usage)} rated, {_usd(-off)} taken off.")
    require(run.net_minor == 0 and run.shadow_minor == usage, "The free month is not free.")
    ends = version.poc_ends_at
    require(ends is not None, "Its terms have no proof of concept.")
    days = (ends - timezone.now()).days if ends else 0
    left = f"{days} days are left, then" if days >= 0 else "they are over, and"
    return (
        f"{_usd(usage)} at list price, nothing charged; {left} its share is "
        f"{version.partner_share_bps / 100:g} %."
    )


def papers(demo: Demo) -> str:
    """A written agreement is a PDF that is the one whose hash was kept."""
    made = list(AgreementPaper.objects.prefetch_related("events"))
    require(made, "No agreement is written.")
    for one in made:
        pdf = bytes(one.pdf)
        require(pdf.startswith(b"%PDF") and hashlib.sha256(pdf).hexdigest() == one.pdf_sha256,
                f"The paper of {one.version_id} is not the one that was kept.")  # fmt: skip
    states = Counter(event.kind for one in made for event in one.events.all())
    return f"{len(made)} agreements on paper, hashes as kept; " + ", ".join(
        f"{states[kind]} {kind}" for kind in ("sent", "signed")
    )


def direct(demo: Demo) -> str:
    """Our own customers pay plan fees and usage, and nobody else takes part."""
    run = last_run(demo, "direct")
    lines = _lines(run)
    fees, usage = _sum(lines, "plan_fee"), _sum(lines, "usage")
    require(fees > 0 and usage > 0, f"Plan fees {_usd(fees)}, usage {_usd(usage)}.")
    require(run.share_minor == 0, "A direct customer's money is shared.")
    return f"{_usd(fees)} plan fees and {_usd(usage)} usage in {run.period_start:%Y-%m}, all ours."


def renegotiation(demo: Demo) -> str:
    """What is in force refuses change, and amendments are in force beside what they replaced."""
    version = _in_force(demo, "redis-labs")
    try:
        with transaction.atomic():
            AgreementVersion.objects.filter(pk=version.pk).update(partner_share_bps=1)
        raise Failed("Terms in force could be changed.")
    except DatabaseError as error:
        refused = str(error).partition("\n")[0]
    amended = AgreementVersion.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=timezone.now()), number__gt=1,
        valid_from__lte=timezone.now(), approved_at__isnull=False,
    )  # fmt: skip
    names = sorted(one.agreement.code for one in amended.select_related("agreement"))
    require(names, "No amendment is in force.")
    return f"Amendments in force: {', '.join(names)}. Changing terms: “{refused}”."


def settlement(demo: Demo) -> str:
    """Every equation of the books holds right now; and how far the months are."""
    broken = [f"{one.check}: {one.detail}" for check in CHECKS for one in check.run()]
    require(not broken, "; ".join(broken[:3]))
    states = SettlementRun.objects.values_list("state").annotate(n=Count("id")).order_by("state")
    papers_ = Document.objects.count()
    runs = ", ".join(f"{n} {state.replace('_', ' ')}" for state, n in states)
    return f"{len(CHECKS)} equations hold over {papers_} documents; runs: {runs}."


def last_run(demo: Demo, slug: str, **only: int) -> SettlementRun:
    """The partner's newest issued month (that `only` holds of). Raises Failed."""
    runs = SettlementRun.objects.filter(
        partner_id=demo.partner(slug).id, issued_at__isnull=False,
        kind=SettlementRun.Kind.REGULAR,
        **only,
    )  # fmt: skip
    found = runs.order_by("-period_start").first()
    if found is None:
        raise Failed(f"{slug} has no issued month.")
    return found


def _in_force(demo: Demo, slug: str) -> AgreementVersion:
    now = timezone.now()
    found = AgreementVersion.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=now), partner_id=demo.partner(slug).id,
        valid_from__lte=now, approved_at__isnull=False,
    ).first()  # fmt: skip
    if found is None:
        raise Failed(f"{slug} has no terms in force.")
    return found


def _lines(run: SettlementRun) -> list[RatedLine]:
    return list(RatedLine.objects.filter(run=run, attempt=run.attempt))


def _sum(lines: list[RatedLine], kind: str) -> int:
    return sum(one.amount_minor for one in lines if one.kind == kind)


def _usd(amount_minor: int) -> str:
    return format_money(Money(amount_minor, "USD"))
