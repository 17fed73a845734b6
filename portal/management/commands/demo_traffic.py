"""`manage.py demo_traffic`: a live trickle through the edge, so that the dashboards move."""

import random
import signal
import threading
from typing import Any

import requests
from django.core.management.base import BaseCommand, CommandParser

from portal.demo import summary
from portal.demo.cast import CAST

TOPICS = ("refund policy", "opening hours", "cancel my plan", "gift cards", "shipping to Norway",
          "warranty", "change of address", "student discount", "invoice copy", "delete account",
          "reset my password", "delivery status")  # fmt: skip


class Command(BaseCommand):
    """Looks up, and stores what it missed, as a partner's client would."""

    help = "Send a few requests a second to the edge with the demo's keys, until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        """How many requests a second."""
        parser.add_argument("--rate", type=float, default=4.0, help="requests a second")

    def handle(self, *args: Any, **options: Any) -> None:
        """Loop until SIGTERM; an edge that is away is waited for."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        facts = summary.read()
        client = requests.Session()
        dice = random.Random()  # noqa: S311 - demo traffic
        while not stop.wait(1 / options["rate"]):
            try:
                _one(client, facts, dice)
            except requests.RequestException as error:
                self.stderr.write(f"edge away: {error.__class__.__name__}")
                stop.wait(2)


def _one(client: requests.Session, facts: dict[str, Any], dice: random.Random) -> None:
    cast = dice.choice(CAST)
    partner = next(row for row in facts["partners"] if row["slug"] == cast.slug)
    customer = dice.choices(cast.customers, [one.weight for one in cast.customers])[0]
    provider, model = dice.choice(cast.provider_models)
    topic = dice.choice(TOPICS)
    body = {
        "provider": "redis",
        "customer_id": customer.external_id,
        "original_request": {
            "provider": provider,
            "model": model,
            "messages": [{"role": "user", "content": f"What is the {topic} of {customer.name}?"}],
            **({"max_tokens": 300} if provider == "anthropic" else {}),
        },
        "metadata": {"redis_latency": dice.randint(90, 240), "region": "us-east-1"},
    }
    headers = {"Authorization": f"Bearer {partner['api_key']}"}
    url = f"{facts['edge']['url']}/api/overflow"
    answer = client.post(url, json=body, headers=headers, timeout=2)
    if answer.ok and not answer.json()["hit"]:
        body["response"] = _completion(model, topic, customer.name, provider)
        client.post(f"{url}/store", json=body, headers=headers, timeout=2)


def _completion(model: str, topic: str, name: str, provider: str) -> dict[str, Any]:
    text = f"Here is what {name} says about {topic}: please see the help centre."
    if provider == "anthropic":
        return {
            "id": "msg_demo", "type": "message", "role": "assistant", "model": model,
            "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
            "usage": {"input_tokens": 410, "output_tokens": 160},
        }  # fmt: skip
    return {
        "id": "chatcmpl-demo", "object": "chat.completion", "created": 0, "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text},
                     "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 410, "completion_tokens": 160, "total_tokens": 570},
    }  # fmt: skip
