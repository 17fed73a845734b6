from agentcache_overflow import AgentCacheOverflow
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

tracing = TracerProvider()
tracing.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
overflow = AgentCacheOverflow()

with tracing.get_tracer("app").start_as_current_span("answer a customer"):
    print(overflow.get(key="greeting").hit)  # agentcache.hit, .status, .reason, .latency_ms …
