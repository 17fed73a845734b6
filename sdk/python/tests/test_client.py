"""The client on the real edge: answers, privacy, expectations, what may go wrong on the way."""

import contextlib
import logging
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from agentcache_overflow import AgentCacheOverflow, NotCanonical, OverflowFailed

REQUEST = {
    "provider": "openai",
    "model": "gpt-4",
    "messages": [{"role": "user", "content": "What is a cache?"}],
}
REPLY = {
    "model": "gpt-4-0613",
    "choices": [{"message": {"content": "A store."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 100, "completion_tokens": 100},
}


def test_by_request(overflow):
    client = overflow(l1_ttl=0)
    assert client.get(request=REQUEST).reason == "not_found"
    assert client.put(request=REQUEST, response=REPLY, tags=["faq"], ttl=600)
    assert client.get(request=REQUEST).answered_by in ("l1", "overflow")  # it waits, or is there
    assert client.flush()
    found = client.get(request={**REQUEST, "stream": True})
    assert found.response == REPLY and found.answered_by == "overflow" and found.status == "hit"
    assert found.cost_saved == 0.009 and found.event_id and found.entry_id
    assert 530 < found.expires_at - time.time() <= 600  # spread by a tenth
    assert client.feedback(event_id=found.event_id, entry_id=found.entry_id)
    assert client.get(request=REQUEST).hit is False


def test_a_hedge_that_lost_is_told_back_as_unused_and_its_entry_stays(served, overflow, faults):
    client = overflow(
        base_url=f"http://127.0.0.1:{faults.ports['edge']}", threshold="50ms", deadline="20s"
    )
    direct = overflow(namespace=client.options.namespace)
    direct.put(key="k", response="the overflow's")
    direct.flush()
    free = threading.Event()
    slow = client.wrap(
        get=lambda _: "the primary's" if free.wait(30) else None, set=print, delete=print
    )
    with redis.Redis.from_url(served["events_url"]) as events, ThreadPoolExecutor(1) as pool:
        before = events.xlen("usage:0")
        faults.set("edge", mode="hold")  # the answer is held on its way
        reading = pool.submit(slow.get, "k")
        wait_until(lambda: events.xlen("usage:0") > before)
        free.set()
        assert reading.result(30) == "the primary's"
        faults.set("edge")
        wait_until(lambda: events.xlen("usage:0") > before + 1)
        (lookup, feedback) = [one[b"e"] for _, one in events.xrange("usage:0")][before:]
    assert b"lookup" in lookup and b"feedback" in feedback and b"unused " in feedback
    assert client.counts()["hedges_lost"] == 1
    assert direct.get(key="k").response == "the overflow's"


def wait_until(so):
    """As long as it takes, within reason."""
    for _ in range(1500):
        if so():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come about within half a minute")


def test_the_process_keeps_answers_for_a_while(overflow):
    client = overflow(l1_ttl="10s")
    client.put(request=REQUEST, response=REPLY)
    client.flush()
    assert [client.get(request=REQUEST).answered_by for _ in range(3)] == ["overflow", "l1", "l1"]
    assert client.delete(request=REQUEST)
    assert client.get(request=REQUEST).hit is False


def test_by_key_and_by_meaning(overflow):
    client = overflow()
    client.put(key="greeting:42", response={"text": "hello"}, ttl=60)
    client.put(key=b"\x00\xff", response=b"\x01\x02")
    client.put(semantic_key="say hello", response="hi")
    client.flush()
    assert client.get(key="greeting:42").response == {"text": "hello"}
    assert client.get(key=b"\x00\xff").response == b"\x01\x02"
    assert client.get(semantic_key="say hello").response == "hi"
    assert client.purge(tags=["none"])["status"] == "pending"
    assert client.delete(key="greeting:42")
    assert client.get(key="greeting:42").hit is False


@pytest.mark.parametrize("privacy", ["hash", "encrypt"])
def test_prompts_stay_at_home(overflow, privacy):
    secret = {"encryption_key": bytes(range(32))} if privacy == "encrypt" else {}
    client = overflow(privacy=privacy, l1_ttl=0, **secret)
    sent = []
    call = client.core._transport.call
    client.core._transport.call = lambda *args: sent.append(args) or call(*args)
    client.put(request=REQUEST, response=REPLY)
    client.put(key="user:7", response=b"\x00secret\xff")
    client.flush()
    found = client.get(request=REQUEST)
    assert found.response == REPLY and found.answered_by == "overflow"
    assert client.get(key="user:7").response == b"\x00secret\xff"
    assert found.cost_saved == 0.009  # model and usage went along
    bodies = repr(sent)
    assert "What is a cache" not in bodies and "user:7" not in bodies
    assert ("A store" in bodies) is (privacy == "hash")
    assert client.delete(request=REQUEST) and client.get(request=REQUEST).hit is False


def test_a_clock_that_is_wrong_changes_no_lifetime(overflow, monkeypatch):
    client = overflow()
    client.put(key="k", response="v", ttl=600)
    client.flush()
    ahead = time.time() + 86_400
    monkeypatch.setattr("agentcache_overflow.wire.time.time", lambda: ahead)
    assert 530 < client.get(key="k").expires_at - ahead <= 600


def test_explain_ping_and_what_is_no_request(overflow):
    client = overflow()
    told = client.explain(left=REQUEST, right={**REQUEST, "temperature": 1})
    assert told is not None and "temperature" in str(told)
    assert client.ping()["ok"] is True
    assert client.get(request={"model": "x"}).reason == "not_canonical"
    assert client.get(request={**REQUEST, "seed": 2**60}).reason == "not_canonical"
    assert client.put(request={**REQUEST, "x": object()}, response=REPLY) is False
    assert client.put(key="k", response=object()) is False
    with pytest.raises(NotCanonical):
        overflow(strict=True).get(request={**REQUEST, "seed": 2**60})
    with pytest.raises(TypeError, match="Say which"):
        client.get()


@pytest.mark.parametrize("which", ["wrong", "revoked", "suspended", "foreign customer"])
def test_a_key_that_is_no_good_is_a_miss_said_once(served, overflow, caplog, which):
    keys = {
        "wrong": "acp_live_nonsense", "revoked": served["revoked"],
        "suspended": served["partners"]["suspended-co"]["live"],
        "foreign customer": served["partners"]["redis-labs"]["acme"],
    }  # fmt: skip
    client = overflow(api_key=keys[which], customer_id="someone")
    with caplog.at_level(logging.WARNING, "agentcache_overflow"):
        answers = [client.get(key="user:secret-key") for _ in range(3)]
    assert [one.reason for one in answers] == ["refused"] * 3
    assert len(caplog.records) == 1
    assert keys[which] not in caplog.text and "secret-key" not in caplog.text
    assert client.ping()["ok"] is False
    with pytest.raises(OverflowFailed, match="refused"):
        overflow(api_key=keys[which], customer_id="someone", strict=True).get(key="k")


@pytest.mark.parametrize("url", ["http://no-such-host.invalid", "http://127.0.0.1:9"])
def test_nobody_there(overflow, url):
    client = overflow(base_url=url, connect_timeout="200ms", drain=0)
    # A resolver may take its time; the deadline holds for it, too.
    assert client.get(key="k").reason in ("unreachable", "deadline")
    client.put(key="k", response="v")
    assert client.stats() is None and client.explain(left=REQUEST, right=REQUEST) is None
    assert client.delete(key="k") is False


@pytest.mark.parametrize("whose", ["live", "acme"])
def test_a_flush_purges_what_this_client_may_have_stored(served, overflow, whose):
    key = served["partners"]["strict-co"]["live" if whose == "live" else "acme"]
    if whose == "acme":
        key = served["partners"]["pinecone"]["acme"]
    client = overflow(api_key=key, customer_id=None, namespace=None)
    client.put(key="k", response="v")
    client.flush()
    assert client.get(key="k").response == "v"
    client.core.purge_everything()
    assert client.get(key="k").reason in ("not_found", "purging")
    assert client.flush() and len(client.core.owed) == 0
    assert client.get(key="k").reason == "not_found"


def test_what_is_owed_is_tried_once_more_at_the_end(overflow, faults):
    look = overflow()
    client = overflow(
        namespace=look.options.namespace, base_url=f"http://127.0.0.1:{faults.ports['edge']}"
    )
    client.put(key="k", response="v")
    client.flush()
    faults.set("edge", "refuse")
    assert client.delete(key="k") is False and client.get(key="k").reason == "purging"
    faults.set("edge")
    client.close()
    assert look.get(key="k").reason == "not_found"


def test_tls_that_fails_is_a_miss(overflow, served):
    port = served["edge"].rpartition(":")[2]  # it speaks plain HTTP
    client = overflow(base_url=f"https://127.0.0.1:{port}")
    assert client.get(key="k").reason == "unreachable"


def test_expectations_warn_once_and_change_nothing(overflow, caplog):
    client = overflow(revenue_share=0.5, partner_id="someone-else")
    with caplog.at_level(logging.WARNING, "agentcache_overflow"):
        for _ in range(3):
            assert client.get(key="k").reason == "not_found"
    assert sorted(record.message.split(":")[0] for record in caplog.records) == [
        "partner_id",
        "revenue_share",
    ]
    quiet = overflow(revenue_share=0.3, partner_id="redis-labs")
    caplog.clear()
    quiet.get(key="k")
    assert caplog.records == []


def test_a_name_under_localhost_needs_no_resolver(served, overflow):
    port = served["edge"].rpartition(":")[2]
    client = overflow(base_url=f"http://cache.redis.localhost:{port}")
    assert client.get(key="k").reason == "not_found"
    # Another partner's host does not know this partner's key.
    foreign = overflow(base_url=f"http://cache.pinecone.localhost:{port}")
    assert foreign.get(key="k").reason == "refused"


def test_who_asks_and_why_is_told(served, overflow):
    client = overflow(application="checkout")
    assert client.core.wire.sdk.startswith("agentcache-py/")
    assert client.core.wire.sdk.endswith(" checkout") and len(client.core.wire.sdk) <= 64
    body = client.core.wire.lookup(client.core.wire.name("k"), {"reason": "miss"}, "redis")
    assert body["metadata"] == {"sdk": client.core.wire.sdk, "reason": "miss"}


def test_the_leader_of_a_lease_stores_with_it(overflow):
    client = overflow()
    found = client.get(request=REQUEST)
    assert found.lease["role"] == "leader"
    follower = overflow(namespace=client.options.namespace).get(request=REQUEST)
    assert follower.lease["role"] == "follower"
    client.put(request=REQUEST, response=REPLY)
    client.flush()
    assert client.core._leases == {}


def test_a_dripping_answer_does_not_hold_the_caller(overflow):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        client = overflow(base_url=url, deadline="200ms")
        began = time.monotonic()
        assert client.get(key="k").reason == "deadline"
        assert time.monotonic() - began < 1.5


def drip(listener):
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
                for _ in range(30):
                    time.sleep(0.1)
                    connection.sendall(b" ")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("api_key", ""), ("api_key", "k\n"), ("base_url", "ftp://x"), ("threshold", "soon"),
        ("deadline", -1), ("hedge_budget", 2), ("privacy", "none"), ("max_in_flight", 0),
        ("encryption_key", "short"), ("application", "x" * 41), ("strict", 1), ("l1_bytes", -1),
    ],
)  # fmt: skip
def test_a_wrong_option_is_named(option, value):
    given = {"api_key": "k", option: value}
    if option == "encryption_key":
        given["privacy"] = "encrypt"
    with pytest.raises(ValueError, match=option):
        AgentCacheOverflow(**given)


def test_an_unknown_option_is_named_and_no_secret_is_shown():
    with pytest.raises(TypeError, match="treshold"):
        AgentCacheOverflow(api_key="k", treshold="1s")
    client = AgentCacheOverflow(api_key="acp_live_secret")
    assert "secret" not in repr(client.options)
    client.close()
