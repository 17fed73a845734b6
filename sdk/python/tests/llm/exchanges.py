"""The recorded exchanges of the shared data, as calls of the official clients."""

import inspect
import json
from dataclasses import dataclass
from pathlib import Path

import anthropic
import cohere
import openai
import together

SHARED = Path(__file__).resolve().parents[5] / "shared" / "data"
# Recordings' names → (official client, the provider's name, path of its base address, call).
APIS = {
    "openai_chat": ("openai", "openai", "/v1", "chat.completions.create"),
    "openai_responses": ("openai", "openai", "/v1", "responses.create"),
    "openai_embeddings": ("openai", "openai", "/v1", "embeddings.create"),
    "azure_openai_chat": ("openai", "azure_openai", "/v1", "chat.completions.create"),
    "groq_chat": ("openai", "groq", "/v1", "chat.completions.create"),
    "mistral_chat": ("openai", "mistral", "/v1", "chat.completions.create"),
    "openrouter_chat": ("openai", "openrouter", "/v1", "chat.completions.create"),
    "deepseek": ("openai", "deepseek", "/v1", "responses.create"),
    "anthropic_messages": ("anthropic", "anthropic", "", "messages.create"),
    "cohere_v2_chat": ("cohere", "cohere", "", "chat"),
    "cohere_v1_chat": ("cohere_v1", "cohere", "", "chat"),
    "together": ("together", "together", "", "chat.completions.create"),
}
_MADE = {
    "openai": (openai.OpenAI, openai.AsyncOpenAI, {"api_key": "none", "max_retries": 0}),
    "anthropic": (
        anthropic.Anthropic, anthropic.AsyncAnthropic, {"api_key": "none", "max_retries": 0},
    ),
    "together": (together.Together, together.AsyncTogether, {"api_key": "none", "max_retries": 0}),
    "cohere": (cohere.ClientV2, cohere.AsyncClientV2, {"api_key": "none"}),
    "cohere_v1": (cohere.Client, cohere.AsyncClient, {"api_key": "none"}),
}  # fmt: skip


@dataclass(frozen=True)
class Exchange:
    """One recorded exchange: what was asked and what came back."""

    name: str
    api: str
    status: int
    stream: bool
    content_type: str
    request: dict
    body: str

    @property
    def provider(self):
        return APIS[self.api][1]

    def client(self, base, *, is_async=False):
        """The official client of this exchange, at another address."""
        kind, _, path, _ = APIS[self.api]
        sync, asynchronous, settings = _MADE[kind]
        return (asynchronous if is_async else sync)(base_url=base + path, **settings)

    def ask(self, client):
        """What the official client gives for this request: an object, or a stream of them."""
        name = APIS[self.api][3]
        asked, more = self.request, {}
        if "cohere" in self.api:
            name = "chat_stream" if self.stream else "chat"
            asked = {member: value for member, value in asked.items() if member != "stream"}
        elif "messages" not in asked and name.startswith("chat"):
            name = "completions.create"  # an old way of asking, which the overflow leaves alone
        call = client
        for step in name.split("."):
            call = getattr(call, step)
        if "cohere" not in self.api:
            known = inspect.signature(call).parameters
            more = {name: asked[name] for name in asked if name not in known}
            asked = {name: asked[name] for name in asked if name in known}
            more = {"extra_body": more} if more else {}
        return call(**asked, **more)


def close(client):
    """Let go of an official client's connections; of an async one's, what is to be awaited."""
    inner = getattr(client, "_client_wrapper", None)
    inner = inner.httpx_client.httpx_client if inner else client
    return inner.aclose() if hasattr(inner, "aclose") else inner.close()


def exchanges():
    """Every recorded exchange of an official client's API; none where the data is absent."""
    file = SHARED / "llm_exchanges" / "exchanges.jsonl"
    if not file.exists():
        return []
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["api"] not in APIS:
            continue
        answer = row["response"]
        found.append(
            Exchange(
                row["id"], row["api"], answer["status"], row["stream"],
                answer["content_type"] or "application/json",
                json.loads(row["request"]["body"]), answer["body"],
            )
        )  # fmt: skip
    return found
