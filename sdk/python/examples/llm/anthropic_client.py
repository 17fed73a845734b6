from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.dropins import wrap
from anthropic import Anthropic

overflow = AgentCacheOverflow()
client = wrap(Anthropic(), overflow)

for _ in range(2):  # streams are stored and answered as well
    with client.messages.stream(
        model="claude-sonnet-5",
        max_tokens=200,
        messages=[{"role": "user", "content": "What is a cache?"}],
    ) as stream:
        print(stream.get_final_text())
    overflow.flush()
