"""What the demo's people have made besides money: a pipeline, plans, keys, an incident.

Through the actions of the pages. Each is told by its name or id: a second load adds nothing.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.actions.plans import change_draft, create_plan, publish_plan
from billing.models import Plan
from billing.rules.periods import add_months
from billing.rules.plans import TEMPLATES, Offer
from cache_api.models import Customer
from portal.demo.cast import CAST, CONSOLE_PEOPLE
from portal.demo.steps import ACTOR, Calendar
from tenants import schema
from tenants.actions.incidents import open_incident, update_incident
from tenants.actions.keys import create_key
from tenants.actions.prospects import About, add_prospect, move_prospect, note_prospect
from tenants.models import ApiKey, Incident, Partner, Prospect

OWNER = CONSOLE_PEOPLE[2][0]
_IDS = uuid.UUID("0d1b7c5e-6a0f-5e7a-9d53-3c1f0f6f4a10")


@dataclass(frozen=True)
class Target:
    """A company of the pipeline: what was said of it, so many days ago; `slug`: opened as that."""

    name: str
    kind: str
    stage: str
    days: int
    note: str
    step: str
    template: str = "poc"
    requests: int = 10_000_000
    slug: str = ""


PIPELINE = (
    Target("Weaviate", "vector_db", "target", 6, "Met their head of platform at a meetup.",
           "Send the pitch", requests=14_000_000),
    Target("Momento", "general_cache", "target", 41, "Introduced by an investor; no answer yet.",
           "Call again", "revenue_share_platform", 22_000_000),
    Target("Upstash", "general_cache", "pitched", 12, "Asked how we treat prompts with names in.",
           "Answer with the security page", "revenue_share_partner", 55_000_000),
    Target("Fireworks AI", "llm_provider", "pitched", 35, "Wants the PoC on its own region first.",
           "Agree on the region", requests=90_000_000),
    Target("Cloudflare", "cloud", "poc", 20, "Workers team measures hits against its own cache.",
           "Weekly look at the hit rate", "oem", 400_000_000),
    Target("Zilliz", "vector_db", "lost", 70, "Builds a cache of its own this year.", ""),
    Target("Together.ai", "llm_provider", "poc", 120, "Hit rate above plan in the first month.",
           "Sign before the last free month ends", slug="together-ai", requests=21_000_000),
)  # fmt: skip
PLANS = (("Pay as you go", "pay-as-you-go"), ("Growth", "growth"), ("Fixed budget", "fixed"))
SELLS = "redis-labs"  # whose plans its customers can be put on
INCIDENT = ("Semantic matches were slow in us-east", "answers", "degraded")


def furnish(*, partners: dict[str, Partner], calendar: Calendar) -> None:
    """All of it."""
    fill_pipeline(partners, calendar.now)
    tell_incident(calendar.now)
    for slug, partner in partners.items():
        with schema.in_partner(partner):
            if slug == SELLS:
                offer_plans(partner, calendar)
            give_customer_keys(partner, calendar.now)


def fill_pipeline(partners: dict[str, Partner], now: datetime) -> int:
    """Seven companies, each with a note and a next step; how many were new."""
    soon = (now + timedelta(days=5)).date()
    known, made = set(Prospect.objects.values_list("name", flat=True)), 0
    for one in PIPELINE:
        if one.name in known:
            continue
        at, row_id = now - timedelta(days=one.days), uuid.uuid5(_IDS, one.name)
        about = About(
            one.name, one.kind, OWNER, contact_name="Head of partnerships",
            partner=one.slug if one.slug in partners else "",
            contact_email=f"partners@{one.name.split('.')[0].split()[0].lower()}.example",
            offer={"template": one.template, "monthly_requests": one.requests},
        )  # fmt: skip
        add_prospect(prospect_id=row_id, about=about, actor=OWNER, now=at)
        if one.stage != "target":
            move_prospect(prospect_id=row_id, stage=one.stage, actor=OWNER, now=at)
        note_prospect(prospect_id=row_id, text=one.note, next_step=one.step, actor=OWNER, now=at,
                      next_step_on=soon if one.step else None)  # fmt: skip
        made += 1
    return made


def tell_incident(now: datetime) -> None:
    """One of last week, over since then."""
    row_id = uuid.uuid5(_IDS, "incident")
    if Incident.objects.filter(pk=row_id).exists():
        return
    title, component, impact = INCIDENT
    began = now - timedelta(days=6, hours=3)
    open_incident(incident_id=row_id, title=title, component=component, impact=impact, slugs=(),
                  text="Exact hits are not concerned. We are looking at the index.",
                  actor=OWNER, now=began)  # fmt: skip
    for minutes, state, text in (
        (25, "identified", "One shard was rebuilding its index; lookups wait for it."),
        (70, "resolved", "The index is built. Answers take what they took before."),
    ):
        update_incident(incident_id=row_id, state=state, text=text, actor=OWNER,
                        now=began + timedelta(minutes=minutes))  # fmt: skip


def offer_plans(partner: Partner, calendar: Calendar) -> None:
    """Three plans from next month on; of one of them the next version is drafted."""
    if Plan.objects.filter(partner_id=partner.id).exists():
        return
    made = {}
    for name, template in PLANS:
        made[name] = create_plan(partner_id=partner.id, name=name, currency="USD", actor=ACTOR,
                                 offer=TEMPLATES[template], now=calendar.now)  # fmt: skip
        publish_plan(plan_id=made[name].pk, actor=ACTOR, now=calendar.now,
                     starts_at=add_months(calendar.this_month, 1))  # fmt: skip
    growth = TEMPLATES["growth"]
    change_draft(plan_id=made["Growth"].pk, actor=ACTOR, now=calendar.now,
                 offer=Offer(growth.fee, 40_000, growth.overage, growth.served))  # fmt: skip


def give_customer_keys(partner: Partner, now: datetime) -> None:
    """The first three customers have a key of their own (whose text nobody kept)."""
    cast = next(one for one in CAST if one.slug == partner.slug)
    if ApiKey.objects.filter(partner_id=partner.id, label="production").exists():
        return
    for one in cast.customers[:3]:
        if Customer.objects.filter(external_id=one.external_id).exists():
            for label, live in (("production", True), ("staging", False)):
                create_key(partner_id=partner.id, livemode=live, actor=ACTOR, now=now, label=label,
                           customer_external_id=one.external_id)  # fmt: skip
