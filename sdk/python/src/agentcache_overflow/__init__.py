"""An overflow cache for LLM answers, behind a cache of your own. See docs/sdk.md."""

from agentcache_overflow._version import __version__
from agentcache_overflow.aclient import AsyncAgentCacheOverflow
from agentcache_overflow.answer import Answer
from agentcache_overflow.client import AgentCacheOverflow
from agentcache_overflow.errors import OverflowFailed
from agentcache_overflow.fingerprint import BadRequest, NotCanonical, canonical, digest
from agentcache_overflow.wrapped import AsyncWrapped, Wrapped

__all__ = [
    "AgentCacheOverflow", "Answer", "AsyncAgentCacheOverflow", "AsyncWrapped", "BadRequest",
    "NotCanonical", "OverflowFailed", "Wrapped", "__version__", "canonical", "digest",
]  # fmt: skip
