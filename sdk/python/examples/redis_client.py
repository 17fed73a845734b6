"""redis-py with the overflow behind it: REDIS_URL, AGENTCACHE_API_KEY, AGENTCACHE_BASE_URL."""

import os

import redis
from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.wrappers.redis import OverflowRedis

overflow = AgentCacheOverflow(threshold="100ms", prefixes=["llm:"])
cache = OverflowRedis(redis.Redis.from_url(os.environ["REDIS_URL"]), overflow)

cache.set("llm:hello", "world", ex=600)  # also stored in the overflow, in the background
print(cache.get("llm:hello"))
cache.delete("llm:hello")  # purged in the overflow before this returns
print(cache.get("llm:hello"))
overflow.close()
cache.close()
