from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.dropins import wrap
from cohere import ClientV2

overflow = AgentCacheOverflow()
client = wrap(ClientV2(), overflow)

for _ in range(2):
    answer = client.chat(
        model="command-r", messages=[{"role": "user", "content": "What is a cache?"}]
    )
    print(answer.message.content[0].text)
    overflow.flush()
