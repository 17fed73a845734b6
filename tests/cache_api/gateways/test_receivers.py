"""Sending to real receivers: what is connected to, what is not followed, what is cut."""

import datetime
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cache_api.gateways.receivers import KEPT_ANSWER, Post, post_all
from tenants.rules.targets import Target, target
from tests.receiver import receiver


def post(url, body="{}"):
    return Post(target(url, loopback=True), {"webhook-id": "evt_1"}, body)


def named(host, port, scheme="http"):
    """A target as if the name were allowed to lead to loopback."""
    return Post(Target("", scheme, host, port, "/x", loopback=True), {}, "{}")


def test_a_message_arrives_as_it_is():
    with receiver() as there:
        [answer] = post_all([post(there.url("/a?b=1"), '{"ä":1}')])

    assert (answer.status, answer.error) == (204, "")
    [(path, headers, body)] = there.got
    assert (path, headers["webhook-id"], body) == ("/a?b=1", "evt_1", '{"ä":1}')
    assert headers["host"] == f"127.0.0.1:{there.port}"


def test_a_redirect_is_not_followed():
    with receiver() as elsewhere, receiver() as there:
        there.says["/hook"] = (302, {"location": elsewhere.url()}, b"")
        [answer] = post_all([post(there.url())])

    assert (answer.status, elsewhere.got) == (302, [])


def test_a_name_is_resolved_once_and_the_checked_address_is_connected_to():
    """The second answer of a rebinding name server leads to another machine: nobody asks it."""
    answers = [["127.0.0.1"], ["127.0.0.2"]]

    async def rebinding(host, port):
        return answers.pop(0)

    with receiver() as good, receiver("127.0.0.2", port=good.port) as bad:
        [answer] = post_all([named("rebind.example", good.port)], resolve=rebinding)

    assert (answer.status, len(good.got), bad.got, answers) == (204, 1, [], [["127.0.0.2"]])
    assert good.got[0][1]["host"] == f"rebind.example:{good.port}"


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["169.254.169.254"], ["::ffff:127.0.0.1"]],
)
def test_a_public_name_that_leads_inside_is_not_connected_to(addresses):
    async def inside(host, port):
        return addresses

    with receiver() as there:
        safe = Target("", "http", "hooks.example", there.port, "/")  # not `loopback`
        [answer] = post_all([Post(safe, {}, "{}")], resolve=inside)

    assert (answer.status, there.got) == (None, [])
    assert "not on the public Internet" in answer.error


def test_a_name_server_that_knows_nothing_or_hangs():
    async def nothing(host, port):
        raise OSError("Name or service not known")

    [answer] = post_all([named("gone.example", 443)], resolve=nothing)

    assert answer.status is None and "not known" in answer.error


def test_slow_and_endless_answers_are_cut_and_hold_nobody_up():
    with receiver() as there:
        there.says["/long"] = (500, {}, "ä".encode() * 5000)
        slow, huge, long, quick = post_all(
            [post(there.url(path)) for path in ("/slow", "/huge", "/long", "/quick")], whole_s=1.5
        )

    assert (slow.status, huge.status, long.status, quick.status) == (None, 200, 500, 204)
    assert "no whole answer within 1.5 seconds" in slow.error
    assert len(huge.text) == KEPT_ANSWER and long.text == "ä" * KEPT_ANSWER


def test_nobody_listens():
    with receiver() as there:
        url = there.url()
    [answer] = post_all([post(url)])

    assert answer.status is None and "Connect" in answer.error


def authority(tmp_path, name):
    """Server and client contexts of an authority made here, for one host name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    cert = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path / "both.pem"
    file.write_bytes(
        cert.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                            serialization.NoEncryption())
    )  # fmt: skip
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))


def test_the_certificate_must_be_the_names(tmp_path):
    server, trust = authority(tmp_path, "hooks.example")

    async def here(host, port):
        return ["127.0.0.1"]

    with receiver(tls=server) as there:
        right = named("hooks.example", there.port, "https")
        wrong = named("other.example", there.port, "https")
        good, bad = post_all([right, wrong], resolve=here, trust=trust)
        [stranger] = post_all([right], resolve=here)

    assert (good.status, bad.status, stranger.status, len(there.got)) == (204, None, None, 1)
    assert "CERTIFICATE_VERIFY_FAILED" in bad.error and "VERIFY_FAILED" in stranger.error
