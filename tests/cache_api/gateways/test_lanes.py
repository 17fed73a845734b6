"""Lanes to Valkey: one pipeline a tick, prompt refusals, no reply for the wrong asker."""

import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cache_api.gateways.connection import Connection
from cache_api.gateways.resp import Address
from cache_api.gateways.valkey import Lane
from cache_api.gateways.valkey_sync import SyncLane
from tests.patience import wait_for

# An answer on a busy machine is no late one; what is never answered need not cost the suite much.
DEADLINE_S, SHORT_S = 3.0, 0.5


def test_what_is_submitted_in_one_tick_travels_as_one_pipeline(valkeys, monkeypatch):
    sent = []
    real = Connection.send
    monkeypatch.setattr(
        Connection, "send", lambda self, batch: (sent.append(batch), real(self, batch))
    )

    async def ask():
        lane = Lane("cache", valkeys.cache.url(), DEADLINE_S)
        assert await lane.connect()
        sent.clear()
        futures = [lane.submit([(b"ECHO", b"%d" % n), (b"ECHO", b"x")]) for n in range(50)]
        replies = await asyncio.gather(*futures)
        await lane.close()
        return replies

    assert asyncio.run(ask()) == [[b"%d" % n, b"x"] for n in range(50)]
    assert [batch.wanted for batch in sent] == [100]


def test_a_refused_command_is_none_for_its_asker_only(valkeys):
    async def ask():
        lane = Lane("cache", valkeys.cache.url(), DEADLINE_S)
        futures = [
            lane.submit([command]) for command in ((b"ECHO", b"a"), (b"NOSUCH",), (b"ECHO", b"b"))
        ]
        replies = await asyncio.gather(*futures)
        await lane.close()
        return replies

    assert asyncio.run(ask()) == [[b"a"], None, [b"b"]]


def test_a_stuck_server_costs_one_deadline_and_late_replies_reach_nobody(own_valkeys):
    server = own_valkeys.cache

    async def ask():
        lane = Lane("cache", server.url(), SHORT_S)
        assert await lane.submit([(b"ECHO", b"before")]) == [b"before"]
        os.kill(server.child.pid, signal.SIGSTOP)
        began = time.monotonic()
        assert (
            await asyncio.gather(*[lane.submit([(b"ECHO", b"lost")]) for _ in range(20)])
            == [None] * 20
        )
        assert time.monotonic() - began < 20 * SHORT_S
        for _ in range(20):
            assert await lane.submit([(b"ECHO", b"lost")]) is None
        assert time.monotonic() - began < 20 * SHORT_S
        os.kill(server.child.pid, signal.SIGCONT)
        for _ in range(100):
            if (got := await lane.submit([(b"ECHO", b"after")])) is not None:
                break
            await asyncio.sleep(0.05)
        await lane.close()
        return got

    assert asyncio.run(ask()) == [b"after"]


@pytest.mark.parametrize("wrong", ["redis://:wrong@127.0.0.1:{port}/0", "redis://127.0.0.1:1/0"])
def test_a_server_that_refuses_or_is_not_there_is_none(valkeys, wrong):
    url = wrong.format(port=valkeys.cache.port)

    async def ask():
        lane = Lane("cache", url, DEADLINE_S)
        assert not await lane.connect()
        answer = await lane.submit([(b"PING",)])
        await lane.close()
        return answer

    assert asyncio.run(ask()) is None
    assert SyncLane("cache", url, DEADLINE_S).run([(b"PING",)]) is None


def test_the_blocking_lane_does_the_same(own_valkeys):
    server = own_valkeys.cache
    lane = SyncLane("cache", server.url(), SHORT_S)

    assert lane.run([(b"ECHO", b"a"), (b"ECHO", b"b")]) == [b"a", b"b"]
    assert lane.run([(b"NOSUCH",)]) is None
    assert lane.run([]) == []
    os.kill(server.child.pid, signal.SIGSTOP)
    began = time.monotonic()
    for _ in range(20):
        assert lane.run([(b"ECHO", b"lost")]) is None
    assert time.monotonic() - began < 20 * SHORT_S
    os.kill(server.child.pid, signal.SIGCONT)
    assert wait_for(lambda: lane.run([(b"ECHO", b"after")]) == [b"after"])


@pytest.mark.parametrize("pause_s", [0.1, 10], ids=["byte by byte", "stuck in the middle"])
@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_half_an_answer_costs_a_blocking_lane_its_deadline_and_no_more(
    scheme, pause_s, tmp_path, monkeypatch
):
    """The deadline is that of the whole answer: a byte in time does not begin it anew."""
    certificate = tmp_path / "server.pem"
    certificate.write_bytes(own_certificate())
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with socket.create_server(("127.0.0.1", 0)) as server:
        given = server, certificate if scheme == "rediss" else None, pause_s
        threading.Thread(target=trickle, args=given, daemon=True).start()
        lane = SyncLane("cache", f"{scheme}://127.0.0.1:{server.getsockname()[1]}/0", 0.2)
        began = time.monotonic()

        assert lane.run([(b"GET", b"x")]) is None

        assert 0.2 <= time.monotonic() - began < 5
        lane.close()


def trickle(server, certificate, pause_s):
    """Greet one caller, then answer it in 100 bytes with a pause behind each."""
    link, _ = server.accept()
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        link = context.wrap_socket(link, server_side=True)
    with link, contextlib.suppress(OSError):
        assert b"PING" in link.recv(1_000)
        link.sendall(b"+PONG\r\n")
        assert b"GET" in link.recv(1_000)
        for byte in b"$93\r\n" + b"x" * 93 + b"\r\n":
            link.sendall(bytes([byte]))
            time.sleep(pause_s)


def own_certificate():
    """A key and a certificate for 127.0.0.1 that vouches for itself, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return secret + made.public_bytes(serialization.Encoding.PEM)


def test_addresses_are_read_and_passwords_never_told():
    address = Address.parse("rediss://us%40er:p%3Ass@example.com:7000/3")

    assert address == Address("example.com", 7000, "us@er", "p:ss", 3, True)
    with pytest.raises(ValueError, match="redis://") as caught:
        Address.parse("http://:secret@example.com")
    assert "secret" not in str(caught.value)
