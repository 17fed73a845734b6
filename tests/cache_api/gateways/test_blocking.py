"""The web process's way in: its events take the same road as the edge's."""

import json
import os
import signal
import time

import pytest

from cache_api.gateways import spool
from cache_api.gateways.blocking import BlockingService
from cache_api.gateways.config import BadConfig, Config, load
from cache_api.hot.steps import Asked
from cache_api.hot.verbs import VERBS
from cache_api.rules import events
from tests.patience import wait_for


@pytest.fixture
def cast(own_valkeys):
    return own_valkeys.cast()


@pytest.fixture
def service(own_valkeys, cast, tmp_path):
    one = BlockingService(
        Config(own_valkeys.cache.url(), own_valkeys.events.url(), cast.kek, tmp_path, "test-1")
    )
    one.start()
    yield one
    one.stop()


def lookup(service, key):
    headers = {b"authorization": f"Bearer {key}".encode(), b"content-type": b"application/json"}
    answer = service.answer(
        VERBS["lookup"], Asked(b'{"cache_key":"k"}', headers, time.time_ns() // 1_000_000)
    )
    assert answer.status == 200
    return json.loads(answer.body)


@pytest.mark.parametrize("trouble", [signal.SIGKILL, signal.SIGSTOP])
def test_an_event_waits_on_disk_while_the_stream_is_away(
    own_valkeys, cast, service, tmp_path, trouble
):
    lookup(service, cast.redis.live)
    server = own_valkeys.events
    os.kill(server.child.pid, trouble)

    event_id = lookup(service, cast.redis.live)["billing"]["event_id"]

    (path,) = [*tmp_path.glob("spool/*/*.log")]
    assert [str(events.decode(raw).event_id) for raw in spool.read(path)] == [event_id]
    if trouble == signal.SIGSTOP:
        os.kill(server.child.pid, signal.SIGCONT)
    else:
        server.child.kill()
        server.restart()
    assert wait_for(lambda: event_id in [str(one.event_id) for one in cast.all_events()])


def test_a_missing_setting_is_named(monkeypatch, tmp_path):
    for name in ("CACHE_URL", "EVENTS_URL", "KEK_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    with pytest.raises(BadConfig, match="CACHE_URL is not set"):
        load()

    monkeypatch.setenv("CACHE_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("EVENTS_URL", "redis://127.0.0.1:2/0")
    with pytest.raises(BadConfig, match="platform key"):
        load()

    monkeypatch.setenv("DEMO", "0")
    with pytest.raises(BadConfig, match="KEK_FILE must name"):
        load()

    (tmp_path / "kek").write_text("11" * 31)
    monkeypatch.setenv("KEK_FILE", str(tmp_path / "kek"))
    with pytest.raises(BadConfig, match="kek: The platform key has 62 bytes"):
        load()

    (tmp_path / "kek").write_text("11" * 32)
    assert load().kek == b"\x11" * 32
