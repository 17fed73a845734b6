"""Django's cache on a real Valkey."""

import os

import django
import pytest
import redis
from django.conf import settings
from django.core.cache import caches


@pytest.fixture(scope="module")
def cache(served):
    settings.configure(
        CACHES={
            "primary": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": f"redis://127.0.0.1:{served['servers']['redis']}/3",
            },
            "default": {
                "BACKEND": "agentcache_overflow.wrappers.django.OverflowCache",
                "LOCATION": "primary",
                "TIMEOUT": 600,
                "OPTIONS": {
                    "api_key": served["key"], "base_url": served["edge"], "prefixes": ["llm:"],
                    "customer_id": "acme", "namespace": f"d{os.urandom(4).hex()}",
                    "connect_timeout": "1s", "deadline": "3s",
                },
            },
        }
    )  # fmt: skip
    django.setup()
    yield caches["default"]
    caches["default"].overflow.close()


@pytest.fixture
def plain(served):
    with redis.Redis(port=served["servers"]["redis"], db=3) as client:
        client.flushdb()
        yield client


def test_a_miss_is_an_overflow_hit(cache, plain):
    for value in ({"answer": ["x", 1, None, 2.5]}, "text", b"bytes", 7, True):
        cache.set("llm:1", value)
        cache.overflow.flush()
        plain.flushdb()
        assert cache.get("llm:1") == value
        cache.overflow.flush()
        assert plain.dbsize() == 1  # read-repair


def test_a_deleted_key_never_comes_back(cache, plain):
    ways = {
        "delete": lambda: cache.delete("llm:k"), "many": lambda: cache.delete_many(["llm:k"]),
        "clear": cache.clear, "touch": lambda: cache.touch("llm:k", 1),
        "None": lambda: cache.set("llm:k", object),
    }  # fmt: skip
    for name, way in ways.items():
        cache.set("llm:k", name)
        cache.overflow.flush()
        way()
        plain.flushdb()
        assert cache.get("llm:k") is None, name


def test_versions_and_other_prefixes_stay_apart(cache, plain):
    cache.set("llm:v", 1, version=1)
    cache.set("llm:v", 2, version=2)
    cache.set("session", {"user": 1})
    cache.overflow.flush()
    plain.flushdb()
    assert cache.get("llm:v", version=2) == 2 and cache.get("llm:v", version=1) == 1
    assert cache.get("session") is None
    assert cache.get("llm:none", "d") == "d"
    assert "llm:v" in cache


def test_what_is_no_json_stays_at_home(cache, plain):
    cache.set("llm:o", {1: "a"})
    cache.overflow.flush()
    assert cache.get("llm:o") == {1: "a"}
    plain.flushdb()
    assert cache.get("llm:o") is None


def test_add_and_incr(cache, plain):
    assert cache.add("llm:n", 1) is True and cache.add("llm:n", 5) is False
    assert cache.incr("llm:n") == 2
    cache.overflow.flush()
    plain.flushdb()
    assert cache.get("llm:n") is None
