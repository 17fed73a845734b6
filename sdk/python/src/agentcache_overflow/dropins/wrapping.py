"""`wrap(client)`: the overflow in front of an official client that is there already.

The client keeps its transport, with its proxies, limits and timeouts; ours stands before it.
"""

import inspect
from typing import Any, TypeVar

from agentcache_overflow.dropins.transport import AsyncOverflowTransport, OverflowTransport

Client = TypeVar("Client")
# Where the official clients keep their httpx client: OpenAI, Anthropic and Together, then Cohere.
_PATHS = (("_client",), ("_client_wrapper", "httpx_client", "httpx_client"))


def wrap(client: Client, overflow: Any, *, provider: str = "") -> Client:
    """The same client, whose model calls are now answered by the overflow where it can.

    `client`: of `openai`, `anthropic`, `cohere` or `together`, sync or async, or an httpx client.
    `overflow`: an overflow client; for an async client the async one does not block its loop.
    `provider`: its name, where the address is not its own (a proxy, one's own server).
    Wrapping twice changes nothing. Raises TypeError for any other object.
    """
    inner = _httpx_client(client)
    kind = AsyncOverflowTransport if _is_async(inner) else OverflowTransport

    def ours(transport: Any) -> Any:
        if transport is None or isinstance(transport, kind):
            return transport
        return kind(overflow, transport, provider=provider)

    inner._transport = ours(inner._transport)
    inner._mounts = {pattern: ours(each) for pattern, each in inner._mounts.items()}
    return client


def _httpx_client(client: Any) -> Any:
    for path in ((), *_PATHS):
        found = client
        for name in path:
            found = getattr(found, name, None)
        if hasattr(found, "_transport") and hasattr(found, "_mounts"):
            return found
    raise TypeError(
        f"{type(client).__name__} has no httpx client inside. Give the clients of openai, "
        "anthropic, cohere or together, or an httpx client."
    )


def _is_async(inner: Any) -> bool:
    return inspect.iscoroutinefunction(inner.send)
