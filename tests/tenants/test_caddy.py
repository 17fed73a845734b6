"""`docs/deploy/Caddyfile` in Debian's Caddy, with its own authority, before a real web process."""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from contextlib import closing

import psycopg
import pytest

from cache_api.hot.problems import Problem
from portal import env
from portal.servers.table import Ports, processes
from tenants import ask, tasks
from tenants.actions.holding_pages import write_holding_pages
from tenants.gateways import tls
from tenants.models import DomainClaim
from tests.flows.harness import free_port
from tests.patience import PATIENCE_S
from tests.plugin import ROOT
from tests.tenants.domain_world import HOST, World

CADDY = shutil.which("caddy")
REDIS, PINECONE = "cache.redis.localhost", "cache.pinecone.localhost"
PRODUCTS = ["Redis Edge Cache", "Pinecone Edge Cache"]


def wait_for(port, child):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert child.poll() is None, "it ended"
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on {port}")


class Front:
    """A web process that believes in https, and Caddy before it."""

    def __init__(self, database, folder, events_url):
        self.web, self.https, self.http = free_port(), free_port(), free_port()
        self.root = folder / "caddy/pki/authorities/local/root.crt"
        self.holding = folder / "holding"
        table = processes(Ports(web=self.web, edge=self.web + 1), env.data_dir(), demo=False)
        argv = next(one.argv for one in table if one.name == "web")
        told = {"AC_DB_LOGIN": "web", "HTTPS": "1", "EVENTS_URL": events_url}
        self.log = (folder / "log").open("ab")
        self.children = [
            self._start([*argv, "--workers=1"], database.environ(**told)),
            self._start(
                [CADDY, "run", "--config", str(ROOT / "docs/deploy/Caddyfile"),
                 "--adapter", "caddyfile"],
                {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder),
                 "XDG_CONFIG_HOME": str(folder), "TLS_ISSUER": "internal",
                 "HTTPS_PORT": str(self.https), "HTTP_PORT": str(self.http),
                 "WEB": f"127.0.0.1:{self.web}", "HOLDING_DIR": str(self.holding),
                 "PATIENCE": "100ms", "BODY_PATIENCE": "3s"},
            ),
        ]  # fmt: skip
        for port, child in zip((self.web, self.https), self.children, strict=True):
            wait_for(port, child)

    def _start(self, argv, environ):
        return subprocess.Popen(argv, cwd=ROOT, env=environ, stdout=self.log, stderr=self.log)

    def stop(self):
        for child in self.children:
            child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.log.close()

    def see(self, host):
        return tls.handshake(host, "127.0.0.1", self.https, ca_file=str(self.root))

    def asked(self, path, sni=HOST, method="GET", **headers):
        """(answer, body) of a page by https, the certificate checked; `headers` may hold a host."""
        context = ssl.create_default_context(cafile=self.root)
        with (
            socket.create_connection(("127.0.0.1", self.https), timeout=30) as raw,
            context.wrap_socket(raw, server_hostname=sni) as secured,
        ):
            connection = http.client.HTTPConnection(sni)
            connection.sock = secured
            told = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers={"host": sni, **told})
            answer = connection.getresponse()
            return answer, answer.read().decode()

    def get(self, path, **headers):
        """(status, body) of a page of HOST."""
        answer, body = self.asked(path, **headers)
        return answer.status, body

    def plain(self, method, path):
        """(status, body, Location) of HOST by http."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=30)
        with closing(connection):
            connection.request(method, path, headers={"Host": HOST})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.getheader("Location")

    def ask(self, host):
        connection = http.client.HTTPConnection("127.0.0.1", self.web, timeout=30)
        with closing(connection):
            connection.request("GET", f"{ask.PATH}?domain={host}")
            return connection.getresponse().status


@pytest.fixture
def front(database, own_events, tmp_path):
    if CADDY is None:
        pytest.skip("caddy is not installed")
    made = Front(database, tmp_path, own_events)
    try:
        yield made
    finally:
        made.stop()


def take_postgres_away(database):
    """Nobody gets a connection to this test's database any more, and those there are end."""
    elsewhere = database.url("superuser")
    with psycopg.connect(elsewhere, dbname="postgres", autocommit=True) as boss:
        boss.execute(f'alter database "{database.name}" allow_connections false')
        boss.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
            [database.name],
        )  # fmt: skip


def until_certified(partner, claim):
    """Checked as the schedule does, again and again: a certificate may take a moment to be made."""
    until = time.monotonic() + 60
    while True:
        tasks.check_domain(partner_id=str(partner.id), claim_id=str(claim.pk))
        found = DomainClaim.objects.get(pk=claim.pk)
        if found.cert == "active" or time.monotonic() > until:
            return found


def test_a_verified_domain_is_served_by_tls_and_a_stranger_is_refused(
    database, partners, dns_zone, front, settings
):
    zone, address = dns_zone
    settings.HTTPS, settings.DNS_SERVERS = True, [address]
    settings.TLS_PROBE_ADDRESS = f"127.0.0.1:{front.https}"
    settings.TLS_PROBE_CA_FILE = str(front.root)
    world = World(database, partners, zone, address)
    claim = world.claim(partners.redis)
    world.set_records(claim)

    database.login("settle")
    found = until_certified(partners.redis, claim)
    assert (found.routing, found.cert) == ("verified", "active"), found.cert_detail
    assert "Caddy Local Authority" in found.cert_issuer and found.cert_not_after is not None
    kinds = [probe.kind for probe in found.probes.order_by("at", "id")]
    assert kinds[:2] == ["dns", "tls"] and found.probes.filter(verdict="served").count() == 1

    status, body = front.get("/accounts/login/")
    assert status == 200 and "Redis Edge Cache" in body
    # Who begins to send a form and never ends it is let go, with whatever answer.
    begun = {"content_length": "1000", "origin": f"https://{HOST}",
             "cookie": f"__Host-csrf={32 * 'a'}",
             "content_type": "application/x-www-form-urlencoded"}  # fmt: skip
    assert front.get("/accounts/login/", method="POST", **begun)[0] in (200, 400, 503)
    assert front.see("stranger.shop.com").outcome == "refused"
    assert (front.ask(HOST), front.ask("stranger.shop.com")) == (200, 404)
    for host in (HOST, "127.0.0.1", f"127.0.0.1:{front.web}"):
        assert front.get(f"{ask.PATH}?domain={HOST}", host=host)[0] == 404
    # In the clear people are led on; a program is told, as it would not tell anybody itself.
    status, _, where = front.plain("GET", "/usage/?range=7d")
    assert (status, where) == (308, f"https://{HOST}:{front.https}/usage/?range=7d")
    for path in ("/api/overflow", "/v1/chat/completions"):
        status, body, where = front.plain("POST", path)
        assert (status, where) == (400, None)
        refused = json.loads(body)
        assert set(refused) == set(json.loads(Problem("invalid-request", "").document()))
        assert (refused["code"], refused["retryable"]) == ("invalid-request", False)

    # Nobody listens at the edge's port: said in the API's own words, and nobody is named.
    status, body = front.get("/api/overflow/health")
    refused = json.loads(body)
    assert (status, refused["code"], refused["retryable"]) == (503, "overloaded", True)
    assert set(refused) == set(json.loads(Problem("overloaded", "").document()))

    # Two hosts of each partner, the claimed one and the console's, in two languages.
    assert write_holding_pages(folder=front.holding) == 12
    take_postgres_away(database)
    assert (front.ask(HOST), front.ask(REDIS), front.ask("stranger.shop.com")) == (200, 200, 404)
    assert front.see(REDIS).outcome == "served"  # a certificate made while Postgres is away
    assert front.see("other.shop.com").outcome == "refused"

    assert front.see(PINECONE).outcome == "served"
    front.children[0].terminate()
    front.children[0].wait(PATIENCE_S)
    assert_each_host_stands_by_in_its_brand(front)


def assert_each_host_stands_by_in_its_brand(front):
    """No web process is there. What is served was written before, for these hosts."""
    for host, (product, other) in {
        REDIS: PRODUCTS, HOST: PRODUCTS, PINECONE: PRODUCTS[::-1],
    }.items():  # fmt: skip
        answer, page = front.asked("/usage/?range=7d", host)
        assert (answer.status, answer.getheader("Retry-After")) == (503, "5")
        assert answer.getheader("Content-Type") == "text/html; charset=utf-8"
        assert answer.getheader("Refresh") == "10"
        assert answer.getheader("Cache-Control") == "no-store"
        assert "default-src 'none'" in answer.getheader("Content-Security-Policy")
        assert product in page and other not in page and '<html lang="en">' in page
    later = "Fri, 01 Jan 2100 00:00:00 GMT"
    whole = front.asked("/", REDIS, if_modified_since=later, range="bytes=0-9")
    assert whole[0].status == 503 and whole[1].endswith("</html>\n")
    # A form that was being sent: the same page, which then does not ask again by itself.
    answer, page = front.asked("/accounts/login/", REDIS, "POST", content_length="0")
    assert (answer.status, answer.getheader("Refresh")) == (503, None) and PRODUCTS[0] in page

    german = [{"accept_language": "de-CH,en;q=0.5"}, {"cookie": "a=b; __Host-lang=de"}]
    english = [{"accept_language": "fr,de;q=0.5"},
               {"accept_language": "de", "cookie": "__Host-lang=en"}]  # fmt: skip
    for language, those in (("de", german), ("en", english)):
        for headers in those:
            assert f'<html lang="{language}">' in front.asked("/", PINECONE, **headers)[1]

    for host in ("stranger.shop.com", "*", "*.localhost", REDIS.upper()):
        status, body = front.get("/accounts/login/", sni=REDIS, host=host)
        assert status == 503 and "We are back in a moment" in body
        assert not any(name in body.lower() for name in ("agentcache", "redis", "pinecone"))
    answer, body = front.asked("/api/overflow/stats", REDIS)
    assert answer.getheader("Content-Type") == "application/problem+json"
    assert (answer.status, json.loads(body)["code"]) == (503, "overloaded")
