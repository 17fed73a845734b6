"""A round that did not do what its figure would claim is refused. Nothing is timed."""

import dataclasses
from collections import Counter

import pytest

from bench import hitrate, memory
from bench.checks import (
    Tally,
    Untrue,
    check_answers,
    check_body,
    check_durable,
    check_flat,
    check_rows,
    check_stored,
)

STORED = b'{"id": 1, "text": "stored"}'
ROUND = Tally(
    seconds=2.0, sent=1003, answers=1000, ok=1000, hits=1000, same=1000, broken=0,
    p50_us=900, p99_us=4000,
)  # fmt: skip


def changed(**members):
    return dataclasses.replace(ROUND, **members)


def test_a_true_round_passes():
    check_answers(ROUND, connections=16)
    check_durable(ROUND, hit_events=1003, other_events=0)
    check_flat(ROUND, asked_upstream=0)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"answers": 0}, "no request was answered"),
        ({"ok": 999}, "999 with 200"),
        ({"hits": 999}, "999 hits"),
        ({"same": 999}, "only 999 with the stored value"),
        ({"broken": 1}, "1 connections broke"),
        ({"sent": 1017}, "cannot have more under way"),
        ({"sent": 999}, "cannot have more under way"),
    ],
)
def test_answers_that_are_not_all_hits_with_the_stored_value_are_refused(members, told):
    with pytest.raises(Untrue, match=told):
        check_answers(changed(**members), connections=16)


@pytest.mark.parametrize(("hits", "others"), [(1002, 0), (1004, 0), (1003, 1), (1000, 3), (0, 0)])
def test_events_that_are_not_one_hit_for_each_request_are_refused(hits, others):
    with pytest.raises(Untrue, match="the stream holds"):
        check_durable(ROUND, hit_events=hits, other_events=others)


def test_a_body_with_another_hash_is_refused():
    answer = b'{"hit":true,"response":' + STORED + b',"latency":1}'
    assert check_body(answer, b'"response":', STORED) == check_body(STORED, b"", STORED)
    with pytest.raises(Untrue, match="SHA-256"):
        check_body(answer.replace(b"stored", b"stoned"), b'"response":', STORED)
    with pytest.raises(Untrue, match="SHA-256"):
        check_body(b'{"hit":false,"response":null}', b'"response":', STORED)


def test_a_proxy_whose_provider_was_asked_did_not_answer_from_its_cache():
    with pytest.raises(Untrue, match="asked 1 times"):
        check_flat(ROUND, asked_upstream=1)


@pytest.mark.parametrize(
    "rows",
    [
        {"lookup:hit": 999, "store:stored": 10},
        {"lookup:hit": 1000},
        {"lookup:hit": 1000, "store:stored": 10, "lookup:miss": 1},
    ],
)
def test_event_rows_that_are_not_the_events_are_refused(rows):
    events = Counter({"lookup:hit": 1000, "store:stored": 10})
    check_rows(events, Counter(events))
    with pytest.raises(Untrue, match="event rows are"):
        check_rows(events, Counter(rows))


@pytest.mark.parametrize("statuses", [{}, {201: 999, 503: 1}, {200: 1000}])
def test_nothing_is_measured_unless_every_response_was_stored(statuses):
    check_stored(Counter({201: 1000}), 201)
    with pytest.raises(Untrue, match="storing was answered"):
        check_stored(Counter(statuses), 201)


def flood(**others):
    """Answers to ten strangers of each kind; `others` replace those of a kind."""
    answered = Counter(dict.fromkeys(memory.KINDS.items(), 10))
    for status, count in others.items():
        answered["request", int(status.strip("s"))] = count
    return +answered


def test_a_flood_answered_as_it_must_be_passes():
    memory.check(flood(), 50, Counter({"lookup:miss": 40}))


@pytest.mark.parametrize(
    ("answered", "events"),
    [
        (flood(s200=9, s503=1), {"lookup:miss": 40}),
        (flood(s200=9), {"lookup:miss": 39}),
        (flood(), {"lookup:miss": 39}),
        (flood(), {"lookup:miss": 39, "lookup:hit": 1}),
        (flood(), {"lookup:miss": 40, "twice": 1}),
    ],
)
def test_a_flood_that_was_not_is_refused(answered, events):
    with pytest.raises(Untrue):
        memory.check(answered, 50, Counter(events))


@pytest.mark.parametrize(
    ("hits", "wrong", "events"),
    [
        (2, 0, {"lookup:hit": 2, "lookup:miss": 2, "store:stored": 2}),
        (3, 1, {"lookup:hit": 3, "lookup:miss": 2, "store:stored": 2}),
        (3, 0, {"lookup:hit": 2, "lookup:miss": 2, "store:stored": 2}),
        (3, 0, {"lookup:hit": 3, "lookup:miss": 2, "store:stored": 1}),
    ],
)
def test_a_ceiling_that_forgot_or_mixed_up_is_refused(hits, wrong, events):
    keys = [0, 1, 0, 0, 1]
    hitrate.check_ceiling(
        keys, 3, 0, Counter({"lookup:hit": 3, "lookup:miss": 2, "store:stored": 2})
    )
    with pytest.raises(Untrue):
        hitrate.check_ceiling(keys, hits, wrong, Counter(events))
