"""HTTP as bytes: what each server under test is sent."""

import json
from collections.abc import Mapping

from bench import bodies
from cache_api.rules import digest, identity

CUSTOMER = "acme-corp"


def lookup(
    host: str, key: str, index: int, customer: str = CUSTOMER, *, whole: bool = True
) -> bytes:
    """A lookup on either of our doors: with `original_request`, or by `cache_key` alone."""
    asked = bodies.request(index)
    body: dict[str, object] = {
        "provider": "redis", "customer_id": customer,
        "cache_key": digest.digest(identity.identify(asked)),
        "metadata": {"redis_latency": 150, "region": "us-east-1"},
    }  # fmt: skip
    if whole:
        body["original_request"] = asked
    return post(host, "/api/overflow", key, json.dumps(body).encode())


def store(host: str, key: str, index: int, response: bytes, customer: str = CUSTOMER) -> bytes:
    """A store of that response, byte for byte."""
    members = {"customer_id": customer, "original_request": bodies.request(index)}
    body = json.dumps(members)[:-1].encode() + b', "response": ' + response + b"}"
    return post(host, "/api/overflow/store", key, body)


def chat(host: str, key: str, index: int) -> bytes:
    """The same request as OpenAI's own client would send it to a proxy."""
    asked = {name: value for name, value in bodies.request(index).items() if name != "provider"}
    return post(host, "/v1/chat/completions", key, json.dumps(asked).encode())


def webdis_get(host: str, name: str) -> bytes:
    """webdis' GET of one value, as it is."""
    return f"GET /GET/{name}.txt HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def post(host: str, path: str, key: str, body: bytes) -> bytes:
    """One request on a connection that stays open."""
    headers: Mapping[str, object] = {
        "Host": host, "Authorization": f"Bearer {key}", "Content-Type": "application/json",
        "Content-Length": len(body),
    }  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body
