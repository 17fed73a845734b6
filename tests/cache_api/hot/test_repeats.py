"""A hit told again: the same as worked out anew, and only as long as everything is as it was."""

import json

import pytest

from cache_api.hot import memo, pipeline
from cache_api.hot.verbs.repeats import Repeat
from tests.cache_api.hot.pipeline import CHAT, Pipeline, body, marked

MEMBERS = {"original_request": CHAT, "customer_id": "acme"}
ASKED = json.dumps(MEMBERS).encode()
_CHOICE = {"index": 0, "finish_reason": "stop",
           "message": {"role": "assistant", "content": "ü" * 900}}  # fmt: skip
RESPONSE = json.dumps({
    "id": "r", "object": "chat.completion", "created": 1, "model": "gpt-4", "choices": [_CHOICE],
    "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
})  # fmt: skip
HOUR_MS = 3_600_000


@pytest.fixture
def pipe():
    pipe = Pipeline()
    assert pipe.store(pipe.redis[1], RESPONSE, **MEMBERS).status == 201
    assert body(ask(pipe))["hit"]
    return pipe


def ask(pipe, asked=ASKED, key=None, **headers):
    return pipe.ask("lookup", asked, key or pipe.redis[1], **headers)


def is_repeat(pipe, asked=ASKED, key=None, **headers):
    """Whether a lookup that begins now would be told again."""
    run = pipe.begin("lookup", pipe.asked(key or pipe.redis[1], asked, **headers))
    pipeline.finish(run.asked)
    return type(run.work) is Repeat


def alike(answer):
    """The answer and its event without what each has of its own."""
    document, (event,) = body(answer), marked(answer)
    assert document["billing"].pop("event_id") == str(event.event_id)
    members = {name: getattr(event, name) for name in event.__struct_fields__}
    del members["event_id"], members["seq"]
    return document, answer.status, answer.fields, answer.later, members


@pytest.mark.parametrize(
    "members",
    [MEMBERS, {**MEMBERS, "response_format": "sse"}, {**MEMBERS, "tags": ["a"]},
     {**MEMBERS, "metadata": {"redis_latency": 150, "sdk": "python/1"}}],
    ids=["plain", "stream", "tags", "telemetry"],
)  # fmt: skip
def test_told_again_is_told_as_before(pipe, members):
    asked = json.dumps(members).encode()
    memo.forget_all()
    whole, again, later = ask(pipe, asked), ask(pipe, asked), None
    assert is_repeat(pipe, asked)
    pipe.now_ms += 61_000  # another age, another ttl
    again_later = ask(pipe, asked)
    memo.forget_all()
    assert not is_repeat(pipe, asked)
    later = ask(pipe, asked)

    assert alike(again) == alike(whole)
    assert alike(again_later) == alike(later)
    assert len({marked(one)[0].event_id for one in (whole, again, again_later, later)}) == 4


def test_the_row_of_events_goes_on(pipe):
    first = marked(ask(pipe))[0].seq

    assert [marked(ask(pipe))[0].seq for _ in range(3)] == [first + 1, first + 2, first + 3]
    assert pipe.stamp.answers["hit"] == 5


def test_the_provider_s_own_answer_has_the_new_event_s_id(pipe):
    asked = json.dumps({k: v for k, v in CHAT.items() if k != "provider"}).encode()
    heads = {"agentcache_customer": "acme"}
    answers = [pipe.ask("chat_completions", asked, pipe.redis[1], **heads) for _ in range(2)]

    for answer in answers:
        (event,) = marked(answer)
        assert answer.body == RESPONSE.encode()
        assert dict(answer.all_headers())[b"x-request-id"] == str(event.event_id).encode()


def _rewritten(pipe):
    pipe.cache.clear()
    pipe.store(pipe.redis[1], RESPONSE.replace("ü", "é"), **MEMBERS)


def _damaged(pipe):
    for key, value in pipe.cache.items():
        pipe.cache[key] = value[:-1] + bytes([value[-1] ^ 1])


@pytest.mark.parametrize(
    ("change", "hit"),
    [(_rewritten, True), (_damaged, False), (lambda pipe: pipe.cache.clear(), False)],
    ids=["rewritten", "damaged", "gone"],
)
def test_other_replies_go_the_whole_way(pipe, change, hit):
    assert is_repeat(pipe)
    change(pipe)

    answer = ask(pipe)

    told = alike(answer)
    memo.forget_all()
    assert told == alike(ask(pipe))
    assert (body(answer)["hit"], marked(answer)[0].outcome) == (hit, "hit" if hit else "miss")
    assert answer.alarms == (("payload_authentication",) if change is _damaged else ())


def test_no_reply_is_a_miss(pipe):
    run = pipe.begin("lookup", pipe.asked(pipe.redis[1], ASKED))
    assert type(run.work) is Repeat

    assert body(pipeline.resume(run, None, pipe.stamp, 50_000))["reason"] == "unavailable"


def test_a_purge_ends_it_whatever_the_store_still_holds(pipe):
    partner_id, _ = pipe.redis
    purges = {"seq": 1, "at_ms": pipe.now_ms, "floors": {}}
    pipe.facts[b"snap:purges:" + str(partner_id).encode()] = json.dumps(purges).encode()
    assert is_repeat(pipe)

    pipe.now_ms += 5_000

    assert not is_repeat(pipe)


def test_expiry_and_a_new_hour_s_prices_end_it(pipe):
    to_hour = HOUR_MS - pipe.now_ms % HOUR_MS
    for after_ms, repeats in ((to_hour - 1, True), (1, False)):
        pipe.now_ms += after_ms
        assert is_repeat(pipe) == repeats
    short = json.dumps({"cache_key": "short"}).encode()
    pipe.store(pipe.redis[1], "[1]", cache_key="short", ttl=60)
    expires_in_s = body(ask(pipe, short))["entry"]
    assert is_repeat(pipe, short), expires_in_s
    pipe.now_ms += 67_000
    assert not is_repeat(pipe, short)
    assert body(ask(pipe, short))["hit"] is False


@pytest.mark.parametrize(
    ("asked", "headers"),
    [
        (ASKED, {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}),
        (json.dumps({**MEMBERS, "request_id": "mine"}).encode(), {}),
        (json.dumps({**MEMBERS, "cache": {"max_age": 600}}).encode(), {}),
        (ASKED, {"cache_control": "max-age=600"}),
        (ASKED, {"agentcache_deadline_ms": "500"}),
    ],
    ids=["trace", "request id", "age in the body", "age in a header", "deadline"],
)
def test_what_each_time_may_differ_is_never_told_again(pipe, asked, headers):
    for _ in range(3):
        assert not is_repeat(pipe, asked, **headers)
        assert body(ask(pipe, asked, **headers))["hit"]


def test_another_key_of_the_partner_is_metered_as_itself(pipe):
    other = pipe.mint(pipe.redis[0])
    assert not is_repeat(pipe, key=other)

    assert [marked(ask(pipe, key=key))[0].key_id for key in (other, pipe.redis[1], other)] == [
        key.split("_")[2] for key in (other, pipe.redis[1], other)
    ]


def test_a_customer_s_key_does_not_learn_the_share(pipe):
    pipe.rewrite(pipe.redis[0], partner_share_bps=3000)
    pipe.now_ms += 5_000
    own = pipe.mint(pipe.redis[0], customer="acme")
    for _ in range(2):
        assert body(ask(pipe))["billing"]["revenue_share"] == 0.3
        assert "revenue_share" not in body(ask(pipe, key=own))["billing"]


def test_the_other_partner_misses(pipe):
    assert is_repeat(pipe)
    assert body(ask(pipe, key=pipe.pinecone[1]))["hit"] is False


@pytest.mark.parametrize(
    ("facts", "status", "code"),
    [
        ({"state": "suspended"}, 403, "partner-suspended"),
        ({"customers_suspended": ["acme"]}, 403, "customer-suspended"),
        ({"unknown_customer_policy": "strict", "customers": []}, 403, "customer-unknown"),
        ({"quotas": {"acme": {"day": 0, "hard": True}}}, 429, "quota-exceeded"),
    ],
)  # fmt: skip
def test_facts_refuse_as_ever(pipe, facts, status, code, monkeypatch):
    monkeypatch.setattr(pipe, "evaluate", lambda command: [0, 1])
    assert is_repeat(pipe)
    pipe.rewrite(pipe.redis[0], **facts)
    pipe.now_ms += 5_000

    answer = ask(pipe)

    assert (answer.status, body(answer)["code"]) == (status, code)


def test_a_soft_quota_is_a_miss(pipe, monkeypatch):
    monkeypatch.setattr(pipe, "evaluate", lambda command: [0, 1])
    pipe.rewrite(pipe.redis[0], quotas={"acme": {"day": 0}})
    pipe.now_ms += 5_000

    assert (body(ask(pipe))["hit"], body(ask(pipe))["reason"]) == (False, "quota")


def test_limits_count_it(pipe):
    pipe.rewrite(pipe.redis[0], limits={"concurrency": 4})
    pipe.now_ms += 5_000
    ask(pipe)  # and never finished here
    assert is_repeat(pipe)
    assert b'"concurrency";r=' in ask(pipe).fields

    runs = [pipe.begin("lookup", pipe.asked(pipe.redis[1], ASKED)) for _ in range(3)]

    assert [type(getattr(run, "work", None)) is Repeat for run in runs] == [True, True, False]
    assert runs[2].status == 429


def test_a_revoked_key_is_refused(pipe):
    assert is_repeat(pipe)
    pipe.facts[b"snap:tombstone:" + pipe.redis[1].split("_")[2].encode()] = b"now"
    pipe.now_ms += 5_000

    assert ask(pipe).status == 401
