"""`REGIONS`: names, ports, servers and edges of several regions on one machine."""

import json

import pytest
import redis

from portal.servers import ServerError, Stack
from portal.servers.table import Ports, processes
from portal.servers.welcome import text


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    for name in ("REGIONS", "WEB_PORT", "EDGE_PORT"):
        monkeypatch.delenv(name, raising=False)


def test_alone_nothing_changes(tmp_path):
    listen = Ports.from_environ()

    (edge,) = [row for row in processes(listen, tmp_path, demo=False) if "edge" in row.name]
    assert (listen.regions, listen.edges()) == ((), {"": 8001})
    assert (edge.name, edge.environ) == ("edge", ())


@pytest.mark.parametrize(
    ("given", "names"), [("3", ("eu", "us", "ap")), ("1", ()), ("de, fr-1", ("de", "fr-1"))]
)
def test_a_number_or_names(monkeypatch, given, names):
    monkeypatch.setenv("REGIONS", given)

    assert Ports.from_environ().regions == names


@pytest.mark.parametrize("given", ["0", "99", "eu,eu", "EU", "eu,,us", "-1"])
def test_a_wrong_number_or_name_is_refused_by_name(monkeypatch, given):
    monkeypatch.setenv("REGIONS", given)

    with pytest.raises(ServerError, match="REGIONS="):
        Ports.from_environ()


def test_an_edge_each_on_the_ports_from_edge_port_on(monkeypatch, tmp_path):
    monkeypatch.setenv("REGIONS", "3")
    listen = Ports.from_environ()

    rows = {row.name: row for row in processes(listen, tmp_path, demo=False)}

    edges = {name: (row.environ, row.ready) for name, row in rows.items() if "edge" in name}
    assert edges == {
        "edge": ((("REGION", "eu"),), "http://127.0.0.1:8001/livez"),
        "edge-us": ((("REGION", "us"),), "http://127.0.0.1:8002/livez"),
        "edge-ap": ((("REGION", "ap"),), "http://127.0.0.1:8003/livez"),
    }
    told = text({}, {"eu": "http://127.0.0.1:8001", "us": "http://127.0.0.1:8002"}, {})
    assert "http://127.0.0.1:8001  (region eu)\nOverflow API" in told
    monkeypatch.setenv("WEB_PORT", "8003")
    with pytest.raises(ServerError, match="8003"):
        Ports.from_environ()


def test_a_pair_of_valkeys_each_found_by_name(tmp_path):
    given = {"EVENTS_URL_FR_1": "redis://elsewhere:6379/0"}
    stack = Stack(
        tmp_path, environ=given | dict.fromkeys(OWN, "postgres://x"), regions=["de", "fr-1"]
    )
    with stack:
        urls = json.loads(stack.file.read_text())

        assert sorted(stack.servers) == ["cache", "cache-fr-1", "events"]
        assert urls["REGIONS"] == "de,fr-1"
        assert urls["EVENTS_URL_FR_1"] == given["EVENTS_URL_FR_1"]
        ours = [urls[name] for name in ("CACHE_URL", "EVENTS_URL", "CACHE_URL_FR_1")]
        assert len({redis.Redis.from_url(url).info()["run_id"] for url in ours}) == 3


OWN = ("DATABASE_URL", "OWNER_DATABASE_URL", "RECORDER_DATABASE_URL", "SETTLE_DATABASE_URL")
