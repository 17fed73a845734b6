"""`make run`'s program with real servers and fake processes: start, restart, stop, refusals."""

import json
import os
import shutil
import signal
import socket
import time
from pathlib import Path

import pytest

from portal import env
from portal.servers import leftovers
from portal.servers.supervisor import status_of
from tests.patience import PATIENCE_S

FAKE = ("-m", "tests.portal.servers.fake_run")


@pytest.fixture
def start(program, two_ports, tmp_path):
    """Starts it, where nothing else is told on a cluster that is made already."""

    def make(kind="fine", first=False):
        if not first and not (tmp_path / "data" / "postgres").exists():
            shutil.copytree(env.data_dir() / "installation", tmp_path / "data", dirs_exist_ok=True)
        return program(*FAKE, *map(str, two_ports), kind)

    return make


def pid_of(data_dir, needles):
    """The process of `data_dir` whose arguments hold every one of `a|b`."""
    for pid in leftovers.find(data_dir):
        arguments = Path(f"/proc/{pid}/cmdline").read_text()
        if all(needle in arguments for needle in needles.split("|")):
            return pid
    raise AssertionError(f"no process of {data_dir} has {needles!r} in its arguments")


def child_of(pid):
    deadline = time.monotonic() + PATIENCE_S
    while not (children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(children[0])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_starts_answers_and_leaves_nothing(start, two_ports, number):
    run = start(first=number == signal.SIGTERM)
    run.wait_for("Ctrl-C stops everything")
    assert [status_of(f"http://127.0.0.1:{port}/livez") for port in two_ports] == [200, 200]
    assert run.text.index("servers done in") < run.text.index("first step")
    assert run.text.index("first done in") < run.text.index("processes done in")
    assert f"web {run.data_dir}" in (run.data_dir / "logs" / "web.log").read_text()
    assert run.end(number) == 0
    assert "stopped" in run.text
    assert leftovers.find(run.data_dir) == []


def test_prints_urls_and_logins_of_the_demo(start, two_ports, tmp_path):
    web = two_ports[0]
    login = {"email": "ada@redis.example", "password": "pw-1", "role": "owner"}
    partner = {
        "slug": "redis", "name": "Redis Labs", "agreement": "30 %", "api_key": "ac_live_1",
        "portal_url": f"http://known.localhost:{web}", "logins": [login],
        "customers": [{"id": "c1", "name": "Globex", "logins": [
            {"email": "c@globex.example", "password": "pw-2"}]}],
    }  # fmt: skip
    console = {"url": f"http://console.localhost:{web}", "logins": [login | {"role": "finance"}]}
    demo = {"console": console, "edge": {"url": "http://edge"}, "partners": [partner]}
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "demo.json").write_text(json.dumps(demo))
    run = start()
    run.wait_for("Ctrl-C stops everything")
    for text in (
        f"portal           http://known.localhost:{web}\n",
        f"http://console.localhost:{web}   (does not answer: 421)",
        "finance          ada@redis.example  pw-1",
        "customer         c@globex.example  pw-2  Globex",
        "ac_live_1",
        "http://edge",
    ):
        assert text in run.text


def test_a_crashed_process_and_a_crashed_server_return(start, two_ports):
    run = start()
    run.wait_for("Ctrl-C stops everything")
    web = pid_of(run.data_dir, f"HTTPServer|{two_ports[0]}")
    own_child = child_of(web)
    os.kill(web, signal.SIGKILL)
    run.wait_for("web stopped (exit -9), again in 0.5 s; log: ")
    run.wait_for("web runs again")
    assert own_child not in leftovers.find(run.data_dir)
    os.kill(pid_of(run.data_dir, "valkey-events/"), signal.SIGKILL)
    run.wait_for("events had died and runs again")
    assert pid_of(run.data_dir, f"HTTPServer|{two_ports[0]}") != web


def test_started_twice_says_so(start, two_ports, program):
    first = start()
    first.wait_for("Ctrl-C stops everything")
    second = start()
    assert second.process.wait(PATIENCE_S) == 1
    assert f"already runs on {first.data_dir} (pid {first.process.pid})" in second.text
    assert f"http://127.0.0.1:{two_ports[1]}" in second.text
    servers = program("-m", "portal.servers", "up")
    assert servers.process.wait(PATIENCE_S) == 1
    assert f"already run (pid {first.process.pid})" in servers.text
    assert status_of(f"http://127.0.0.1:{two_ports[0]}/livez") == 200


@pytest.mark.parametrize(("which", "name"), [(0, "WEB_PORT"), (1, "EDGE_PORT")])
def test_a_busy_port_is_named_before_anything_starts(start, two_ports, which, name):
    with socket.create_server(("127.0.0.1", two_ports[which])):
        run = start(first=True)
        assert run.process.wait(PATIENCE_S) == 1
    assert f"{name}: port {two_ports[which]} of 127.0.0.1 is busy" in run.text
    assert not (run.data_dir / "secrets").exists()
    assert not (run.data_dir / "logs").exists()


def test_a_process_that_ignores_sigterm_is_killed(start):
    run = start("stubborn")
    run.wait_for("Ctrl-C stops everything")
    assert run.end() == 0
    assert leftovers.find(run.data_dir) == []


def test_after_kill_9_the_next_start_finds_no_one_in_the_way(start):
    first = start()
    first.wait_for("Ctrl-C stops everything")
    first.end(signal.SIGKILL)
    second = start()
    second.wait_for("Ctrl-C stops everything")
    assert second.end() == 0
    assert leftovers.find(second.data_dir) == []


def test_kill_9_takes_servers_and_processes_along(start):
    run = start("stubborn")
    run.wait_for("Ctrl-C stops everything")
    stubborn = pid_of(run.data_dir, "SIG_IGN")
    for name in ("valkey-cache/", "valkey-events/", "postgres\0", "HTTPServer"):
        assert pid_of(run.data_dir, name)
    run.end(signal.SIGKILL)
    deadline = time.monotonic() + 15
    # Two fakes have a child of their own that nobody tells; the stubborn one does not listen.
    while len(left := leftovers.find(run.data_dir)) > 3:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    # Those are ended by the next start.
    assert stubborn in left
    leftovers.end(run.data_dir, patience_s=1)
    assert leftovers.find(run.data_dir) == []


def test_a_process_that_cannot_start_ends_the_run_with_its_log(start):
    run = start("broken")
    assert run.process.wait(60) == 1
    assert "web does not start:" in run.text
    assert "cannot import it" in run.text
    assert leftovers.find(run.data_dir) == []


def test_a_failing_step_ends_the_run(start):
    run = start("step")
    assert run.process.wait(60) == 1
    assert "no such table\nfirst failed (exit 1)" in run.text
    assert leftovers.find(run.data_dir) == []


def test_can_be_stopped_in_the_middle_of_a_step(start):
    run = start("slow")
    run.wait_for("first …")
    time.sleep(0.3)
    assert run.end(signal.SIGINT) == 0
    assert leftovers.find(run.data_dir) == []


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"WEB_PORT": "eighty"}, "WEB_PORT='eighty' is not a port"),
        ({"EDGE_PORT": "70000"}, "EDGE_PORT='70000' is not a port"),
        ({"WEB_PORT": "8001", "EDGE_PORT": "8001"}, "WEB_PORT and EDGE_PORT are both 8001"),
    ],
)
def test_bad_ports_are_refused_by_name(program, environ, text):
    run = program("-m", "portal.run", **environ)
    assert run.process.wait(PATIENCE_S) == 1
    assert text in run.text
    assert not run.data_dir.exists()
