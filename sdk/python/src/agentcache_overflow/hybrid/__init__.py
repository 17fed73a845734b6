"""Exact first, then by meaning: the overflow beside the caller's own vector database."""

from agentcache_overflow.hybrid.cache import AsyncHybridCache, HybridCache
from agentcache_overflow.hybrid.questions import same_facts
from agentcache_overflow.hybrid.results import Found

__all__ = ["AsyncHybridCache", "Found", "HybridCache", "same_facts"]
