"""The job broker by URL: Valkey or RabbitMQ, each in its own words; one that is away is not up."""

import pytest

from portal.gateways.broker import Queue, is_rabbitmq, options, queue


@pytest.mark.parametrize(
    ("url", "rabbit"),
    [("amqp://u:p@h/v", True), ("amqps://h", True), ("redis://h/1", False), ("", False)],
)
def test_waiting_is_said_in_each_brokers_words(url, rabbit):
    assert is_rabbitmq(url) is rabbit
    told = options(url)
    assert ("visibility_timeout" in told, "read_timeout" in told) == (not rabbit, rabbit)
    assert all(value > 0 for value in told.values())


@pytest.mark.parametrize(
    "url", ["amqp://127.0.0.1:1//", "redis://127.0.0.1:1/0", "amqps://127.0.0.1:1//", "http://x"]
)
def test_one_that_is_away_is_not_up(url):
    assert queue(url) == Queue(False)
