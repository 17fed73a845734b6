"""docs/deploy: the compose file runs the table of processes, and Compose itself takes it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from portal.servers.table import Ports, processes, steps

DEPLOY = Path(__file__).resolve().parents[2] / "docs" / "deploy"
COMPOSE, EXAMPLE = DEPLOY / "compose.yaml", DEPLOY / "environment.example"
OPERATING = (DEPLOY.parent / "operating.md").read_text()
DATA = Path("/var/lib/agentcache")


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load(COMPOSE.read_text())["services"]


def argv(words):
    """A command without where Python and the checkout lie."""
    return [Path(word).name if Path(word).is_absolute() and "=" not in word else word
            for word in words][1:]  # fmt: skip


def test_every_process_of_the_table_runs_as_the_table_says(services):
    table = processes(Ports(web=8000, edge=8001), DATA, demo=False)
    assert {one.name for one in table} <= set(services)
    for one in table:
        service = services[one.name]
        assert argv(service["command"]) == argv(one.argv), one.name
        assert service["environment"]["AC_DB_LOGIN"] == one.login
        assert service["network_mode"] == "service:caddy"
        assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    script = services["migrate"]["command"][2]
    assert [line.split()[0] for line in script.splitlines()] == [
        f"AC_DB_LOGIN={one.login}" for one in steps(demo=False)
    ]
    for line, step in zip(script.splitlines(), steps(demo=False), strict=True):
        assert line.split()[1:] == ["python", *argv(step.argv)]


def test_only_caddy_is_reached_from_outside_and_servers_ask_for_passwords(services):
    assert [name for name, one in services.items() if "ports" in one] == ["caddy"]
    for name in ("cache", "events"):
        words = services[name]["command"]
        assert f"${{{name.upper()}_PASSWORD:?}}" in words
    durable = " ".join(services["events"]["command"])
    assert "--appendonly yes --appendfsync always" in durable and "noeviction" in durable


def test_each_variable_is_in_the_example_or_the_manual(services):
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE.read_text()))
    given = set(re.findall(r"^([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE))
    assert asked == given
    told = set(re.findall(r"`([A-Z_]+)`", OPERATING))
    assert set(services["web"]["environment"]) - {"SUPERUSER_DATABASE_URL"} <= told


def program() -> list[str]:
    """Compose in either form, [] where there is none."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    plugin = ["docker", "compose"]
    if shutil.which("docker"):
        said = subprocess.run([*plugin, "version"], capture_output=True, check=False)
        return plugin if said.returncode == 0 else []
    return []


def test_compose_itself_takes_the_file(tmp_path):
    """Where it is not installed nobody can start the file either; the tests above still hold."""
    filled = re.sub(r"^([A-Z_]+PASSWORD)=$", r"\1=x", EXAMPLE.read_text(), flags=re.MULTILINE)
    (tmp_path / "environment").write_text(filled)
    compose = program()
    if compose:
        words = [*compose, "-f", str(COMPOSE), "--env-file", str(tmp_path / "environment"),
                 "config", "-q"]  # fmt: skip
        said = subprocess.run(words, capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stderr
        (tmp_path / "environment").write_text("")
        assert subprocess.run(words, capture_output=True, check=False).returncode != 0
