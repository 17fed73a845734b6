"""Each page's answer says under which id its lines stand in the log."""

import json
import logging
import uuid

import pytest

from tenants import log_lines
from tests.portal.views.cast import REDIS, signed_in


@pytest.fixture
def lines(monkeypatch):
    found, handler = [], logging.Handler()
    handler.emit = lambda record: found.append(json.loads(log_lines.JsonLines().format(record)))
    logging.getLogger("django.request").addHandler(handler)
    yield found
    logging.getLogger("django.request").removeHandler(handler)


def test_the_answer_repeats_the_id_that_stands_in_the_log(empty_portal, lines):
    client, trace = signed_in(REDIS, "owner"), "4bf92f3577b34da6a3ce929d0e0e4736"

    made = client.get("/manage/nothing/")
    sent = client.get("/manage/nothing/", headers={
        "x-request-id": "proxy-12345", "traceparent": f"00-{trace}-00f067aa0ba902b7-01",
    })  # fmt: skip
    odd = client.get("/manage/nothing/", headers={"x-request-id": 'a b"\n'})

    assert sent["X-Request-Id"] == "proxy-12345"
    assert uuid.UUID(made["X-Request-Id"]) and uuid.UUID(odd["X-Request-Id"])
    ids = [line["request_id"] for line in lines]
    assert ids == [made["X-Request-Id"], "proxy-12345", odd["X-Request-Id"]]
    assert {line["partner"] for line in lines} == {empty_portal.redis.schema_name}
    assert lines[1]["trace_id"] == trace and "trace_id" not in lines[0]
