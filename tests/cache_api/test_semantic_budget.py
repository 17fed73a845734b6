"""Withheld hits, feedback, shelves: semantic matching on real Valkeys, with the packaged model."""

import json
import time

import msgspec
import pytest

from cache_api.gateways import embedder
from cache_api.gateways.blocking import BlockingService
from cache_api.gateways.config import Config
from cache_api.hot import judging, shelves
from cache_api.hot.steps import Asked
from cache_api.hot.verbs import VERBS
from cache_api.rules.semantic.budget import State
from cache_api.rules.semantic.policy import Policy
from tests.cache_api import embedding
from tests.cache_api.test_semantic import ASKED, STORED, chat
from tests.patience import wait_for

NEVER, ALWAYS = {"threshold": 0.85, "shadow_bps": 1}, {"threshold": 0.85, "shadow_bps": 10_000}
# Similarity 0.88 or so: in the lowest band of a threshold of 0.85.
LOW_STORED, LOW_ASKED = "When will my card be here?", "When will I get my card?"


class Web:
    """A web process's service in this one, on the test's own Valkeys."""

    def __init__(self, valkeys, cast, folder):
        self.cast = cast
        self.service = BlockingService(
            Config(valkeys.cache.url(), valkeys.events.url(), cast.kek, folder, "test-1",
                   deadline_s=3.0, embedder_deadline_s=10.0)
        )  # fmt: skip
        self.service.start()
        told = self.service._door.embedder.wait_until_loaded()
        if told != "ready":
            pytest.skip(f"semantic extra absent: {told}")

    def post(self, verb, key, body, **headers):
        """An answer and its JSON."""
        given = {name.replace("_", "-").encode(): text.encode() for name, text in headers.items()}
        known = {b"authorization": f"Bearer {key}".encode(), b"content-type": b"application/json"}
        asked = Asked(json.dumps(body).encode(), known | given, time.time_ns() // 1_000_000)
        answer = self.service.answer(VERBS[verb], asked)
        return answer, json.loads(answer.body)

    def store(self, partner, text, said="Look in the app, under cards.", **members):
        response = {"choices": [{"message": {"content": said}, "finish_reason": "stop"}]}
        body = {"original_request": chat(text), "response": response, **members}
        answer, told = self.post("store", partner.live, body)
        assert answer.status in {200, 201}, told
        return told

    def ask(self, partner, text, **members):
        return self.post("lookup", partner.live, {"original_request": chat(text), **members})[1]

    def hit(self, partner, text, **members):
        """A semantic hit; asked again where it was withheld by chance."""
        for _ in range(3):
            told = self.ask(partner, text, **members)
            if told.get("reason") != "shadow":
                break
        assert told["status"] == "semantic_hit", told
        return told

    def wrong(self, partner, told, **members):
        body = {"event_id": told["billing"]["event_id"], "correct": False, **members}
        return self.post("feedback", partner.live, body)[1]

    def states(self):
        """All budget states."""
        events = self.cast.events
        raws = [events.get(name) for name in events.keys("semantic:*")]
        return [msgspec.json.decode(raw, type=State) for raw in raws]

    def judged(self):
        """(judgements, wrong ones) of the only state."""
        (state,) = self.states()
        return sum(band.judged for band in state.bands), sum(band.wrong for band in state.bands)


@pytest.fixture
def cast(own_valkeys):
    return own_valkeys.cast()


@pytest.fixture
def web(own_valkeys, cast, tmp_path, monkeypatch):
    embedding.model()
    monkeypatch.setattr(embedder, "load", embedding.load)
    one = Web(own_valkeys, cast, tmp_path / "web")
    yield one
    one.service.stop()


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("Look in the app, under cards.", 0),
        ("You find it in the app: open the cards section and look there.", 0),
        ("Cheques can be paid in at any branch of ours, from Monday to Friday.", 1),
        ("No.", 1),
    ],
)
def test_a_withheld_hit_is_judged_by_what_the_callers_model_says(web, cast, said, wrong):
    partner = cast.open("all-shadows", semantic=ALWAYS)
    web.store(partner, STORED)

    withheld = web.ask(partner, ASKED)
    web.store(partner, ASKED, said)

    assert (withheld["hit"], withheld["reason"]) == (False, "shadow")
    assert web.judged() == (1, wrong)
    web.store(partner, ASKED, said + " ")
    assert web.judged() == (1, wrong)  # one lookup, one judgement


def test_a_store_without_a_withheld_hit_judges_nothing(web, cast):
    partner = cast.open("no-shadow", semantic=NEVER)
    web.store(partner, STORED)
    web.hit(partner, ASKED)
    web.store(partner, ASKED, "Something else entirely.")

    assert web.states() == []


def test_an_unused_semantic_hit_judges_nothing_and_its_entry_stays(web, cast):
    partner = cast.open("unused", semantic=NEVER)
    web.store(partner, STORED)
    told = web.hit(partner, ASKED)
    body = {"event_id": told["billing"]["event_id"], "reason": "unused"}

    answer, accepted = web.post("feedback", partner.live, body)

    assert (answer.status, accepted["evicted"]) == (202, 0)
    assert web.states() == []
    assert web.hit(partner, ASKED)["entry"]["id"] == told["entry"]["id"]


def test_wrong_hits_raise_the_threshold_and_feedback_counts_once(web, cast):
    partner = cast.open("tightened", semantic=NEVER)
    low_bps = 0
    for count in range(1, 5):
        web.store(partner, LOW_STORED, f"answer {count}")
        told = web.hit(partner, LOW_ASKED)
        low_bps = round(told["similarity"] * 10_000)
        assert web.wrong(partner, told)["evicted"] == 1
        assert web.wrong(partner, told)["accepted"] is True
        (state,) = web.states()
        is_closed = count == 4
        assert state.served == (1 if is_closed else 0)
        assert sum(band.wrong for band in state.bands) == (0 if is_closed else count)
    assert Policy(threshold=0.85).band_of(low_bps) == 0

    web.store(partner, LOW_STORED, "answer 5")
    web.store(partner, STORED)

    assert web.ask(partner, LOW_ASKED)["reason"] == "shadow"
    assert web.hit(partner, ASKED)["similarity"] > 0.925


def test_one_customers_wrong_hits_cost_nobody_else_a_hit(web, cast):
    partner = cast.open("two-customers", semantic=NEVER)
    for count in range(4):
        web.store(partner, LOW_STORED, f"answer {count}", customer_id="acme")
        web.wrong(partner, web.hit(partner, LOW_ASKED, customer_id="acme"), customer_id="acme")
    for customer in ("acme", "globex"):
        web.store(partner, LOW_STORED, "the answer", customer_id=customer)

    assert web.ask(partner, LOW_ASKED, customer_id="acme")["reason"] == "shadow"
    assert web.hit(partner, LOW_ASKED, customer_id="globex")


def test_a_state_that_cannot_be_read_proves_nothing(web, cast):
    partner = cast.open("unreadable", semantic=NEVER)
    web.store(partner, LOW_STORED)
    web.wrong(partner, web.hit(partner, LOW_ASKED))
    (name,) = cast.events.keys("semantic:*")
    assert 0 < cast.events.pttl(name) <= 30 * 86_400_000
    cast.events.set(name, b"[[[true")

    web.store(partner, LOW_STORED, "another answer")

    assert web.ask(partner, LOW_ASKED)["reason"] == "shadow"


def test_while_the_durable_store_is_away_there_are_no_semantic_hits(web, cast, own_valkeys):
    partner = cast.open("without-events", semantic=NEVER)
    web.store(partner, STORED)
    web.hit(partner, ASKED)
    own_valkeys.events.child.kill()

    assert web.ask(partner, ASKED)["hit"] is False
    assert web.ask(partner, STORED)["hit"] is True


def test_a_shelf_keeps_the_newest_and_tells_other_processes(
    web, cast, own_valkeys, tmp_path, monkeypatch
):
    monkeypatch.setattr(shelves, "MAX_RECORDS", 5)
    monkeypatch.setattr(shelves, "PAGE", 2)
    partner = cast.open("bounded", semantic=NEVER)
    web.store(partner, STORED)
    web.hit(partner, ASKED)
    topics = ("loans", "savings", "cheques", "branches", "passports")
    for topic in topics:
        web.store(partner, f"Please explain to me everything about {topic} here.")

    names = [name for name in cast.cache.keys("*") if cast.cache.type(name) == b"stream"]
    assert [cast.cache.xlen(name) for name in names] == [5]
    assert 0 < cast.cache.pttl(names[0]) <= 30 * 86_400_000
    assert web.ask(partner, ASKED)["hit"] is False
    other = Web(own_valkeys, cast, tmp_path / "other")
    for topic in topics:
        assert other.hit(partner, f"Explain everything about {topic} to me here.")
    other.store(partner, STORED, "A new answer.")
    assert web.hit(partner, ASKED)["response"]["choices"][0]["message"]["content"] == (
        "A new answer."
    )
    other.service.stop()


def test_of_a_request_stored_again_the_newest_record_counts(web, cast):
    partner = cast.open("again", semantic=NEVER)
    web.store(partner, "Hello, 2 cards, PIN: please tell me how to find.", "of two")
    for count in range(10):  # nearer, but of another number; more than candidates are looked at
        web.store(partner, STORED, f"answer {count}")

    told = web.hit(partner, "How do I find the PIN of my 2 cards?")

    assert told["response"]["choices"][0]["message"]["content"] == "of two"


def shelf_of(cast):
    (name,) = [name for name in cast.cache.keys("*") if cast.cache.type(name) == b"stream"]
    return name


def test_no_question_lies_open_in_the_cache(web, cast):
    partner = cast.open("sealed", semantic=NEVER)
    web.store(partner, STORED)
    web.hit(partner, ASKED)

    ((_, fields),) = cast.cache.xrange(shelf_of(cast))
    assert b"PIN" not in fields[b"r"]
    for name in cast.cache.keys("*"):
        if cast.cache.type(name) == b"string":
            assert b"PIN" not in cast.cache.get(name)


def test_a_record_edited_or_from_elsewhere_is_an_alarm_and_never_a_hit(web, cast):
    victim = cast.open("victim", semantic=NEVER)
    thief = cast.open("thief", semantic=NEVER)
    web.store(thief, STORED, "stolen")
    ((_, foreign),) = cast.cache.xrange(shelf_of(cast))
    cast.cache.delete(shelf_of(cast))
    web.store(victim, STORED)
    name = shelf_of(cast)
    ((_, own),) = cast.cache.xrange(name)
    cast.cache.delete(name)
    broken = bytearray(own[b"r"])
    broken[-1] ^= 1
    for sealed in (foreign[b"r"], bytes(broken), b"", own[b"r"][:30]):
        cast.cache.xadd(name, {b"r": sealed})

    assert web.ask(victim, ASKED)["hit"] is False
    assert web.service._door.counters.read()["payload_authentication"] == 4


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"EMBEDDER": "none"}, ""),
        ({"EMBEDDER": "no.such:Model"}, "semantic matching is off: No module named 'no'"),
        ({"EMBEDDER": "tests.cache_api.gateways.models:Failing"}, "embedding model failed"),
        ({"EMBEDDER": "tests.cache_api.gateways.models:Slow", "EMBEDDER_DEADLINE_MS": "20"}, ""),
    ],
    ids=["none", "absent", "failing", "slow"],
)
def test_without_a_model_that_answers_in_time_a_miss_is_a_miss(
    own_valkeys, tmp_path, environ, said
):
    if said == "embedding model failed":
        pytest.importorskip("numpy", reason="semantic extra absent")
    cast = own_valkeys.cast()
    edge = own_valkeys.edge(tmp_path / "edge", **environ)
    partner = cast.open("no-model", semantic=NEVER)
    request = {"original_request": chat(STORED)}

    def round_said():
        assert edge.store(partner.live, **request).status in {200, 201}
        missed = edge.lookup(partner.live, original_request=chat(ASKED))
        assert (missed.status, missed.json["reason"]) == (200, "not_found")
        return said in edge.log.read_text()

    for _ in range(3):  # the first one loads it
        round_said()
    assert edge.lookup(partner.live, **request).json["hit"] is True
    assert wait_for(round_said)
    assert edge.stop() in {0, -15}


def test_the_states_name_says_nothing_and_keeps_partners_apart(web, cast):
    names = set()
    for slug in ("one", "two"):
        partner = cast.open(slug, semantic=ALWAYS)
        web.store(partner, STORED)
        web.ask(partner, ASKED)
        web.store(partner, ASKED)
        names = set(cast.events.keys("semantic:*"))

    assert len(names) == 2
    assert all(name.startswith(judging.PREFIX) and len(name) == 73 for name in names)
