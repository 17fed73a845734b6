"""Every example runs, and is what the docs show."""

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from agentcache_overflow import AgentCacheOverflow

from .conftest import embed
from .provider import STREAM, Provider

# The examples leave their clients to the end of the process.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SDK = Path(__file__).resolve().parents[2]
EXAMPLES = SDK / "examples" / "llm"
PAGE = SDK.parents[1] / "docs" / "sdk-llm.md"
SAID = "A fast copy."
CHAT = {
    "id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o",
    "choices": [{"index": 0, "finish_reason": "stop",
                 "message": {"role": "assistant", "content": SAID}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
}  # fmt: skip
RESPONSE = {
    "id": "r", "object": "response", "created_at": 1, "status": "completed", "model": "gpt-5",
    "output": [{"type": "message", "id": "m", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": SAID, "annotations": []}]}],
    "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
}  # fmt: skip
MESSAGES = "".join(
    f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
    for event in (
        {"type": "message_start", "message": {
            "id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-5",
            "content": [], "stop_reason": None, "stop_sequence": None,
            "usage": {"input_tokens": 9, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0,
         "delta": {"type": "text_delta", "text": SAID}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
         "usage": {"output_tokens": 4}},
        {"type": "message_stop"},
    )
)  # fmt: skip
COHERE = {
    "id": "c", "finish_reason": "COMPLETE",
    "message": {"role": "assistant", "content": [{"type": "text", "text": SAID}]},
    "usage": {"tokens": {"input_tokens": 9, "output_tokens": 4}},
}  # fmt: skip
# How a path is answered: body, content type.
ANSWERS = {
    "/v1/chat/completions": (json.dumps(CHAT), "application/json"),
    "/v1/responses": (json.dumps(RESPONSE), "application/json"),
    "/v1/messages": (MESSAGES, STREAM),
    "/v2/chat": (json.dumps(COHERE), "application/json"),
}


class World(Provider):
    """OpenAI, Anthropic, Cohere and Together at one address."""

    def answer(self, path, body):
        if path == "/v1/embeddings":
            asked = json.loads(body)
            vector = embed(asked["input"]) + [0.0] * (1536 - 64)
            told = {"object": "list", "model": asked["model"],
                    "data": [{"object": "embedding", "index": 0, "embedding": vector}],
                    "usage": {"prompt_tokens": 9, "total_tokens": 9}}  # fmt: skip
            self.body, self.content_type = json.dumps(told).encode(), "application/json"
        else:
            said, self.content_type = ANSWERS[path]
            self.body = said.encode()


@pytest.fixture(scope="module")
def world():
    made = World()
    yield made
    made.close()


@pytest.fixture
def run(world, served, tmp_path, monkeypatch, capsys):
    """Runs an example as it stands: the lines it prints."""
    world.asked.clear()
    with AgentCacheOverflow(api_key=served["key"], base_url=served["edge"]) as ours:
        assert ours.purge(customer_id="_default")  # what other examples stored
    monkeypatch.chdir(tmp_path)
    environ = {
        "AGENTCACHE_API_KEY": served["key"], "AGENTCACHE_BASE_URL": served["edge"],
        "OPENAI_API_KEY": "none", "OPENAI_BASE_URL": f"{world.url}/v1",
        "ANTHROPIC_API_KEY": "none", "ANTHROPIC_BASE_URL": world.url,
        "TOGETHER_API_KEY": "none", "TOGETHER_BASE_URL": world.url,
        "ANONYMIZED_TELEMETRY": "False",
    }  # fmt: skip

    def run(name, **more):
        for variable, text in {**environ, **more}.items():
            monkeypatch.setenv(variable, text)
        capsys.readouterr()
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    yield run
    if "langchain_core.globals" in sys.modules:
        sys.modules["langchain_core.globals"].set_llm_cache(None)


CLIENTS = ["openai_client.py", "openai_async_client.py", "anthropic_client.py",
           "together_client.py", "httpx_transport.py"]  # fmt: skip


@pytest.mark.parametrize("name", CLIENTS)
def test_clients(name, run, world):
    lines = run(name)
    assert lines == [SAID, SAID]
    assert len(world.asked) == 1, "the second answer came from the overflow"


PATIENT = ["hybrid_milvus.py", "hybrid_qdrant.py"]


@pytest.mark.parametrize("name", PATIENT)
def test_vector_databases_in_process(name, run, world):
    assert run(name) == ["exact"]


def test_chroma(run):
    assert run("hybrid_chroma.py") == [SAID, SAID, "semantic"]


def test_hybrid_async(run):
    assert run("hybrid_async.py") == [SAID, SAID]


def test_pinecone(run):
    from .vector_servers import Pinecone

    server = Pinecone()
    keys = {"PINECONE_API_KEY": "none", "PINECONE_INDEX_HOST": server.host}
    text = str({"text": "In the app, under Cards."})
    assert run("hybrid_pinecone.py", **keys) == [text, text]
    assert "/query" in server.asked
    server.close()


def test_weaviate(run):
    from .vector_servers import Weaviate

    server = Weaviate()
    ports = {"WEAVIATE_PORT": str(server.port), "WEAVIATE_GRPC_PORT": str(server.grpc_port)}
    assert run("hybrid_weaviate.py", **ports) == ["exact"]
    assert len(server.rows) == 1
    server.close()


FRAMEWORKS = {
    "langchain_cache.py": [SAID, SAID],
    "llamaindex_cache.py": ["A cache is a fast copy."] * 2,
}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_frameworks(name, run, world):
    assert run(name) == FRAMEWORKS[name]


def process(name, served, **more):
    """The same in a process of its own: for what is settled where a package is imported."""
    environ = {"AGENTCACHE_API_KEY": served["key"], "AGENTCACHE_BASE_URL": served["edge"]}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name)], capture_output=True, text=True, timeout=120,
        env={**environ, "PYTHONPATH": str(SDK / "src"), **more},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_cohere(world, served):
    world.asked.clear()
    address = {"CO_API_KEY": "none", "CO_API_URL": world.url}
    assert process("cohere_client.py", served, **address).splitlines() == [SAID, SAID]
    assert len(world.asked) <= 1, "the second answer came from the overflow"


def test_spans(served):
    assert '"agentcache.hit": false' in process("opentelemetry_spans.py", served)


ONE_BY_ONE = {"cohere_client.py", "hybrid_chroma.py", "hybrid_async.py", "hybrid_pinecone.py",
              "hybrid_weaviate.py", "opentelemetry_spans.py"}  # fmt: skip
ELSEWHERE = {
    "hybrid_pgvector.py": "by tests/sdk, where the portal's PostgreSQL is",
    "litellm_cache.py": "by test_frameworks, where a Python with LiteLLM is named",
}


def test_every_example_is_run_and_is_what_the_docs_show():
    files = {file.name for file in EXAMPLES.glob("*.py")}
    run_here = {*CLIENTS, *PATIENT, *FRAMEWORKS, *ONE_BY_ONE}
    shown = dict(re.findall(r"```python title=(\S+)\n(.*?)```", PAGE.read_text(), re.DOTALL))

    assert set(shown) == files == {*run_here, *ELSEWHERE}
    for name, text in shown.items():
        assert text == (EXAMPLES / name).read_text(), name
