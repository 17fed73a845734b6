"""pymemcache with the overflow behind it: MEMCACHED (host:port), AGENTCACHE_API_KEY, …_BASE_URL."""

import os

import pymemcache
from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.wrappers.memcached import OverflowMemcached

overflow = AgentCacheOverflow()
cache = OverflowMemcached(pymemcache.PooledClient(os.environ["MEMCACHED"]), overflow)
cache.set("llm:long", b"x" * 2_000_000, expire=600)  # more than Memcached takes
print(len(cache.get("llm:long")))
overflow.close()
