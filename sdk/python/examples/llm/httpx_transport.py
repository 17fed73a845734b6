import httpx2
from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.dropins import OverflowTransport
from openai import DefaultHttpx2Client, OpenAI

overflow = AgentCacheOverflow()
transport = OverflowTransport(overflow, httpx2.HTTPTransport(retries=1))
client = OpenAI(http_client=DefaultHttpx2Client(transport=transport))

for _ in range(2):
    answer = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "What is a cache?"}]
    )
    print(answer.choices[0].message.content)
    overflow.flush()
