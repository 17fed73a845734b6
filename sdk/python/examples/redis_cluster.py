"""A Redis cluster with the overflow behind it: CLUSTER_URL, AGENTCACHE_API_KEY, …_BASE_URL."""

import os

import redis
from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.wrappers.redis import OverflowRedis

overflow = AgentCacheOverflow(prefixes=["llm:"])
cache = OverflowRedis(redis.RedisCluster.from_url(os.environ["CLUSTER_URL"]), overflow)
cache.set("llm:hello", "world", ex=600)
print(cache.get("llm:hello"))
overflow.close()
cache.close()
