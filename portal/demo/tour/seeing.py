"""Checks of what people see (S5, S14, S17–S19): pages as they are served, figures two ways."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import requests
from django.utils import timezone

from billing.gateways.scenario_files import shipped_scenarios
from billing.queries.channel_revenue import live_scenario
from billing.rules.periods import add_months, month_of
from cache_api.gateways.region_states import region_states
from cache_api.gateways.servers import regions
from cache_api.queries import explore
from cache_api.queries.event_groups import event_groups
from portal.demo.tour.running import PATIENCE_S, Demo, Failed, require
from portal.queries.cockpit import cockpit_facts
from portal.queries.status import check
from tenants import queries, schema
from tenants.rules.status import Level

# The strategy's own sums, in dollars: partners, direct.
PLANNED = {"year1": (800_000, 575_000), "year2": (4_300_000, 2_750_000)}


def white_label(demo: Demo) -> str:
    """Each partner's sign-in page has its product's name and its own colours, and not ours."""
    styles = {}
    for slug in demo.slugs():
        partner = demo.partner(slug)
        with schema.in_partner(partner):
            brand = queries.published_brand(partner.id)
        page = demo.page(slug, "/accounts/login/")
        require(page.status == 200 and brand, f"{slug}: {page.status}")
        require(brand.product_name in unescape(page.text), f"{slug} does not show its name.")
        found = re.search(r"/brand/tokens\.(\w+)\.css", page.text)
        styles[slug] = found[0] if found else ""
        require(styles[slug] and demo.page(slug, styles[slug]).status == 200,
                f"{slug}: no colours of its own.")  # fmt: skip
    require(len(set(styles.values())) == len(styles), "Two partners share a stylesheet.")
    return f"{len(styles)} hosts, {len(styles)} names and stylesheets."


def analytics(demo: Demo) -> str:
    """The last whole day, from rollups and added up from its events: the same."""
    end = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    start, partner = end - timedelta(days=1), demo.partner("redis-labs")
    with schema.in_partner(partner):
        kept = explore.summary(explore.Scope(), start, end)
        groups = event_groups(partner.id, explore.Scope(), start, end, "overflow")
    added = sum(one.lookups for one in groups), sum(one.hits for one in groups)
    require(added == (kept.lookups, kept.hits), f"{kept.lookups} in rollups, {added[0]} in events.")
    require(kept.lookups, "There was no traffic.")
    return f"{kept.lookups:,} lookups, {kept.hits / kept.lookups:.1%} hits: rollups = events."


def cockpit(demo: Demo) -> str:
    """The channel's figures, as the cockpit shows them."""
    now = timezone.now()
    facts = cockpit_facts(now=now, since=add_months(month_of(now).start, -13), currency=None)
    require(facts.metrics.arr_minor > 0 and facts.signed > 0, "There is no revenue.")
    return (
        f"{facts.signed} partners signed, ARR ${facts.metrics.arr_minor // 100:,}, "
        f"{facts.driven or 0:.1f} % by partners, {facts.implementations} SDK implementations."
    )


def projections(demo: Demo) -> str:
    """The strategy's two years come out to the dollar, and the live channel stands beside."""
    found = {one.key: one.metrics for one in shipped_scenarios()}
    for key, (partners, own) in PLANNED.items():
        got = found[key].partner_minor, found[key].direct_minor
        require(got == (partners * 100, own * 100), f"{key}: {got[0] // 100} + {got[1] // 100}.")
    live = live_scenario(timezone.now()).scenario.metrics
    sums = [f"${found[key].arr_minor // 100:,}" for key in PLANNED]
    return f"{sums[0]} and {sums[1]}, as written; live ${live.arr_minor // 100:,}."


def monitoring(demo: Demo) -> str:
    """Edge and portal say that they are well, and the status page says so to anybody."""
    for path in ("/livez", "/readyz", "/api/overflow/health"):
        answer = requests.get(demo.edge_url + path, timeout=PATIENCE_S)
        require(answer.ok, f"{path} of the edge: {answer.status_code}")
    require(demo.page("redis-labs", "/status/").status == 200, "The status page does not answer.")
    worst = {name: level for name, level in check(region_states(regions())).items()
             if level is not Level.OK}  # fmt: skip
    if worst:
        raise Failed(", ".join(f"{name}: {level.label}" for name, level in worst.items()))
    return "Edge alive and ready, answers and metering in order, status page open to anybody."
