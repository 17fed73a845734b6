"""The usage explorer: a range, what it is compared with, and its usage cut by one dimension."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cache_api.models import Customer
from cache_api.queries import event_groups, explore
from cache_api.queries.explore import Latency, Scope
from cache_api.queries.prompts import prompt_caching
from cache_api.rules.reports import Group, UsageSummary
from portal.queries.net_saving import NetSaving, net_saving
from portal.queries.usage import PERCENTILES, UsageView, buckets
from portal.rules.questions import Question

MISSES, HITS = ("miss",), ("hit", "semantic_hit")


@dataclass(frozen=True)
class Row:
    """A group of the range, the same group before (None: it had nothing), its hits' latency."""

    group: Group
    before: Group | None
    latency: Latency | None


@dataclass(frozen=True)
class Explorer(UsageView):
    """A usage page with its rows: `rows` and `other` sum to `whole`.

    `whole` is the range's usage, of `by=reason` its misses. `too_many`: single events that the
    page does not add up (0: it did). `outgrown`: customers by why their primary sent them.
    """

    question: Question
    rows: Sequence[Row]
    other: Group | None
    whole: Group
    too_many: int
    tags: Sequence[str]
    outgrown: Sequence[tuple[str, Mapping[str, int]]]
    choices: Mapping[str, list[str]]
    net: NetSaving | None


def scope_of(question: Question, customer: Customer | None) -> Scope:
    """What a question reads."""
    if customer is None:
        return Scope(only=question.only)
    return Scope(customer.pk, customer.external_id, question.only)


def explorer(
    question: Question, partner_id: uuid.UUID, *, customer: Customer | None, money: bool
) -> Explorer:
    """Everything on a usage page, in the partner's schema; the number of queries is constant.

    `money`: the person may see what is charged.
    """
    window, scope = question.range, scope_of(question, customer)
    summary = explore.summary(scope, window.start, window.end)
    found = _cut(question, scope, partner_id, summary)
    return Explorer(
        range=window, customer=customer, summary=summary,
        before=explore.summary(scope, *window.before),
        points=buckets(explore.series, scope, window.start, window.end, window.granularity),
        points_before=buckets(explore.series, scope, *window.before, window.granularity),
        hit_latency=explore.latency(scope, window.start, window.end, HITS, PERCENTILES),
        miss_latency=explore.latency(scope, window.start, window.end, MISSES, PERCENTILES),
        by=question.by, slices=[], top=[],
        prompts=prompt_caching(
            window.start, window.end, scope.customer_id, customers=0 if customer else 10
        ),
        question=replace(question, tag=found.tag or question.tag),
        rows=found.rows, other=found.other, whole=found.whole,
        too_many=found.too_many, tags=found.tags, outgrown=found.outgrown,
        choices=explore.labels(scope, window.start, window.end),
        net=net_saving(partner_id, scope, window) if money else None,
    )  # fmt: skip


@dataclass(frozen=True)
class _Cut:
    rows: Sequence[Row]
    other: Group | None
    whole: Group
    too_many: int = 0
    tags: Sequence[str] = ()
    outgrown: Sequence[tuple[str, Mapping[str, int]]] = ()
    tag: str = ""


def _cut(question: Question, scope: Scope, partner_id: uuid.UUID, summary: UsageSummary) -> _Cut:
    whole = _group(summary)
    if question.from_events:
        return _cut_events(question, scope, partner_id, whole)
    window, by = question.range, question.by
    groups = explore.groups(
        scope, window.start, window.end, by, sort=question.sort, limit=question.top
    )
    names = [group.label for group in groups]
    before = explore.groups_of(scope, *window.before, by, names)
    timed = explore.group_latencies(scope, window.start, window.end, by, names, PERCENTILES)
    rows = [Row(one, before.get(one.label), timed.get(one.label)) for one in groups]
    return _Cut(rows, rest(whole, groups), whole)


def _cut_events(question: Question, scope: Scope, partner_id: uuid.UUID, whole: Group) -> _Cut:
    window = question.range
    count = explore.events(scope, window.start, window.end)
    if count > event_groups.MOST_EVENTS:
        return _Cut([], None, whole, too_many=count, tag=question.tag)
    period = (partner_id, scope, window.start, window.end)
    tags = event_groups.tag_names(*period) if question.by == "tag" else []
    tag = question.tag or (tags[0] if tags else "")
    groups = event_groups.event_groups(*period, question.by, tag=tag, sort=question.sort)
    whole = add(groups)
    shown = groups[: question.top]
    pressed = question.by == "overflow" and scope.customer_id is None
    return _Cut(
        [Row(one, None, None) for one in shown], rest(whole, shown), whole, tags=tags, tag=tag,
        outgrown=event_groups.outgrown(partner_id, window.start, window.end) if pressed else (),
    )  # fmt: skip


_COUNTS = (
    "lookups", "hits", "stores", "bytes_served", "tokens_saved", "cost_saved_micros",
    "semantic_hits",
)  # fmt: skip


def _group(summary: UsageSummary) -> Group:
    return Group("", "", *(getattr(summary, name) for name in _COUNTS))


def add(groups: Sequence[Group]) -> Group:
    """What the groups come to together."""
    return Group("", "", *(sum(getattr(one, name) for one in groups) for name in _COUNTS))


def rest(whole: Group, groups: Sequence[Group]) -> Group | None:
    """What of the whole is in none of the groups; None where they are all."""
    shown = add(groups)
    left = [getattr(whole, name) - getattr(shown, name) for name in _COUNTS]
    return Group("", "", *left) if any(left) else None
