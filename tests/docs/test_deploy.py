"""docs/deploy: the compose file runs the table of processes, and Compose itself takes it."""

import ast
import getpass
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from cache_api.edge.__main__ import KEEP_ALIVE_S
from portal.servers.table import Ports, processes, steps
from tenants.rules.datakeys import parse_kek
from tests.docs.manuals import ROOT, blocks

DEPLOY = ROOT / "docs" / "deploy"
COMPOSE, EXAMPLE = DEPLOY / "compose.yaml", DEPLOY / "environment.example"
OPERATING = (DEPLOY.parent / "operating.md").read_text()
DATA = Path("/var/lib/agentcache")
CREDENTIALS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
# Not to be set in containers: the file says where they are, or they are a demo's, or one region's.
FIXED = {
    "CACHE_MEMORY", "EDGE_HOST", "EDGE_PORT", "EMAIL_HOST", "EMAIL_PORT", "EVENTS_MEMORY",
    "HOLDING_DIR", "HOME_REGION", "HTTPS", "REGION", "REGIONS", "REGION_DEADLINE_MS",
    "SSO_LOOPBACK", "STRIPE_PORT", "TLS_PROBE_CA_FILE", "WEBHOOK_LOOPBACK", "WEB_PORT",
}  # fmt: skip


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load(COMPOSE.read_text())["services"]


def told() -> set[str]:
    """The variables of the manual's reference."""
    rows = OPERATING.partition("\n## Environment\n")[2].partition("\n## ")[0].splitlines()
    names = [one.split("|")[1] for one in rows if one.startswith("| `")]
    return set(re.findall(r"`([A-Z_]+)`", " ".join(names)))


def argv(words):
    """A command without where Python and the checkout lie."""
    return [Path(word).name if Path(word).is_absolute() and "=" not in word else word
            for word in words][1:]  # fmt: skip


def test_the_proxy_lets_go_of_silent_connections_before_the_servers_do():
    """Else it sends a request to one that just ends, and must not send it again."""
    kept = [
        int(text) for text in re.findall(r"keepalive (\d+)s", (DEPLOY / "Caddyfile").read_text())
    ]
    [web, *_] = processes(Ports(web=8000, edge=8001), DATA, demo=False)
    [by_web] = [
        int(word.partition("=")[2]) for word in web.argv if word.startswith("--keep-alive=")
    ]

    assert len(kept) == 2 and max(kept) + 5 <= min(by_web, KEEP_ALIVE_S)


def test_every_process_of_the_table_runs_as_the_table_says(services):
    table = processes(Ports(web=8000, edge=8001), DATA, demo=False)
    assert {one.name for one in table} <= set(services)
    for one in table:
        service = services[one.name]
        assert argv(service["command"]) == argv(one.argv), one.name
        assert service["environment"]["AC_DB_LOGIN"] == one.login
        assert service["network_mode"] == "service:network"
        assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    script = services["migrate"]["command"][2]
    assert [line.split()[0] for line in script.splitlines()] == [
        f"AC_DB_LOGIN={one.login}" for one in steps(demo=False)
    ]
    for line, step in zip(script.splitlines(), steps(demo=False), strict=True):
        assert line.split()[1:] == ["python", *argv(step.argv)]


def test_only_caddy_is_reached_from_outside_and_servers_ask_for_passwords(services):
    assert [name for name, one in services.items() if "ports" in one] == ["network"]
    assert services["network"]["command"] == ["sleep", "infinity"]
    assert services["caddy"]["network_mode"] == "service:network"
    assert "bind=127.0.0.1" in " ".join(services["web"]["command"])  # so is the edge: test_edge
    for name in ("cache", "events"):
        words = services[name]["command"]
        assert f"${{{name.upper()}_PASSWORD:?}}" in words
    durable = " ".join(services["events"]["command"])
    assert "--appendonly yes --appendfsync always" in durable and "noeviction" in durable


def test_each_variable_is_in_the_example_or_the_manual(services):
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE.read_text()))
    given = set(re.findall(r"^([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE))
    assert asked == given
    assert set(services["web"]["environment"]) - CREDENTIALS <= told()


def test_what_the_manual_names_can_be_set_in_containers(services):
    passed = set(services["web"]["environment"])
    assert told() - passed == FIXED and not passed & FIXED


def test_neither_secrets_nor_data_go_into_the_image():
    left_out = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert {".git", ".venv*", ".data*", ".tmp", "environment", "kek*", "secret_key*"} <= {*left_out}
    made = re.findall(r"> (?:/etc/agentcache/)?(\w+)`", (DEPLOY / "README.md").read_text())
    assert {f"{name}*" for name in made} <= {*left_out}


def test_secrets_are_owned_by_whom_the_image_runs_as():
    uid = re.search(r"--uid (\d+) agentcache", (DEPLOY / "Dockerfile").read_text())[1]
    assert f"chown {uid} /etc/agentcache/*" in (DEPLOY / "README.md").read_text()


@pytest.mark.parametrize("name", ["web", "edge"])
def test_health_is_asked_where_the_process_listens(services, name):
    port = re.search(r"(?:bind=127\.0\.0\.1:|port=)(\d+)", " ".join(services[name]["command"]))[1]
    [said] = services[name]["healthcheck"]["test"][3:]
    ast.parse(said)
    assert f"'http://127.0.0.1:{port}/livez'" in said


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


# What the steps of one machine do to the machine itself, with what shows it instead.
ON_THE_MACHINE = (
    "apt-get",
    "useradd",
    "cd /srv/agentcache && make",
    "systemctl",
    "agentcache-manage",
    "curl",
)


def bash(script: str, **environ: str) -> str:
    """What it says. Raises CalledProcessError."""
    done = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", script], check=True, text=True,
                          capture_output=True, env=os.environ | environ)  # fmt: skip
    return done.stdout


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A folder in which the steps of one machine were taken, in their order, as they stand."""
    root = tmp_path_factory.mktemp("machine")
    for folder in ("etc/caddy", "etc/systemd/system", "usr/local/bin", "var/lib", "srv"):
        (root / folder).mkdir(parents=True)
    (root / "srv/agentcache").symlink_to(ROOT)
    page = (DEPLOY / "README.md").read_text()
    section = page.partition("\n## One Debian machine\n")[2].partition("\n### First people")[0]
    lines = [line for block in blocks(section) for line in block]
    assert len(lines) == 20
    script = "\n".join(line for line in lines if not line.startswith(ON_THE_MACHINE))
    script = re.sub(r"(?<![\w.])/(etc|srv|usr/local|var/lib)/", rf"{root}/\1/", script)
    bash(re.sub(r" -[go] agentcache", "", script))
    return root


def test_the_steps_of_one_machine_leave_what_they_say(machine):
    etc = machine / "etc"
    for name in ("kek", "secret_key", "environment"):
        assert (etc / "agentcache" / name).stat().st_mode & 0o777 == 0o640
    assert len(parse_kek((etc / "agentcache/kek").read_bytes())) == 32
    assert len((etc / "agentcache/secret_key").read_text()) == 65
    assert (machine / "var/lib/agentcache").stat().st_mode & 0o777 == 0o711
    written = {one.name for one in (etc / "systemd/system").glob("agentcache*")}
    assert {"agentcache.target", "agentcache-servers.service", "agentcache-web.service"} < written
    drop_in = (etc / "systemd/system/caddy.service.d/agentcache.conf").read_text()
    assert drop_in == "[Service]\nEnvironment=DOMAIN_MAIL=ops@agentcache.example\n"
    caddy = shutil.which("caddy")  # Debian's; on a machine without it nobody can follow the page
    if caddy:
        words = [caddy, "validate", "--adapter", "caddyfile", "--config", etc / "caddy/Caddyfile"]
        subprocess.run(words, check=True, capture_output=True, env=os.environ | {"HOME": "/tmp"})


def test_the_file_with_the_variables_is_read_by_a_shell(machine):
    file = machine / "etc/agentcache/environment"
    said = bash(f'set -a; . {file}; set +a; env | grep -E "^(DEMO|EMAIL_URL|PLATFORM_LEGAL)"')
    assert sorted(said.splitlines()) == [
        "DEMO=0", "EMAIL_URL=smtp://user:password@mail.example:587?tls=1",
        "PLATFORM_LEGAL_NAME=AgentCache, Inc.",
    ]  # fmt: skip
    named = set(re.findall(r"^([A-Z_]+)=", file.read_text(), re.MULTILINE))
    assert named <= told()


def test_a_command_gets_the_account_and_the_variables_of_the_file(machine, tmp_path):
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$DEMO $PLATFORM_DOMAIN $*"\n')
    python.chmod(0o755)
    given = {"CHECKOUT": str(tmp_path), "ACCOUNT": getpass.getuser(),
             "ENVIRONMENT": str(machine / "etc/agentcache/environment")}  # fmt: skip
    manage = machine / "usr/local/bin/agentcache-manage"
    assert bash(f"{manage} settle 2026-10 --as 'a b'", **given) == (
        "0 agentcache.example manage.py settle 2026-10 --as a b\n"
    )


def test_the_variables_of_three_machines_are_those_of_the_manual():
    page = (DEPLOY / "README.md").read_text()
    text = page.partition("\n## Three machines\n")[2].partition("\n## ")[0]
    named = re.findall(r"^([A-Z_]+)=", text, re.MULTILINE)
    assert len(named) == 8 and set(named) <= told()
