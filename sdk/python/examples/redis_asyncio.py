"""redis.asyncio with the overflow behind it: REDIS_URL, AGENTCACHE_API_KEY, AGENTCACHE_BASE_URL."""

import asyncio
import os

import redis.asyncio
from agentcache_overflow import AsyncAgentCacheOverflow
from agentcache_overflow.wrappers.redis import OverflowRedis


async def main() -> None:
    """Set and get."""
    async with AsyncAgentCacheOverflow(prefixes=["llm:"]) as overflow:
        cache = OverflowRedis(redis.asyncio.Redis.from_url(os.environ["REDIS_URL"]), overflow)
        await cache.set("llm:hello", "world", ex=600)
        print(await cache.get("llm:hello"))
        await cache.aclose()


asyncio.run(main())
