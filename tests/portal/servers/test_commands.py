"""`python -m portal.servers up|down|env`."""

import json
import socket
import subprocess
import sys

from tests.patience import PATIENCE_S
from tests.portal.servers.conftest import ROOT


def test_up_env_and_down(program, tmp_path):
    systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    systemd.bind(str(tmp_path / "notify"))
    systemd.settimeout(PATIENCE_S)
    up = program("-m", "portal.servers", "up", NOTIFY_SOCKET=str(tmp_path / "notify"))
    up.wait_for("ready; URLs in")
    with systemd:
        assert systemd.recv(100) == b"READY=1"
    shown = program("-m", "portal.servers", "env")
    assert shown.process.wait(PATIENCE_S) == 0
    urls = json.loads((up.data_dir / "servers.json").read_text())
    assert f"export OWNER_DATABASE_URL={urls['OWNER_DATABASE_URL']}\n" in shown.text
    down = program("-m", "portal.servers", "down")
    assert down.process.wait(PATIENCE_S) == 0
    assert up.process.wait(PATIENCE_S) == 0
    assert up.text.endswith("stopped\n")
    assert up.gone(seconds=0)


def test_down_and_env_without_servers_say_so(program):
    down = program("-m", "portal.servers", "down")
    assert down.process.wait(PATIENCE_S) == 0
    assert f"no servers run in {down.data_dir}" in down.text
    shown = program("-m", "portal.servers", "env")
    assert shown.process.wait(PATIENCE_S) == 1
    assert "run `python -m portal.servers up` first" in shown.text


def test_wrong_usage_explains(program):
    wrong = program("-m", "portal.servers", "start")
    assert wrong.process.wait(PATIENCE_S) == 2
    assert "usage: python -m portal.servers up|down|env|roles" in wrong.text


def test_needs_no_django():
    code = "import portal.run, sys; sys.exit('django' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
