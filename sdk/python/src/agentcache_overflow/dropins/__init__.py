"""Drop-ins: the overflow in front of the official clients of model providers."""

from agentcache_overflow.dropins.transport import AsyncOverflowTransport, OverflowTransport
from agentcache_overflow.dropins.wrapping import wrap

__all__ = ["AsyncOverflowTransport", "OverflowTransport", "wrap"]
