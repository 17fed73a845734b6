"""How a vector is written down: (name, request as JSON text, api, provider, model, params).

`params` is what the published rules leave of the request, stated by hand.
"""

CHAT, RESPONSES, EMBEDDINGS = "openai.chat", "openai.responses", "openai.embeddings"
MESSAGES, COHERE, COHERE_V1 = "anthropic.messages", "cohere.chat", "cohere.chat_v1"
GENERIC = "generic"
HI = {"content": "hi", "role": "user"}
HEAD = '{"provider":"openai","model":"gpt-4",'
HI_TEXT = '"messages":[{"role":"user","content":"hi"}]'
A_HEAD = '{"provider":"anthropic","model":"claude-sonnet-4-5","max_tokens":64,'


def chat(name, more, params=None, messages=HI_TEXT, parsed=None):
    """An OpenAI chat case: `more` is JSON text of further members, `params` what they come to."""
    text = HEAD + messages + ("," + more if more else "") + "}"
    return name, text, CHAT, "openai", "gpt-4", {"messages": parsed or [HI], **(params or {})}


def said(name, content_text, content):
    """A chat case about one message's content."""
    messages = f'"messages":[{{"role":"user","content":{content_text}}}]'
    return chat(name, "", None, messages, [{"role": "user", "content": content}])


def claude(name, more, params=None, messages=HI_TEXT, parsed=None):
    """An Anthropic messages case."""
    text = A_HEAD + messages + ("," + more if more else "") + "}"
    document = {"max_tokens": 64, "messages": parsed or [HI], **(params or {})}
    return name, text, MESSAGES, "anthropic", "claude-sonnet-4-5", document


def other(name, provider, model, more, params):
    """A request of no known API: every member counts, nothing is normalised."""
    text = f'{{"provider":"{provider}","model":"{model}",{more}}}'
    return name, text, GENERIC, provider, model, params


def responses(name, input_text, given, more="", params=None):
    """An OpenAI responses case: `input` as JSON text and what it comes to."""
    text = f'{{"provider":"openai","model":"gpt-4.1","input":{input_text}'
    text += f",{more}}}" if more else "}"
    return name, text, RESPONSES, "openai", "gpt-4.1", {"input": given, **(params or {})}


def embeddings(name, input_text, given, more="", params=None, model="text-embedding-3-small"):
    """An OpenAI embeddings case."""
    text = f'{{"provider":"openai","model":"{model}","input":{input_text}'
    text += f",{more}}}" if more else "}"
    return name, text, EMBEDDINGS, "openai", model, {"input": given, **(params or {})}


def cohere(name, more, params=None, messages=HI_TEXT, parsed=None):
    """A Cohere v2 chat case."""
    text = '{"provider":"cohere","model":"command-a-03-2025",' + messages
    text += f",{more}}}" if more else "}"
    document = {"messages": parsed or [HI], **(params or {})}
    return name, text, COHERE, "cohere", "command-a-03-2025", document


def cohere_v1(name, more, params=None):
    """A Cohere v1 chat case: `message`, and `chat_history` beside it."""
    text = '{"provider":"cohere","model":"command-r","message":"hi"'
    text += f",{more}}}" if more else "}"
    return name, text, COHERE_V1, "cohere", "command-r", {"message": "hi", **(params or {})}


def together(name, more, params=None, messages=HI_TEXT, parsed=None):
    """A Together case: OpenAI's chat shape under a name of its own."""
    text = '{"provider":"together","model":"meta-llama/Llama-3-8b",' + messages
    text += f",{more}}}" if more else "}"
    document = {"messages": parsed or [HI], **(params or {})}
    return name, text, CHAT, "together", "meta-llama/Llama-3-8b", document
