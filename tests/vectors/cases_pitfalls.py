"""Every pitfall another cache fell into: requests confused, or kept apart for nothing.

PITFALLS names each once and lists pairs of cases that must be EQUAL or DIFFERENT, or the test that
holds it where no request alone can show it.
"""

from forms import CHAT, HI, chat, claude, cohere, other, responses, said

EQUAL, DIFFERENT = True, False
PLAIN = "plain chat"
AB = '{"role":"user","content":"a"},{"role":"assistant","content":"b"}'
AB_PARSED = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
TOOL = '{"type":"function","function":{"name":"f","parameters":{"b":1,"a":{"d":2,"c":3}}}}'
TOOL_TURNED = '{"function":{"parameters":{"a":{"c":3,"d":2},"b":1},"name":"f"},"type":"function"}'
TOOL_PARSED = {
    "type": "function",
    "function": {"name": "f", "parameters": {"a": {"c": 3, "d": 2}, "b": 1}},
}


def turn(name, last):
    """A chat of three messages that ends in `last`."""
    messages = f'"messages":[{AB},{{"role":"user","content":"{last}"}}]'
    return chat(name, "", None, messages, [*AB_PARSED, {"role": "user", "content": last}])


def led(name, system, rest="hi"):
    """A chat with a system prompt."""
    text = (
        f'"messages":[{{"role":"system","content":"{system}"}},'
        f'{{"role":"user","content":"{rest}"}}]'
    )
    parsed = [{"role": "system", "content": system}, {"role": "user", "content": rest}]
    return chat(name, "", None, text, parsed)


def after(name, result):
    """A chat whose last message is a tool's result."""
    call = '{"role":"assistant","tool_calls":[{"id":"c1"}]}'
    messages = (
        f'"messages":[{{"role":"user","content":"hi"}},{call},'
        f'{{"role":"tool","tool_call_id":"c1","content":"{result}"}}]'
    )
    parsed = [
        HI,
        {"role": "assistant", "tool_calls": [{"id": "c1"}]},
        {"role": "tool", "tool_call_id": "c1", "content": result},
    ]
    return chat(name, "", None, messages, parsed)


CASES = [
    chat("num_ctx", '"num_ctx":8192', {"num_ctx": 8192}),
    chat("another num_ctx", '"num_ctx":2048', {"num_ctx": 2048}),
    chat("extra_body with another value", '"extra_body":{"a":2}', {"extra_body": {"a": 2}}),
    chat("a tool with its members in one order", f'"tools":[{TOOL}]', {"tools": [TOOL_PARSED]}),
    chat("a tool with its members in another order", f'"tools":[{TOOL_TURNED}]',
         {"tools": [TOOL_PARSED]}),
    chat("stream false", '"stream":false'),
    chat("response_format with one schema",
         '"response_format":{"type":"json_schema","json_schema":{"name":"a"}}',
         {"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}}),
    chat("response_format with another schema",
         '"response_format":{"type":"json_schema","json_schema":{"name":"b"}}',
         {"response_format": {"type": "json_schema", "json_schema": {"name": "b"}}}),
    chat("temperature 0.1", '"temperature":0.1', {"temperature": 0.1}),
    chat("temperature 0.2", '"temperature":0.2', {"temperature": 0.2}),
    chat("seed 8", '"seed":8', {"seed": 8}),
    chat("tool_choice none", '"tool_choice":"none"', {"tool_choice": "none"}),
    chat("a null tool_choice", '"tool_choice":null'),
    said("a sentence", '"Explain US"', "Explain US"),
    said("the sentence in lower case", '"explain us"', "explain us"),
    said("the sentence with space around", '" Explain US\\n"', " Explain US\n"),
    said("a date in the prompt", '"Today is 2026-11-01. hi"', "Today is 2026-11-01. hi"),
    said("the next date in the prompt", '"Today is 2026-11-02. hi"', "Today is 2026-11-02. hi"),
    said("one number in a question", '"What is 12 * 12?"', "What is 12 * 12?"),
    said("another number in a question", '"What is 12 * 13?"', "What is 12 * 13?"),
    said("without the word not", '"Is it safe?"', "Is it safe?"),
    said("with the word not", '"Is it not safe?"', "Is it not safe?"),
    said("a part by URL",
         '[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]',
         [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]),
    said("a part by another URL",
         '[{"type":"image_url","image_url":{"url":"https://example.com/b.png"}}]',
         [{"type": "image_url", "image_url": {"url": "https://example.com/b.png"}}]),
    said("an image's detail",
         '[{"type":"image_url","image_url":{"url":"https://example.com/a.png","detail":"low"}}]',
         [{"type": "image_url", "image_url": {"url": "https://example.com/a.png",
                                              "detail": "low"}}]),
    said("text that spells the next member", '"hi\\",\\"temperature\\":0"', 'hi","temperature":0'),
    turn("three turns, last c", "c"),
    turn("three turns, last d", "d"),
    said("only the last of three turns", '"c"', "c"),
    led("a system prompt", "You are a lawyer."),
    led("another system prompt", "You are a pirate."),
    chat("the system prompt said by the user", "", None,
         '"messages":[{"role":"user","content":"You are a lawyer."},'
         '{"role":"user","content":"hi"}]',
         [{"role": "user", "content": "You are a lawyer."}, HI]),
    after("a tool's result", "4"),
    after("another tool's result", "5"),
    ("the same model by its alias", '{"provider":"openai","model":"gpt-4o",'
     '"messages":[{"role":"user","content":"hi"}]}', CHAT, "openai", "gpt-4o",
     {"messages": [HI]}),
    ("the same model by its snapshot", '{"provider":"openai","model":"gpt-4o-2024-08-06",'
     '"messages":[{"role":"user","content":"hi"}]}', CHAT, "openai", "gpt-4o-2024-08-06",
     {"messages": [HI]}),
    ("a model in upper case", '{"provider":"openai","model":"GPT-4",'
     '"messages":[{"role":"user","content":"hi"}]}', CHAT, "openai", "GPT-4",
     {"messages": [HI]}),
    ("a model with a space", '{"provider":"openai","model":"gpt-4 ",'
     '"messages":[{"role":"user","content":"hi"}]}', CHAT, "openai", "gpt-4 ",
     {"messages": [HI]}),
    chat("an API key in the body", '"extra_headers":{"authorization":"Bearer sk-1"}'),
    chat("another API key in the body", '"extra_headers":{"authorization":"Bearer sk-2"}'),
    chat("a null and a denied member together", '"user":null,"stop":null,"stream":true'),
    claude("a mark on the system prompt",
           '"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","ttl":"1h"}}]',
           {"system": "s"}),
    claude("no mark on the system prompt", '"system":"s"', {"system": "s"}),
    other("Bedrock's cachePoint stays: no documentation calls it the same", "bedrock", "m",
          '"system":[{"text":"s"},{"cachePoint":{"type":"default"}}]',
          {"system": [{"text": "s"}, {"cachePoint": {"type": "default"}}]}),
    cohere("the same words to Cohere", ""),
    responses("the same words to the responses API", '"hi"', "hi"),
    chat("a set of stop words in one order", '"stop":["a","b"]', {"stop": ["a", "b"]}),
    chat("a set of stop words in another order", '"stop":["b","a"]', {"stop": ["b", "a"]}),
    chat("logit_bias by token", '"logit_bias":{"50256":-100}', {"logit_bias": {"50256": -100}}),
    chat("logit_bias of a half", '"logit_bias":{"50256":-100.5}',
         {"logit_bias": {"50256": -100.5}}),
]  # fmt: skip

# name → [(left, right, same?)] or the test that shows it
PITFALLS = {
    "tenant not in key":
        "tests/cache_api/test_contract.py::"
        "test_partners_and_customers_and_namespaces_are_apart",
    "soft isolation":
        "tests/cache_api/hot/test_pipeline.py::test_each_value_opens_only_where_it_was_put",
    "a scope that can be forged by its separator":
        "tests/cache_api/hot/test_pipeline.py::test_each_value_opens_only_where_it_was_put",
    "allowlisted params": [
        (PLAIN, "an unknown member counts", DIFFERENT), (PLAIN, "num_ctx", DIFFERENT),
        ("num_ctx", "another num_ctx", DIFFERENT), (PLAIN, "extra_body counts", DIFFERENT),
        ("extra_body counts", "extra_body with another value", DIFFERENT),
    ],
    "omitted temperature treated as 0": [
        (PLAIN, "omitted temperature is not 0", DIFFERENT),
        (PLAIN, "omitted temperature is not 1", DIFFERENT),
        ("omitted temperature is not 0", "0 equals -0.0", EQUAL),
    ],
    "tool_choice missing": [
        ("tools count", "tool_choice counts", DIFFERENT),
        ("tools count", "tool_choice auto is not omitted", DIFFERENT),
        (PLAIN, "tool_choice none", DIFFERENT), (PLAIN, "a null tool_choice", EQUAL),
    ],
    "key order": [
        (PLAIN, "key order of members does not count", EQUAL),
        ("a tool with its members in one order", "a tool with its members in another order", EQUAL),
        ("a set of stop words in one order", "a set of stop words in another order", DIFFERENT),
    ],
    "raw body text as the key": [(PLAIN, "white space does not count", EQUAL),
        ("omitted temperature is not 1", "1 equals 1.0", EQUAL),
        ("a fraction", "a fraction spelt longer", EQUAL),
        ("an emoji as an escaped pair", "an emoji as UTF-8", EQUAL)],
    "the model's name merged or folded": [
        ("the same model by its alias", "the same model by its snapshot", DIFFERENT),
        (PLAIN, "a model in upper case", DIFFERENT), (PLAIN, "a model with a space", DIFFERENT),
        (PLAIN, "another provider of the same model", DIFFERENT),
        (PLAIN, "the same words to Cohere", DIFFERENT),
        (PLAIN, "the same words to the responses API", DIFFERENT),
    ],
    "lowercasing": [
        ("a sentence", "the sentence in lower case", DIFFERENT),
        ("a sentence", "the sentence with space around", DIFFERENT),
        ("composed é", "decomposed é is different", DIFFERENT),
        ("a carriage return stays", "a line feed alone is different", DIFFERENT),
    ],
    "non-crypto hash": "tests/cache_api/rules/test_digest.py::test_every_digest_is_a_sha256",
    "members run together without separators": [
        (PLAIN, "text that spells the next member", DIFFERENT),
        ("omitted temperature is not 0", "text that spells the next member", DIFFERENT),
    ],
    "user or stream in the key": [
        (PLAIN, "user is on the denylist", EQUAL), (PLAIN, "stream is on the denylist", EQUAL),
        (PLAIN, "stream false", EQUAL), (PLAIN, "stream_options is on the denylist", EQUAL),
        ("stream false", "stream is on the denylist", EQUAL),
        (PLAIN, "a null and a denied member together", EQUAL),
    ],
    "the caller's API key in the key": [
        ("an API key in the body", "another API key in the body", EQUAL),
        (PLAIN, "request_id is on the denylist", EQUAL),
    ],
    "first message dropped whatever its role": [
        ("a system prompt", "another system prompt", DIFFERENT),
        (PLAIN, "a system prompt", DIFFERENT),
        ("a system prompt", "the system prompt said by the user", DIFFERENT),
    ],
    "only the last message": [
        ("three turns, last c", "three turns, last d", DIFFERENT),
        ("three turns, last c", "only the last of three turns", DIFFERENT),
    ],
    "tools and response_format not in the key": [
        (PLAIN, "tools count", DIFFERENT), (PLAIN, "response_format counts", DIFFERENT),
        ("response_format with one schema", "response_format with another schema", DIFFERENT),
        (PLAIN, "order of tools counts", DIFFERENT),
    ],
    "temperature and other parameters not in the key": [
        ("temperature 0.1", "temperature 0.2", DIFFERENT), (PLAIN, "top_p counts", DIFFERENT),
        (PLAIN, "max_tokens", DIFFERENT),
        ("max_tokens", "max_completion_tokens is another member", DIFFERENT),
        ("logit_bias by token", "logit_bias of a half", DIFFERENT),
    ],
    "images taken for each other": [
        ("a part by URL", "a part by another URL", DIFFERENT),
        ("a part by URL", "an image's detail", DIFFERENT),
    ],
    "caching non-2xx, empty, truncated or aborted answers":
        "tests/cache_api/rules/test_storing.py::"
        "test_what_is_no_answer_is_refused_with_its_reason",
    "replaying tool calls into agents": [
        ("a tool's result", "another tool's result", DIFFERENT),
        (PLAIN, "a tool's result", DIFFERENT),
    ],
    "losing provider_specific_fields and citations on a hit":
        "tests/cache_api/test_contract.py::test_a_response_comes_back_byte_for_byte",
    "sliding TTL on popular but stale answers":
        "tests/cache_api/test_contract.py::test_the_same_again_is_200_and_does_not_slide",
    "a caller's key that stands for another request":
        "tests/cache_api/test_contract.py::test_a_key_that_stands_for_another_request_is_a_mismatch",
    "prompts in logs": "tests/cache_api/rules/test_explain.py::test_no_text_of_a_request_is_shown",
    "unbounded memory":
        "tests/cache_api/rules/test_explain.py::test_the_answer_is_bounded_whatever_is_sent",
    "dates and ids in prompts killing the hit rate": [
        ("a date in the prompt", "the next date in the prompt", DIFFERENT),
        (PLAIN, "request_id is on the denylist", EQUAL),
        (PLAIN, "metadata is on the denylist", EQUAL),
    ],
    "cached samples destroying diversity": [
        (PLAIN, "n counts", DIFFERENT), ("seed counts", "seed 8", DIFFERENT),
        (PLAIN, "seed counts", DIFFERENT),
    ],
    "prompt-cache marks in the key, or stripped from what is sent on": [
        ("a mark on the system prompt", "no mark on the system prompt", EQUAL),
        (PLAIN, "prompt_cache_key is on the denylist", EQUAL),
        ("a marked single text part equals a string", "a single text part equals a string", EQUAL),
        ("responses: type, list and mark at once", "responses: a string as input", EQUAL),
        ("a mark inside a tool's schema is no mark", "a marked tool loses the mark only",
         DIFFERENT),
    ],
    "near in meaning taken for the same": [
        ("one number in a question", "another number in a question", DIFFERENT),
        ("without the word not", "with the word not", DIFFERENT),
    ],
    # Of matching by meaning only: an exact key has no similarity, threshold or index.
    "cosine similarity vs distance confusion": "semantic matching only",
    "threshold 0 taken for no threshold": "semantic matching only",
    "a request may loosen the threshold": "semantic matching only",
    "mixing embedding models in one index": "semantic matching only",
}  # fmt: skip

# Pairs of one shape that are no pitfall of another cache, but must hold just as well.
PAIRS = [
    ("responses: a string as input", "responses: one user message equals the string", EQUAL),
    ("responses: a string as input", "responses: one input_text part equals the string", EQUAL),
    ("responses: a string as input", "responses: the message may say its type", EQUAL),
    ("responses: a string as input", "responses: a system message is not the string", DIFFERENT),
    ("responses: a string as input", "responses: two user messages stay two", DIFFERENT),
    ("responses: a string as input", "responses: instructions count", DIFFERENT),
    ("responses: a string as input", "responses: previous_response_id counts", DIFFERENT),
    ("responses: an empty list", "responses: an empty string is not an empty list", DIFFERENT),
    ("embeddings: a string", "embeddings: a list of one is not the string", DIFFERENT),
    ("embeddings: a list of two", "embeddings: order counts", DIFFERENT),
    ("embeddings: a string", "embeddings: user is on the denylist", EQUAL),
    ("cohere: plain messages", "cohere: a single text part equals a string", EQUAL),
    ("cohere: plain messages", "cohere: priority is left out", EQUAL),
    ("cohere: a tool's single text part stays a list", "cohere: a tool's string stays a string",
     DIFFERENT),
    ("cohere v1: plain message", "cohere: plain messages", DIFFERENT),
    ("cohere v1: plain message", "cohere v1: nulls are no members", EQUAL),
    ("cohere v1: plain message", "cohere v1: an empty chat_history is not none", DIFFERENT),
    ("anthropic: a single text part equals a string", "plain messages", EQUAL),
    ("together: plain chat", "Together speaks chat too", EQUAL),
    ("together: plain chat", "together: a message's null members stay", DIFFERENT),
    ("generic: marks stay", "plain messages", DIFFERENT),
]  # fmt: skip
