from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.frameworks.langchain import LangChainCache
from langchain_core.globals import set_llm_cache
from langchain_core.language_models.fake_chat_models import FakeListChatModel

overflow = AgentCacheOverflow()
set_llm_cache(LangChainCache(overflow))

model = FakeListChatModel(responses=["A fast copy.", "Not asked again."])  # or any other
for _ in range(2):
    print(model.invoke("What is a cache?").content)
    overflow.flush()
