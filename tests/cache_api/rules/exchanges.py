"""The recorded provider exchanges, read where they lie."""

import json

# the recording's own name → (provider, the API that the rules should find)
APIS = {
    "openai_chat": ("openai", "openai.chat"),
    "azure_openai_chat": ("azure", "openai.chat"),
    "groq_chat": ("groq", "openai.chat"),
    "mistral_chat": ("mistral", "openai.chat"),
    "openrouter_chat": ("openrouter", "openai.chat"),
    "together": ("together", "openai.chat"),
    "deepseek": ("deepseek", "openai.responses"),
    "openai_responses": ("openai", "openai.responses"),
    "openai_embeddings": ("openai", "openai.embeddings"),
    "openai_completions": ("openai", "generic"),
    "anthropic_messages": ("anthropic", "anthropic.messages"),
    "cohere_v1_chat": ("cohere", "cohere.chat_v1"),
    "cohere_v2_chat": ("cohere", "cohere.chat"),
    "google_generate": ("google", "generic"),
}


def exchanges(shared_data):
    """Every exchange, as recorded."""
    lines = (shared_data / "llm_exchanges" / "exchanges.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def answered(shared_data):
    """(exchange, parsed response) of those that did not stream."""
    return [
        (each, json.loads(each["response"]["body"]))
        for each in exchanges(shared_data)
        if not each["stream"]
    ]


def request_of(exchange):
    """The original_request a caller would send for it."""
    body = json.loads(exchange["request"]["body"])
    model = exchange["model"] or "unnamed"
    return {"model": model, **body, "provider": APIS[exchange["api"]][0]}
