"""Stripe, by its official client: the one file that knows it. Plain dicts go in and come out.

The API version is pinned to the one whose description the tests check every call against.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.conf import settings

from billing.rules.errors import BillingError
from tenants.later import later

if TYPE_CHECKING:
    import stripe as official
else:
    official = later("stripe")

API_VERSION = "2023-08-16"
TIMEOUT_S = 20.0
TOLERANCE_S = 300
PAGE = 100


class Unanswered(BillingError):
    """No answer, or none that says whether it was done. The same key may be tried again."""


class TryLater(Unanswered):
    """Surely not done: too many requests, or the same key is at work elsewhere."""


class Refused(BillingError):
    """Stripe said no; the message is Stripe's."""


class BadSignature(BillingError):
    """A notice that Stripe did not sign, or signed too long ago."""


class Stripe:
    """One account. `base` is where the API answers; tests and the demo put a simulator there."""

    def __init__(self, key: str, base: str = "", timeout_s: float = TIMEOUT_S) -> None:
        http = official.RequestsClient(timeout=timeout_s)
        # Tries again are the outbox's: it writes down what happened before each.
        self._client = official.StripeClient(
            key, stripe_version=API_VERSION, http_client=http, max_network_retries=0,
            base_addresses={"api": base.rstrip("/")} if base else {},
        )  # fmt: skip

    def create(self, resource: str, params: dict[str, Any], key: str) -> dict[str, Any]:
        """A new object; `key` makes a second call answer with the first one's object."""
        return self._call(resource, "create", params, {"idempotency_key": key})

    def act(self, resource: str, verb: str, remote_id: str, key: str) -> dict[str, Any]:
        """Do a verb of an object: `finalize_invoice`, `send_invoice`."""
        return self._call(resource, verb, remote_id, {}, {"idempotency_key": key})

    def fetch(self, resource: str, remote_id: str, expand: tuple[str, ...] = ()) -> dict[str, Any]:
        """An object as it is now."""
        return self._call(resource, "retrieve", remote_id, {"expand": list(expand)})

    def every(self, resource: str, **params: Any) -> Iterator[dict[str, Any]]:
        """All objects of a list, page by page, newest first."""
        after: dict[str, str] = {}
        while True:
            page = self._call(resource, "list", {"limit": PAGE, **params, **after})
            yield from page["data"]
            if not page["has_more"] or not page["data"]:
                return
            after = {"starting_after": page["data"][-1]["id"]}

    def search(self, resource: str, name: str, value: str) -> list[dict[str, Any]]:
        """Objects whose metadata say so. Stripe's index may be a minute behind."""
        query = f"metadata['{name}']:'{value}'"
        found: list[dict[str, Any]] = self._call(resource, "search", {"query": query})["data"]
        return found

    def _call(self, resource: str, verb: str, *arguments: Any) -> dict[str, Any]:
        try:
            answer = getattr(getattr(self._client.v1, resource), verb)(*arguments)
        except official.error.RateLimitError as error:
            raise TryLater(str(error)) from error
        except official.error.APIConnectionError as error:
            raise Unanswered(str(error)) from error
        except official.error.StripeError as error:
            if error.http_status == 409:
                raise TryLater(str(error)) from error
            if error.http_status is None or error.http_status >= 500:
                raise Unanswered(f"Stripe answered {error.http_status}: {error}") from error
            raise Refused(str(error)) from error
        found: dict[str, Any] = answer.to_dict()
        return found


def configured() -> bool:
    """Whether a key is set."""
    return bool(settings.STRIPE_API_KEY)


def connect(timeout_s: float = TIMEOUT_S) -> Stripe | None:
    """The account of the settings; None where no key is set: everything works without it."""
    if not configured():
        return None
    return Stripe(settings.STRIPE_API_KEY, settings.STRIPE_API_BASE, timeout_s)


def signed_notice(payload: bytes, signature: str, secret: str) -> dict[str, Any]:
    """The event in a webhook's raw body. Raises BadSignature (also when it is 300 s old)."""
    try:
        official.WebhookSignature.verify_header(payload, signature, secret, TOLERANCE_S)
        event: dict[str, Any] = json.loads(payload)
    except (official.error.SignatureVerificationError, ValueError) as error:
        raise BadSignature(f"This notice is not signed by Stripe: {error}.") from error
    return event
