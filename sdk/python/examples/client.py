"""The client alone: AGENTCACHE_API_KEY, AGENTCACHE_BASE_URL."""

from agentcache_overflow import AgentCacheOverflow

request = {"provider": "openai", "model": "gpt-4", "messages": [{"role": "user", "content": "Hi"}]}
reply = {
    "choices": [{"message": {"content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 100, "completion_tokens": 100},
}
with AgentCacheOverflow() as overflow:
    found = overflow.get(request=request)
    print(found.hit, found.reason)
    overflow.put(request=request, response=reply)  # what the provider answered
    overflow.flush()
    found = overflow.get(request=request)
    print(found.response == reply, found.answered_by, found.cost_saved)
    overflow.delete(request=request)
