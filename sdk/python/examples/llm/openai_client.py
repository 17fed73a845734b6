from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.dropins import wrap
from openai import OpenAI

overflow = AgentCacheOverflow()  # AGENTCACHE_API_KEY and AGENTCACHE_BASE_URL
client = wrap(OpenAI(), overflow)

for _ in range(2):  # the second one is answered by the overflow
    answer = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "What is a cache?"}]
    )
    print(answer.choices[0].message.content)
    overflow.flush()
