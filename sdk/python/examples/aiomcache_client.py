"""aiomcache with the overflow behind it: MEMCACHED (host:port), AGENTCACHE_API_KEY, …_BASE_URL."""

import asyncio
import os

import aiomcache
from agentcache_overflow import AsyncAgentCacheOverflow
from agentcache_overflow.wrappers.aiomcache import OverflowAiomcache


async def main() -> None:
    """Set, get, delete."""
    host, _, port = os.environ["MEMCACHED"].partition(":")
    client = aiomcache.Client(host, int(port))
    async with AsyncAgentCacheOverflow() as overflow:
        cache = OverflowAiomcache(client, overflow)
        await cache.set(b"llm:hello", b"world", exptime=600)
        print(await cache.get(b"llm:hello"))
        await cache.delete(b"llm:hello")
    await client.close()


asyncio.run(main())
