"""Real recorded exchanges by the API whose streams they would be."""

import json
from dataclasses import dataclass
from pathlib import Path

# Recordings' own names → ours. DeepSeek was recorded through its responses API.
APIS = {
    "openai_chat": "openai.chat",
    "azure_openai_chat": "openai.chat",
    "groq_chat": "openai.chat",
    "mistral_chat": "openai.chat",
    "openrouter_chat": "openai.chat",
    "together": "openai.chat",
    "openai_responses": "openai.responses",
    "deepseek": "openai.responses",
    "anthropic_messages": "anthropic.messages",
    "cohere_v2_chat": "cohere.chat",
}


@dataclass(frozen=True)
class Exchange:
    """One recorded exchange: what was asked and the body that came back."""

    name: str
    api: str
    status: int
    stream: bool
    request: dict
    body: str

    @property
    def finished(self) -> bool:
        """Whether this is an answer, not an error, a queued response or an old completion."""
        if self.status != 200:
            return False
        reply = {} if self.stream else json.loads(self.body)
        return reply.get("status") != "queued" and reply.get("object") != "text.completion"


def exchanges(shared_data: Path, *, stream: bool) -> list[Exchange]:
    """Every exchange of the streaming APIs that is, or is not, a stream."""
    found = []
    for line in (shared_data / "llm_exchanges" / "exchanges.jsonl").open(encoding="utf-8"):
        row = json.loads(line)
        if row["api"] in APIS and row["stream"] is stream:
            found.append(
                Exchange(row["id"], APIS[row["api"]], row["response"]["status"], stream,
                         json.loads(row["request"]["body"]), row["response"]["body"])
            )  # fmt: skip
    return found
