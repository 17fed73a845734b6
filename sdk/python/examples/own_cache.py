"""Any get, set and delete with the overflow behind it: AGENTCACHE_API_KEY, AGENTCACHE_BASE_URL."""

from agentcache_overflow import AgentCacheOverflow

mine = {}
overflow = AgentCacheOverflow()
cache = overflow.wrap(
    get=mine.get,  # None is a miss
    set=lambda key, value, ttl: mine.__setitem__(key, value),
    delete=lambda key: mine.pop(key, None),
    name="mine",
)
cache.set("greeting", {"text": "hello"}, ttl=60)
mine.clear()
overflow.flush()
found = cache.answer("greeting")
print(found.response, found.answered_by, found.overflow_reason)
cache.delete("greeting")
print(cache.get("greeting"))
overflow.close()
