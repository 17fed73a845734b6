from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.frameworks.llamaindex import LlamaIndexStore
from llama_index.core import Document
from llama_index.core.ingestion import IngestionCache, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter

overflow = AgentCacheOverflow()
pipeline = IngestionPipeline(
    transformations=[SentenceSplitter()],
    cache=IngestionCache(cache=LlamaIndexStore(overflow), collection="manual"),
)

for _ in range(2):  # the second run finds its nodes in the overflow
    nodes = pipeline.run(documents=[Document(text="A cache is a fast copy.", id_="1")])
    print(nodes[0].text)
    overflow.flush()
