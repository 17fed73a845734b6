"""The pages that stand in for the portal: whole in themselves, of one brand, written once.

`test_caddy.py` has them shown by Caddy.
"""

import io
import os
import re
import resource
import time
from base64 import b64encode
from contextlib import contextmanager

import pytest
from django.core.management import CommandError, call_command

from tenants.actions.branding import keep_file, publish_brand
from tenants.actions.holding_pages import write_holding_pages
from tenants.models import BrandFile, Partner
from tests.tenants.domain_world import NOW
from tests.tenants.pictures import logo

REDIS = ("cache.redis.localhost", "redis-labs.partners.agentcache.localhost")
PINECONE = ("cache.pinecone.localhost", "pinecone.partners.agentcache.localhost")
CONSOLE = ("console.agentcache.localhost",)
SAID = {"en": "We are back in a moment", "de": "Wir sind gleich wieder da"}


@pytest.fixture
def folder(tmp_path, database, partners):
    """Where they are written, by the worker's login."""
    database.login("settle")
    return tmp_path / "deep" / "holding"


def pages(folder, hosts=(*REDIS, *PINECONE, *CONSOLE)):
    return {(host, language): (folder / f"{host}.{language}.html").read_text()
            for host in hosts for language in SAID}  # fmt: skip


def dress(database, partner, name, colour):
    """Publish a look with a logo; the logo's kept file."""
    database.login("owner")
    file = keep_file(partner_id=partner.id, data=logo(colour), member="logo_light", now=NOW)
    publish_brand(partner=partner, seed_hex=colour, product_name=name, legal_name=f"{name} Ltd",
                  logo_light=file, support_email="help@shop.example", actor="ann",
                  now=NOW)  # fmt: skip
    found = BrandFile.objects.get(partner=partner, name=file)
    database.login("settle")
    return found


def test_each_host_has_its_owners_brand_and_needs_nothing_else(database, partners, folder):
    ours = dress(database, partners.redis, "Flash <b>Cache", "#FF4438")
    theirs = dress(database, partners.pinecone, "Cone Store", "#1C17FF")

    assert write_holding_pages(folder=folder) == 10

    found = pages(folder)
    assert len(list(folder.iterdir())) == len(found)
    for (host, language), page in found.items():
        assert f'<html lang="{language}">' in page and SAID[language] in page
        names = {REDIS: "Flash &lt;b&gt;Cache", PINECONE: "Cone Store", CONSOLE: "AgentCache"}
        for hosts, name in names.items():
            assert (f"<title>{SAID[language]} · {name}</title>" in page) == (host in hosts)
        for hosts, file in ((REDIS, ours), (PINECONE, theirs)):
            inlined = f"data:image/png;base64,{b64encode(bytes(file.content)).decode()}"
            assert (inlined in page) == (host in hosts)
        assert ("mailto:help@shop.example" in page) == (host not in CONSOLE)
        loaded = re.findall(r'(?:src|<link[^>]* href)="([^"]*)"', page)
        assert loaded and all(one.startswith("data:") for one in loaded)
        assert "<script" not in page and "/static/" not in page


def test_what_is_as_it_should_be_is_not_written_again(database, partners, folder):
    write_holding_pages(folder=folder)
    before = pages(folder)
    assert write_holding_pages(folder=folder) == 0

    dress(database, partners.redis, "Flash", "#FF4438")
    assert write_holding_pages(folder=folder) == 2 * len(REDIS)
    assert pages(folder, (*PINECONE, *CONSOLE)).items() <= before.items()
    assert all("Flash" in page for page in pages(folder, REDIS).values())

    (folder / f"{PINECONE[0]}.de.html").unlink()
    (folder / f"{PINECONE[1]}.en.html").write_text("<!doctype html>torn")
    assert write_holding_pages(folder=folder) == 2
    assert pages(folder, PINECONE).items() <= before.items()


def test_hosts_that_are_served_no_more_go_and_so_does_what_a_killed_writer_left(
    database, partners, folder
):  # fmt: skip
    write_holding_pages(folder=folder)
    database.login("owner")
    Partner.objects.filter(pk=partners.redis.pk).update(state="closed")
    database.login("settle")
    left, fresh = folder / ".partial-left", folder / ".partial-fresh"
    for path in (left, fresh):
        path.write_text("half")
    an_hour_ago = time.time() - 3601
    os.utime(left, (an_hour_ago, an_hour_ago))

    assert write_holding_pages(folder=folder) == 0

    found = {path.name for path in folder.iterdir()}
    kept = {f"{host}.{language}.html" for host in (*PINECONE, *CONSOLE) for language in SAID}
    assert found == kept | {fresh.name}


@contextmanager
def no_file_longer_than(size):
    """What a disk without room does to a write, in this process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_page_that_cannot_be_written_whole_leaves_the_one_before(database, partners, folder):
    write_holding_pages(folder=folder)
    before, names = pages(folder), {path.name for path in folder.iterdir()}
    dress(database, partners.redis, "Flash", "#FF4438")

    with no_file_longer_than(1000), pytest.raises(OSError, match="File too large"):
        write_holding_pages(folder=folder)

    assert pages(folder) == before and {path.name for path in folder.iterdir()} == names
    assert write_holding_pages(folder=folder) == 2 * len(REDIS)


def test_the_command_says_what_it_wrote_or_why_not(database, folder):
    database.login("web")
    said = io.StringIO()
    call_command("write_holding_pages", folder=folder, stdout=said)
    assert said.getvalue() == f"10 written to {folder}; the others were as they should be.\n"

    file = folder / "file"
    file.write_text("")
    with pytest.raises(CommandError, match="file cannot be written"):
        call_command("write_holding_pages", folder=file)
