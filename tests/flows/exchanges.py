"""Real provider exchanges, sent through the edge as a partner's client would send them."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

PROVIDERS = {"openai_chat": b"openai", "anthropic_messages": b"anthropic"}


@dataclass(frozen=True)
class Exchange:
    """One recorded request and its response, as bytes that must come back untouched."""

    name: str
    api: str
    status: int
    request: bytes
    response: bytes

    @property
    def by_identity(self) -> bool:
        """Chat and messages requests are found by what they ask."""
        return self.api in PROVIDERS and self.status == 200

    @property
    def customer(self) -> str:
        """A customer by the model family, so that there are several."""
        return self.api.replace("_", "-")

    def lookup_body(self) -> bytes:
        """The documented request."""
        return b'{"provider":"redis","customer_id":"%s",%s}' % (
            self.customer.encode(), self._identity(),
        )  # fmt: skip

    def store_body(self) -> bytes:
        """The same with the response, byte for byte as the provider sent it."""
        return self.lookup_body()[:-1] + b',"response":' + self.response + b"}"

    def _identity(self) -> bytes:
        if self.by_identity:
            provider = PROVIDERS[self.api]
            return b'"original_request":{"provider":"%s",' % provider + self.request.lstrip()[1:]
        return b'"cache_key":"%s"' % hashlib.sha256(self.request).hexdigest().encode()


def json_exchanges(shared_data: Path) -> list[Exchange]:
    """Every exchange whose answer is JSON (streams come with their own issue)."""
    found = []
    for line in (shared_data / "llm_exchanges" / "exchanges.jsonl").open(encoding="utf-8"):
        row = json.loads(line)
        body = row["response"]["body"]
        try:
            json.loads(body)
        except ValueError:
            continue
        found.append(Exchange(row["id"], row["api"], row["response"]["status"],
                              row["request"]["body"].encode(), body.strip().encode()))  # fmt: skip
    return found
