"""The table of control headers: every row, in worked examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache_api.hot.look import DEFAULT, Look
from cache_api.rules import control_words, controls
from cache_api.rules.controls import BadControl, Controls

BODY_MEMBERS = {name for reads, _, _ in control_words.BY_TYPE for name in reads}
OFF = {"reason": "off", "store": False, "mode": "off"}
FRESH = {"reason": "no_cache"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

# header, value, what it means
SAID = [
    ("AgentCache-Mode", "exact", {"mode": "exact"}),
    ("AgentCache-Mode", "hybrid", {"mode": "semantic"}),
    ("x-bf-cache-type", "Semantic", {"mode": "semantic"}),
    ("x-bf-cache-ttl", "1h30m", {"ttl_s": 5400}),
    ("x-bf-cache-ttl", "0", {"store": False}),
    ("AgentCache-Mode", "off", OFF),
    ("AgentCache-TTL", "60", {"ttl_s": 60}),
    ("AgentCache-TTL", "0", {"store": False}),
    ("AgentCache-Namespace", "blue", {"namespace": "blue"}),
    ("AgentCache-Tags", "faq, refunds,", {"tags": ("faq", "refunds")}),
    ("AgentCache-Min-Similarity", "0.95", {"min_similarity": 0.95}),
    ("AgentCache-Deadline-Ms", "25", {"deadline_ms": 25}),
    ("Cache-Control", "no-cache", FRESH),
    ("Cache-Control", "no-store", {"store": False}),
    ("Cache-Control", "only-if-cached", {}),
    ("Cache-Control", "max-age=30", {"max_age_s": 30}),
    ("Cache-Control", 'MAX-AGE="30" , min-fresh=5', {"max_age_s": 30, "min_fresh_s": 5}),
    ("Cache-Control", "stale-if-error=600", {"max_stale_s": 600}),
    ("Cache-Control", "max-stale=600", {"max_stale_s": 600}),
    ("Cache-Control", "no-cache, no-store", FRESH | {"store": False}),
    ("Cache-Control", "max-age=soon, proxy-revalidate, =, max-age", {}),
    ("cf-aig-cache-ttl", "3600", {"ttl_s": 3600}),
    ("cf-aig-skip-cache", "true", OFF),
    ("cf-aig-skip-cache", "false", {}),
    ("cf-aig-cache-key", "greeting-en", {"cache_key": "greeting-en"}),
    ("x-portkey-cache", "simple", {"mode": "exact"}),
    ("x-portkey-cache-force-refresh", "True", FRESH),
    ("x-portkey-cache-namespace", "user-1", {"namespace": "user-1"}),
    ("x-portkey-config", '{"cache":{"mode":"semantic","max_age":60}}',
     {"mode": "semantic", "ttl_s": 60}),
    ("x-portkey-config", "pc-config-7f", {}),
    ("x-portkey-config", '{"cache":[]}', {}),
    ("x-portkey-config", "{" * 60_000, {}),
    ("Helicone-Cache-Enabled", "true", {}),
    ("Helicone-Cache-Enabled", "false", OFF),
    ("Helicone-Cache-Read", "false", FRESH),
    ("Helicone-Cache-Save", "false", {"store": False}),
    ("Helicone-Cache-Seed", "user-123", {"namespace": "user-123"}),
    ("x-bf-cache-key", "session-1", {"namespace": "session-1"}),
    ("x-bf-cache-ttl", "10m", {"ttl_s": 600}),
    ("x-bf-cache-ttl", "30", {"ttl_s": 30}),
    ("x-bf-cache-threshold", "0.85", {"min_similarity": 0.85}),
    ("x-bf-cache-type", "direct", {"mode": "exact"}),
    ("x-bf-cache-no-store", "true", {"store": False}),
    ("X-OpenRouter-Cache", "true", {}),
    ("X-OpenRouter-Cache", "false", OFF),
    ("X-OpenRouter-Cache-TTL", "300", {"ttl_s": 300}),
    ("X-OpenRouter-Cache-Clear", "true", FRESH),
    ("Cache-Control", "max-age=99999999999999", {"max_age_s": 10**9}),
    ("x-bf-cache-ttl", "soon", {}),
    ("x-bf-cache-threshold", "2", {}),
]  # fmt: skip
BODIES = [
    ({"ttl": 60}, {"ttl_s": 60}),
    ({"ttl": 1e-7}, {"store": False}),
    ({"s-maxage": 30}, {"max_age_s": 30}),
    ({"no-cache": True}, FRESH),
    ({"no-cache": False}, {}),
    ({"no-store": True}, {"store": False}),
    ({"use-cache": False}, OFF),
    ({"namespace": "n"}, {"namespace": "n"}),
    ({"mode": "exact", "min_similarity": 0.9}, {"mode": "exact", "min_similarity": 0.9}),
    ({"max_age": 5, "max_stale": 6}, {"max_age_s": 5, "max_stale_s": 6}),
    ({"something": ["else"], "ttl": None}, {}),
    ({}, {}),
]
REFUSED = [
    ("AgentCache-Mode", "fast"), ("AgentCache-Mode", "none"), ("AgentCache-TTL", "1h30m"),
    ("AgentCache-TTL", "-1"), ("AgentCache-TTL", ""),
    ("AgentCache-TTL", "1e3"), ("AgentCache-TTL", "9" * 11), ("AgentCache-Namespace", ""),
    ("AgentCache-Namespace", "x" * 101), ("AgentCache-Namespace", "a\x01"),
    ("AgentCache-Tags", ",".join("abcdefghijklmnopq")), ("AgentCache-Tags", "x" * 65),
    ("AgentCache-Min-Similarity", "1.1"), ("AgentCache-Deadline-Ms", "NaN"),
]  # fmt: skip


def read(headers, cache=None):
    """Whether it is understood; anything but Controls or BadControl is an error."""
    try:
        return isinstance(controls.read(headers, cache), Controls)
    except BadControl:
        return False


def sent(*pairs):
    return {name.lower().encode(): value.encode("latin-1") for name, value in pairs}


@pytest.mark.parametrize(("name", "value", "meaning"), SAID)
def test_a_header_means(name, value, meaning):
    assert controls.read(sent((name, value))) == Controls(**meaning)


@pytest.mark.parametrize(("cache", "meaning"), BODIES)
def test_the_bodys_cache_means(cache, meaning):
    assert controls.read({}, cache) == Controls(**meaning)


def test_every_row_of_the_tables_has_an_example():
    named = {name.lower().encode() for name, _, _ in SAID}
    directives = {part.split("=")[0].strip().lower() for name, value, _ in SAID
                  if name == "Cache-Control" for part in value.split(",")}  # fmt: skip

    assert named >= controls.NAMES
    assert control_words._DIRECTIVES.keys() <= directives | {"s-maxage"}
    assert {name for cache, _ in BODIES for name in cache} >= BODY_MEMBERS


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_our_own_header_that_makes_no_sense_is_named(name, value):
    with pytest.raises(BadControl, match=name) as caught:
        controls.read(sent((name, value)))

    assert caught.value.where == name


@pytest.mark.parametrize(
    ("cache", "where"),
    [([], "/cache"), ("on", "/cache"), ({"ttl": "x"}, "/cache/ttl"), ({"ttl": [1]}, "/cache/ttl"),
     ({"mode": "fast"}, "/cache/mode"),
     ({"ttl": True}, "/cache/ttl"), ({"ttl": "60"}, "/cache/ttl"),
     ({"namespace": 5}, "/cache/namespace"),
     ({"no-cache": "perhaps"}, "/cache/no-cache")],
)  # fmt: skip
def test_a_member_of_cache_that_makes_no_sense_is_pointed_at(cache, where):
    with pytest.raises(BadControl) as caught:
        controls.read({}, cache)

    assert caught.value.where == where


@pytest.mark.parametrize(
    ("value", "trace"),
    [(f"00-{TRACE}-00f067aa0ba902b7-01", TRACE), (f"01-{TRACE}-00f067aa0ba902b7-01-x", TRACE),
     ("00-" + "0" * 32 + "-00f067aa0ba902b7-01", ""), (TRACE, ""), ("", "")],
)  # fmt: skip
def test_a_trace_is_told_by_its_context(value, trace):
    assert controls.trace_id(sent(("traceparent", value))) == trace
    assert controls.trace_id({}) == ""


def test_what_was_said_tells_requests_apart():
    ttl, mode = ("AgentCache-TTL", "5"), ("AgentCache-Mode", "off")

    said = {controls.said(sent(*some)) for some in ((), (ttl,), (mode,), (ttl, mode), (mode, ttl))}

    assert len(said) == 4
    assert controls.said(sent(("accept", "*/*"))) == ()


def test_what_comes_later_goes_before():
    headers = sent(
        ("x-bf-cache-ttl", "1"), ("Cache-Control", "max-age=2"), ("AgentCache-TTL", "3"),
        ("Helicone-Cache-Seed", "theirs"), ("AgentCache-Namespace", "ours"),
    )  # fmt: skip

    assert controls.read(headers) == Controls(ttl_s=3, max_age_s=2, namespace="ours")
    assert controls.read(headers, {"ttl": 4, "namespace": "body"}) == Controls(
        ttl_s=4, max_age_s=2, namespace="body"
    )


def test_a_partners_prefix_is_made_ours_at_the_door():
    theirs = Look("Redis-Cache", "RedisOverflow", "https://x/", "RedisOverflow")
    headers = sent(("Redis-Cache-TTL", "5"), ("redis-cachex", "1"), ("Host", "x"))

    assert controls.read(theirs.heard(headers)) == Controls(ttl_s=5)
    assert controls.read(theirs.heard(sent(("AgentCache-TTL", "6")))) == Controls(ttl_s=6)
    assert controls.read(headers) == Controls()
    assert DEFAULT.heard(headers) is headers
    assert theirs.worded("AgentCache-TTL must") == "Redis-Cache-TTL must"


def test_an_ordinary_request_has_none_of_them():
    names = ("host", "authorization", "content-type", "content-length", "accept", "user-agent",
             "accept-encoding", "connection", "idempotency-key")  # fmt: skip

    assert controls.NAMES.isdisjoint(name.encode() for name in names)


@given(st.sampled_from(sorted(controls.NAMES)), st.binary(max_size=200))
def test_whatever_a_header_holds_it_is_read_or_refused(name, value):
    assert read({name: value}) or name in controls._BY_NAME


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
       st.sampled_from(sorted(BODY_MEMBERS)))  # fmt: skip
def test_whatever_cache_holds_it_is_read_or_refused(value, member):
    for cache in (value, {member: value}):
        read({}, cache)
