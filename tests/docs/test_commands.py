"""Every command of the manuals is executed here or by a test that is named, or it says why not."""

import io
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.core.management import call_command

from bench import __main__ as bench
from bench.drill import manual
from billing.models import Document
from billing.queries.archive import archived_run, write_archive
from manage import LOGIN_BY_COMMAND
from tenants import schema
from tenants.rules.datakeys import parse_kek
from tests.billing.people import APPROVER, PREPARER
from tests.billing.test_commands import staffed
from tests.conftest import two_partners
from tests.docs.manuals import BLOCKS, ROOT, commands
from tests.docs.run_elsewhere import TESTED, UNTRIED

SHOWN = commands()
PREPARES, APPROVES = (f"manage.py enter_rates --as {one}" for one in (PREPARER, APPROVER))
SETTLES = f"manage.py settle 2026-10 --as {PREPARER}"
ASKED_ID = "01a21606-495b-7257-b76b-2f42ad899fc9"
# In this order, in one installation: how a command begins, what it says (a pattern whose first
# group stands for NAME in those that follow), and what is added so that nobody else must run.
STEPS = (
    ("manage.py bootstrap", r"kim@example.com is superadmin", "", ""),
    ("manage.py open_partner acme-cache", r"requested acme-cache", "", "--no-wait"),
    ("manage.py create_key", r"acp_live_(\w{12})_", "KEY_ID", ""),
    ("manage.py revoke_key acme-cache KEY_ID --as kim@example.com", r"revoked", "", ""),
    ("manage.py entitle acme-cache limits", r"granted", "", ""),
    ("manage.py entitle acme-cache brand_api", r"granted", "", ""),
    ("manage.py entitle acme-cache upstreams", r"granted", "", ""),
    ("manage.py entitle redis-labs semantic", r"granted", "", ""),
    ("manage.py set_quota", r"^set\s*$", "", ""),
    ("manage.py rebuild_rollups", r"redis-labs: rebuilt, from 2026-09-10", "", ""),
    ("manage.py waive_intake", r"A second person has to confirm", "", ""),
    (f"{SETTLES} --preview", r"preview  gross", "", ""),
    (SETTLES, r"in_review  gross", "", "--wait"),
    ("manage.py approve_run", r"redis-labs-revenue-share-platform: issued", "", "--wait"),
    ("manage.py reconcile", r"(\d+) of \1 equations hold", "", ""),
    ("manage.py verify_statement FILE", r"Everything comes out", "", ""),
    ("manage.py verify_statement PST", r"Everything comes out", "", ""),
    (f"{PREPARES} fx", r"", "", ""),
    (f"{PREPARES} tax", r"", "", ""),
    (f"{PREPARES} status redis-labs standard", r"", "", ""),
    (f"{PREPARES} status redis-labs reduced", r"", "", ""),
    (f"{APPROVES} waiting", r"(?m)^(\S+) fx_rate", ASKED_ID, ""),
    (f"{APPROVES} approve", r"", "", ""),
)  # fmt: skip
# In a shell, in an empty folder that has the checkout's docs.
SHELL = (
    "openssl rand -hex 32 > kek",
    "openssl rand -base64 48 > secret_key",
    "openssl rand -hex 32 > .data-real/kek",
    "openssl rand -base64 48 > .data-real/secret_key",
    "(openssl rand -hex 32; cat kek) > kek.new && mv kek.new kek",
    r"od -An -v -tx1 kek | tr -d ' \n'",
    "openssl rand -hex 32 > /etc/agentcache/kek",
    "openssl rand -base64 48 > /etc/agentcache/secret_key",
    "cp docs/deploy/environment.example environment",
)
DIGEST = "printf '%s'"
TESTS = ROOT / "tests"


@dataclass
class Office:
    """An installation and what the manuals' names stand for in it."""

    database: object
    named: dict[str, str] = field(default_factory=dict)

    def run(self, shown: str, more: str) -> str:
        """What a command of a manual says here; its login is the one that `manage.py` takes."""
        words = shlex.split(f"{shown} {more}")
        login = words.pop(0).partition("=")[2] if "=" in words[0] else ""
        name, *rest = words[1:]
        given = [self.named.get(word, word) for word in rest]
        self.database.login(login or LOGIN_BY_COMMAND.get(name, "web"))
        out = io.StringIO()
        call_command(name, *given, stdout=out, stderr=out)
        return out.getvalue()


@pytest.fixture
def office(database, tmp_path):
    database.fill(staffed)
    archive = tmp_path / "statement.zip"
    named = {
        "CUSTOMER": "acme", "acme-corp": "acme", "2026-10": "2026-09", "EMAIL": APPROVER,
        "FILE": str(archive), "PST-2026-000042.zip": str(archive),
    }  # fmt: skip
    return Office(database, named)


def the(start: str) -> str:
    """The one command that is this, or the only one that begins so."""
    found = [one for one in SHOWN if one == start] or [
        one for one in SHOWN if one.startswith(start)
    ]
    assert len(found) == 1, (start, found)
    return found[0]


def download(office: Office, path: Path) -> None:
    """The statement's archive, as the partner's page gives it."""
    redis = two_partners().redis
    office.database.login("web")
    with schema.in_partner(redis), path.open("wb") as target:
        paper = Document.objects.get(partner_id=redis.pk, kind="payout_statement")
        write_archive(archived_run(paper.pk, redis.pk), target)


def test_commands_of_an_installation_do_what_the_manuals_say(office):
    for start, says, stands_for, more in STEPS:
        if start.endswith("FILE"):
            download(office, Path(office.named["FILE"]))
        told = office.run(the(start), more)
        found = re.search(says, told)
        assert found, (start, told)
        if stands_for:
            office.named[stands_for] = found[1]
        if start.startswith("manage.py open_partner"):  # the others are of one that is open
            office.named["acme-cache"] = "redis-labs"


def test_commands_of_a_shell_do_what_the_manuals_say(tmp_path):
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    for folder in ("etc", ".data-real"):
        (tmp_path / folder).mkdir()
    shell = {"cwd": tmp_path, "text": True, "capture_output": True, "check": True}
    told = subprocess.run(["bash", "-c", the(DIGEST)], **shell).stdout.split()[0]
    assert f"\n{told}\n" in (ROOT / "docs" / "integrating.md").read_text()
    if not shutil.which("openssl"):  # on such a machine nobody can follow the manual either
        return
    for one in SHELL:
        here = the(one).replace("/etc/agentcache", str(tmp_path / "etc"))
        done = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", here], **shell)
        if one.startswith("od"):
            written = (tmp_path / "kek").read_bytes().hex()
            assert done.stdout == written
    assert len(parse_kek((tmp_path / "kek").read_bytes())) == 64  # two keys, one behind the other
    assert len(parse_kek((tmp_path / "etc" / "kek").read_bytes())) == 32
    assert "PLATFORM_DOMAIN=" in (tmp_path / "environment").read_text()


def test_every_command_is_executed_somewhere_or_it_is_said_why_not():
    here = {the(start) for start in (*(step[0] for step in STEPS), *SHELL, DIGEST)}
    starts = {**TESTED, **UNTRIED}
    used = set()
    for shown in SHOWN:
        if shown in here:
            continue
        known = [start for start in starts if shown.startswith(start)]
        assert known, f"{SHOWN[shown]}: no test executes {shown!r}"
        used.add(max(known, key=len))
    assert set(starts) - used == set(), "no manual shows these any more"


@pytest.mark.parametrize("start", TESTED)
def test_the_test_that_is_named_exists_and_is_about_it(start):
    file, _, test = TESTED[start].partition("::")
    text = ((ROOT if file.startswith("sdk/") else TESTS) / file).read_text()
    assert re.search(rf"^def {test}\(", text, re.M)
    if start.startswith("manage.py"):
        name = start.split()[1]
        assert name in text or name.replace("_", "-") in text


def test_targets_of_make_are_there_and_benchmarks_take_their_arguments():
    for shown in SHOWN:
        if shown.startswith("make "):
            target, *given = shlex.split(shown)[1:]
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M), shown
            values = dict(one.split("=", 1) for one in given)
            assert target in values.get("ARGS", target) or set(values) <= {
                "ARGS", "WEB_PORT", "EDGE_PORT", "DATA_DIR", "REGIONS",
            }  # fmt: skip
            if target == "bench":
                asked = bench.options(shlex.split(values.get("ARGS", "")))
                assert asked.names or not given


@pytest.mark.parametrize("heading", BLOCKS)
def test_the_blocks_that_the_drill_runs_are_shell(heading):
    done = subprocess.run(["bash", "-n"], input=manual.commands(heading), text=True,
                          capture_output=True, check=False, env=dict(os.environ))  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
