import asyncio

from agentcache_overflow import AsyncAgentCacheOverflow
from agentcache_overflow.dropins import wrap
from openai import AsyncOpenAI


async def main():
    async with AsyncAgentCacheOverflow() as overflow, wrap(AsyncOpenAI(), overflow) as client:
        for _ in range(2):
            answer = await client.responses.create(model="gpt-5", input="What is a cache?")
            print(answer.output_text)
            await overflow.flush()


asyncio.run(main())
