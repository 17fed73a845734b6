"""Django's cache without its server: each process goes on by itself, and comes back to it."""

import pytest
from django.core.cache import caches
from django.test import override_settings

from portal.gateways.page_cache import PageCache
from portal.servers import ports
from portal.servers.secrets import Secrets
from portal.servers.valkey import Valkey

BACKEND = "portal.gateways.page_cache.PageCache"
NOBODY = {"single": "redis://127.0.0.1:1/0",
          "cluster": "valkey-cluster://127.0.0.1:1,127.0.0.1:2"}  # fmt: skip


@pytest.fixture(autouse=True)
def asked_at_once(monkeypatch):
    """Nobody waits for the second in which it is not asked again."""
    monkeypatch.setattr(PageCache, "asked_again_at_s", float("-inf"))


@pytest.mark.parametrize("kind", NOBODY)
def test_what_limits_and_used_codes_need_is_there_without_a_server(kind):
    with override_settings(CACHES={"default": {"BACKEND": BACKEND, "LOCATION": NOBODY[kind]}}):
        cache = caches["default"]
        code, tries = f"used:{kind}", f"tries:{kind}"

        assert [cache.add(code, "y", 30), cache.add(code, "y", 30)] == [True, False]
        cache.set(tries, [1.0, 2.0], 60)
        assert cache.get(tries) == [1.0, 2.0] and cache.get(f"none:{kind}", []) == []
        assert cache.delete(code) and cache.add(code, "y", 30)


def test_a_server_that_is_away_is_not_asked_by_each_request_and_found_again(tmp_path, monkeypatch):
    Secrets(tmp_path / "secrets").ensure()
    server = Valkey("cache", tmp_path, ports.pick())
    with override_settings(CACHES={"default": {"BACKEND": BACKEND, "LOCATION": server.url()}}):
        cache = caches["default"]
        cache.set("before", 1, 60)
        assert PageCache.asked_again_at_s > 0  # it was asked, and is left alone for a while
        server.start()
        try:
            cache.set("meanwhile", 2, 60)
            assert (cache.get("before"), cache.get("meanwhile")) == (1, 2)
            monkeypatch.setattr(PageCache, "asked_again_at_s", float("-inf"))

            cache.set("after", 3, 60)

            assert [cache.get(name) for name in ("before", "meanwhile", "after")] == [None, None, 3]
        finally:
            server.child.kill()
