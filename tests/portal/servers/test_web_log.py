"""What gunicorn itself says is a line like all others."""

import json
import logging

import pytest
from gunicorn.config import Config

from portal.servers.table import Ports, processes
from portal.servers.web_log import WebLog
from tests.plugin import ROOT


@pytest.fixture
def said(monkeypatch, capsys):
    """Has gunicorn say something under an environment; the line."""

    def say(**environ):
        for name in ("LOG_JSON", "DEMO"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        WebLog(Config()).warning('worker %s: "gone"', 7)
        return capsys.readouterr().err

    yield say
    logging.getLogger("gunicorn.error").handlers.clear()


@pytest.mark.parametrize("environ", [{"LOG_JSON": "1"}, {"DEMO": "0"}])
def test_it_is_json_where_every_process_writes_json(said, environ):
    line = json.loads(said(**environ))
    assert (line["message"], line["level"]) == ('worker 7: "gone"', "warning")
    assert line["logger"] == "gunicorn.error" and line["at"].endswith("+00:00")


@pytest.mark.parametrize("environ", [{}, {"DEMO": "1"}, {"DEMO": "0", "LOG_JSON": "0"}])
def test_it_is_plain_elsewhere(said, environ):
    assert said(**environ).rstrip().endswith('[WARNING] worker 7: "gone"')


def test_the_web_process_logs_so():
    [web] = [one for one in processes(Ports(1, 2), ROOT, demo=False) if one.name == "web"]
    assert f"--logger-class={WebLog.__module__}.{WebLog.__name__}" in web.argv
