from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.dropins import wrap
from together import Together

overflow = AgentCacheOverflow()
client = wrap(Together(), overflow)

for _ in range(2):
    answer = client.chat.completions.create(
        model="meta-llama/Llama-3.3-70B-Instruct-Turbo",
        messages=[{"role": "user", "content": "What is a cache?"}],
    )
    print(answer.choices[0].message.content)
    overflow.flush()
