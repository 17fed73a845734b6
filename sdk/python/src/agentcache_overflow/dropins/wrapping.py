"""`wrap(client)`: the overflow in front of an official client that is there already.

The client keeps its transport, with its proxies, limits and timeouts; ours stands before it.
"""

import inspect
from typing import Any, TypeVar

from agentcache_overflow.aclient import AsyncAgentCacheOverflow
from agentcache_overflow.dropins.transport import AsyncOverflowTransport, OverflowTransport

Client = TypeVar("Client")
# Where the official clients keep their httpx client: OpenAI, Anthropic and Together, then Cohere.
_PATHS = (("_client",), ("_client_wrapper", "httpx_client", "httpx_client"))


def wrap(client: Client, overflow: Any, *, provider: str = "") -> Client:
    """The same client, whose model calls are now answered by the overflow where it can.

    `client`: of `openai`, `anthropic`, `cohere` or `together`, sync or async, or an httpx client.
    `overflow`: an overflow client of the same kind: a sync one would block an event loop.
    `provider`: its name, where the address is not its own (a proxy, one's own server).
    Wrapping twice changes nothing. Raises TypeError for any other object,
    or a client of the other kind.
    """
    inner = _httpx_client(client)
    is_async = inspect.iscoroutinefunction(inner.send)
    if is_async != isinstance(overflow, AsyncAgentCacheOverflow):
        needed = "an AsyncAgentCacheOverflow" if is_async else "an AgentCacheOverflow"
        raise TypeError(f"{type(client).__name__} needs {needed} beside it.")
    kind = AsyncOverflowTransport if is_async else OverflowTransport

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
