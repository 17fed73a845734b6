import litellm
from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.frameworks.litellm import LiteLLMCache

overflow = AgentCacheOverflow(deadline="1s", connect_timeout="1s")
litellm.cache = litellm.Cache(type="local")
litellm.cache.cache = LiteLLMCache(overflow)

for _ in range(2):
    answer = litellm.completion(
        model="openai/gpt-4o",
        messages=[{"role": "user", "content": "What is a cache?"}],
        caching=True,
    )
    print(answer.choices[0].message.content)
    overflow.flush()
