"""Feedback over TCP, at both doors: the entry goes, the correction is in the stream."""

import uuid

import pytest

from cache_api.hot import admit
from cache_api.hot.marks import Subject
from cache_api.hot.notes import Note
from cache_api.hot.verbs import feedback as verb
from cache_api.rules.digest import digest
from cache_api.rules.identity import identify
from tenants.rules import ids
from tests.cache_api.hot.pipeline import CHAT, Pipeline, body
from tests.cache_api.test_contract import fresh
from tests.patience import wait_for

PATH = "/api/overflow/feedback"


def wrong(door, key, event_id, **members):
    return door.post(PATH, {"event_id": event_id, "correct": False, **members}, key)


def unused(door, key, event_id, **members):
    return door.post(PATH, {"event_id": event_id, "reason": "unused", **members}, key)


def hit(door, key, request, **more):
    told = door.lookup(key, original_request=request, **more).json
    assert told["hit"], told
    return told


@pytest.mark.parametrize("by", ["entry_id", "original_request", "cache_key"])
def test_a_wrong_hits_entry_is_evicted_and_the_correction_is_an_event(door, cast, by):
    request, name = fresh(), f"key-{uuid.uuid4()}"
    for key in (cast.redis.live, cast.pinecone.live):
        door.store(key, original_request=request, cache_key=name, customer_id="acme")
    told = hit(door, cast.redis.live, request, customer_id="acme")
    event_id = told["billing"]["event_id"]
    pointed = {"entry_id": told["entry"]["id"], "original_request": request, "cache_key": name}

    answer = wrong(door, cast.redis.live, event_id, customer_id="acme", **{by: pointed[by]})

    assert (answer.status, answer.json["accepted"], answer.json["evicted"]) == (202, True, 1)
    miss = door.lookup(cast.redis.live, original_request=request, customer_id="acme").json
    assert not miss["hit"]
    assert hit(door, cast.pinecone.live, request, customer_id="acme")
    event = cast.event(answer.json["correction_id"])
    assert (event.kind, event.outcome, event.reason) == ("feedback", "unmatched", event_id)
    assert (event.partner_id, event.customer) == (cast.redis.partner_id, "acme")
    assert (event.livemode, event.quantity) == (True, 1)
    again = wrong(door, cast.redis.live, event_id, customer_id="acme", **{by: pointed[by]})
    assert (again.status, again.json["evicted"]) == (202, 0)


def test_an_answer_stored_after_the_wrong_hit_stays(door, cast):
    request = fresh()
    door.store(cast.redis.live, '"wrong"', original_request=request)
    event_id = hit(door, cast.redis.live, request)["billing"]["event_id"]
    assert wait_for(
        lambda: (
            door.store(cast.redis.live, '"right"', original_request=request).status == 201
            and ids.uuid7().int >> 80 > uuid.UUID(event_id).int >> 80
        )
    )
    door.store(cast.redis.live, '"right again"', original_request=request)

    answer = wrong(door, cast.redis.live, event_id, original_request=request)

    assert answer.json["evicted"] == 0
    assert hit(door, cast.redis.live, request)["response"] == "right again"


def test_nobody_evicts_anothers_entry_by_its_id(door, cast):
    request = fresh()
    door.store(cast.redis.live, original_request=request, customer_id="acme")
    told = hit(door, cast.redis.live, request, customer_id="acme")
    event_id, entry_id = told["billing"]["event_id"], told["entry"]["id"]
    before = cast.counters().get("payload_authentication", 0)

    for key, more in ((cast.pinecone.live, {"customer_id": "acme"}), (cast.redis.live, {}),
                      (cast.redis.test, {"customer_id": "acme"})):  # fmt: skip
        answer = wrong(door, key, event_id, entry_id=entry_id, **more)
        assert (answer.status, answer.json["evicted"]) == (202, 0)

    assert hit(door, cast.redis.live, request, customer_id="acme")
    assert wait_for(lambda: cast.counters().get("payload_authentication", 0) >= before + 3)


def test_feedback_without_a_pointer_only_corrects(door, cast):
    request = fresh()
    door.store(cast.redis.live, original_request=request)
    event_id = hit(door, cast.redis.live, request)["billing"]["event_id"]

    assert wrong(door, cast.redis.live, event_id).json["evicted"] == 0
    assert hit(door, cast.redis.live, request)


def test_an_unused_hit_is_corrected_and_its_entry_stays(door, cast):
    request = fresh()
    door.store(cast.redis.live, original_request=request, customer_id="acme")
    told = hit(door, cast.redis.live, request, customer_id="acme")
    event_id, entry_id = told["billing"]["event_id"], told["entry"]["id"]

    answer = unused(door, cast.redis.live, event_id, customer_id="acme", entry_id=entry_id)

    assert (answer.status, answer.json["accepted"], answer.json["evicted"]) == (202, True, 0)
    event = cast.event(answer.json["correction_id"])
    assert (event.kind, event.outcome, event.reason) == (
        "feedback", "unmatched", f"unused {event_id}"
    )  # fmt: skip
    assert (event.partner_id, event.customer) == (cast.redis.partner_id, "acme")
    assert hit(door, cast.redis.live, request, customer_id="acme")
    afterwards = wrong(door, cast.redis.live, event_id, customer_id="acme", entry_id=entry_id)
    assert afterwards.json["evicted"] == 1  # it may still turn out wrong


EVENT_ID = str(ids.uuid7())
BAD = {
    "a reason of one's own": ({"event_id": EVENT_ID, "reason": "late"}, "/reason"),
    "a reason that is a list": ({"event_id": EVENT_ID, "reason": ["unused"]}, "/reason"),
    "unused and wrong": ({"event_id": EVENT_ID, "reason": "unused", "correct": False}, "/correct"),
    "an unused hit that is none": ({"event_id": "x", "reason": "unused"}, "/event_id"),
    "unused, with an entry that is none": ({"event_id": EVENT_ID, "reason": "unused",
                                            "entry_id": "x"}, "/entry_id"),
    "wrong, but not said": ({"event_id": EVENT_ID, "reason": "wrong"}, "/correct"),
    "nothing": ({}, "/correct"),
    "no event": ({"correct": False}, "/event_id"),
    "correct is missing": ({"event_id": EVENT_ID}, "/correct"),
    "a right hit": ({"event_id": EVENT_ID, "correct": True}, "/correct"),
    "correct in words": ({"event_id": EVENT_ID, "correct": "no"}, "/correct"),
    "correct is 0": ({"event_id": EVENT_ID, "correct": 0}, "/correct"),
    "no id": ({"event_id": "x", "correct": False}, "/event_id"),
    "a random id": ({"event_id": str(uuid.uuid4()), "correct": False}, "/event_id"),
    "an id that is a number": ({"event_id": 5, "correct": False}, "/event_id"),
    "an entry that is none": ({"event_id": EVENT_ID, "correct": False, "entry_id": "x"},
                              "/entry_id"),
    "an entry of odd digits": ({"event_id": EVENT_ID, "correct": False, "entry_id": "Z" * 64},
                               "/entry_id"),
    "a key that is a list": ({"event_id": EVENT_ID, "correct": False, "cache_key": []},
                             "/cache_key"),
    "no request": ({"event_id": EVENT_ID, "correct": False, "original_request": 5},
                   "/original_request"),
    "a long customer": ({"event_id": EVENT_ID, "correct": False, "customer_id": "x" * 201},
                        "/customer_id"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_unusable_feedback_names_the_member(door, cast, bad):
    members, pointer = BAD[bad]

    answer = door.post(PATH, members, cast.redis.live)

    assert (answer.status, answer.content_type) == (400, "application/problem+json")
    assert answer.json["errors"][0]["pointer"] == pointer


def test_feedback_needs_a_key_its_own_customer_and_the_right_method(door, cast):
    assert wrong(door, "x", EVENT_ID).status == 401
    assert door.call("GET", PATH).status == 405
    foreign = wrong(door, cast.redis.acme, EVENT_ID, customer_id="globex")
    assert (foreign.status, foreign.json["code"]) == (403, "customer-forbidden")


def test_without_the_cache_store_feedback_is_not_acknowledged(own_valkeys, tmp_path):
    cast = own_valkeys.cast()
    edge = own_valkeys.edge(tmp_path / "edge", 100)
    edge.lookup(cast.redis.live, cache_key="k")
    own_valkeys.cache.child.kill()

    answer = wrong(edge, cast.redis.live, EVENT_ID, cache_key="k")

    assert (answer.status, answer.json["code"]) == (503, "overloaded")
    edge.stop()


def caller(pipe, key):
    """The caller behind a key, as a verb gets it."""
    found = admit.admit(pipe.asked(key).headers, pipe.snapshot, pipe.now_ms)
    assert type(found) is admit.Caller
    return found


def test_a_remembered_event_leads_to_its_entry():
    """What semantic matching notes of a hit whose request leads nowhere."""
    pipe = Pipeline()
    (_, mine), (_, theirs) = pipe.redis, pipe.pinecone
    for key in (mine, theirs):
        pipe.store(key, original_request=CHAT)
    told = body(pipe.lookup(mine, original_request=CHAT))
    event_id = uuid.UUID(told["billing"]["event_id"])
    who = caller(pipe, mine)
    subject = Subject(who, "_default", None, "lookup", "", "", "", pipe.now_ms)
    scope = who.partner.scope(who.ring, True, "_default", "")
    pipe._run(verb.remember(subject, scope, event_id, Note(digest(identify(CHAT)), 9300)))
    raw = f'{{"event_id":"{event_id}","correct":false}}'.encode()

    ignored = body(pipe.ask("feedback", raw, theirs))
    answer = body(pipe.ask("feedback", raw, mine))

    assert (ignored["evicted"], answer["evicted"]) == (0, 1)
    assert not body(pipe.lookup(mine, original_request=CHAT))["hit"]
    assert body(pipe.lookup(theirs, original_request=CHAT))["hit"]


def test_a_wrong_entry_that_memory_evicted_goes_from_the_second_tier(own_valkeys, tmp_path):
    cast = own_valkeys.cast()
    edge = own_valkeys.edge(tmp_path / "edge")
    request = fresh()
    for key in (cast.redis.live, cast.pinecone.live):
        edge.store(key, original_request=request)
    told = hit(edge, cast.redis.live, request)
    assert wait_for(
        lambda: (
            len([f for f in tmp_path.rglob("tier/**/*") if f.is_file() and "#" not in f.name]) == 2
        )
    )
    cast.cache.flushdb()

    answer = wrong(edge, cast.redis.live, told["billing"]["event_id"], entry_id=told["entry"]["id"])

    assert answer.json["evicted"] == 1
    assert not edge.lookup(cast.redis.live, original_request=request).json["hit"]
    assert hit(edge, cast.pinecone.live, request)
    edge.stop()
