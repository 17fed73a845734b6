"""The systemd units: every process of the table, in the words that systemd understands."""

import configparser
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from portal.servers.table import Ports, processes
from portal.servers.units import Place, main, units

PORTS = Ports(web=8000, edge=8001, regions=("eu", "us"))


def place(tmp_path: Path) -> Place:
    env = tmp_path / "environment"
    env.write_text("DEMO=0\n")
    return Place(Path.cwd(), env, tmp_path, user="daemon")


def read(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


def test_every_process_has_its_unit_and_waits_for_the_migrations(tmp_path):
    found = units(place(tmp_path), PORTS)

    table = {one.name: one for one in processes(PORTS, tmp_path, demo=False)}
    assert {f"agentcache-{name}.service" for name in table} < set(found)
    assert len(found) == len(table) + 2 and "agentcache.target" in found
    for name, process in table.items():
        unit = read(found[f"agentcache-{name}.service"])
        assert unit["Unit"]["Requires"] == "agentcache-migrate.service"
        assert unit["Unit"]["StartLimitIntervalSec"] == "0"  # never given up
        assert unit["Service"]["ExecStart"].split()[0] == process.argv[0]
        assert f"AC_DB_LOGIN={process.login}" in found[f"agentcache-{name}.service"]
    assert 'Environment="REGION=us"' in found["agentcache-edge-us.service"]
    assert "trickle" not in "".join(found) and "load_demo" not in "".join(found.values())


def test_a_machine_among_several_has_its_own_and_migrates_where_the_owner_is(tmp_path):
    one = place(tmp_path)
    edges = units(replace(one, only=("edge", "edge-us")), PORTS)
    assert set(edges) == {
        "agentcache-edge.service", "agentcache-edge-us.service", "agentcache.target",
    }  # fmt: skip
    assert "migrate" not in "".join(edges.values())
    owner = units(replace(one, only=("provisioner",)), PORTS)
    assert "agentcache-migrate.service" in owner


def test_what_needs_the_servers_of_the_wheels_waits_until_they_answer(tmp_path):
    found = units(replace(place(tmp_path), servers=True), PORTS)
    servers = read(found["agentcache-servers.service"])["Service"]
    assert (servers["Type"], servers["KillMode"]) == ("notify", "mixed")
    assert servers["ExecStart"].endswith("-m portal.servers up")
    waiting = [name for name, text in found.items()
               if "Requires=agentcache-servers.service" in text]  # fmt: skip
    assert len(waiting) == len(found) - 2  # itself and the target


def test_a_process_that_is_none_and_a_folder_that_is_not_there_are_named(tmp_path, capsys):
    assert main([str(tmp_path), "--only", "web,edges"]) == 1
    assert "edges: the processes are web, edge," in capsys.readouterr().err
    assert main([str(tmp_path / "none")]) == 1
    assert "No such file" in capsys.readouterr().err


def test_they_are_written_and_systemd_finds_no_fault(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "units"
    folder.mkdir()
    monkeypatch.setenv("REGIONS", "eu,us")
    env = place(tmp_path).environment

    asked = [str(folder), "--environment", str(env), "--user", "daemon", "--servers"]
    assert main(asked) == 0

    assert "systemctl enable --now agentcache.target" in capsys.readouterr().out
    written = sorted(folder.iterdir())
    assert len(written) == len(units(replace(place(tmp_path), servers=True), PORTS))
    systemd = shutil.which("systemd-analyze")
    if systemd:  # a machine without systemd runs no units either
        said = subprocess.run([systemd, "verify", *map(str, written)], capture_output=True,
                              text=True, check=False, timeout=60)  # fmt: skip
        faults = [line for line in said.stderr.splitlines() if "agentcache" in line]
        assert faults == []
