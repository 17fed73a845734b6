"""Writes digest.json. Run by hand: python tests/vectors/make_digest.py (needs node).

Nothing of the project is imported. Each case states, written by hand, the request as JSON text and
the document its digest is made of (api and params after normalising). The canonical text is made
from that document twice, by the `rfc8785` package and by node, which must agree; the digest is
hashlib's SHA-256 of it. So the expected values follow from the published rules, not from our code.
"""

import hashlib
import json
import subprocess
from pathlib import Path

import rfc8785

HERE = Path(__file__).resolve().parent
JCS = HERE.parents[1] / "sdk" / "js" / "test" / "jcs.mjs"
CHAT, MESSAGES, GENERIC = "openai.chat", "anthropic.messages", "generic"
HI = {"content": "hi", "role": "user"}
HEAD = '{"provider":"openai","model":"gpt-4",'
HI_TEXT = '"messages":[{"role":"user","content":"hi"}]'
A_HEAD = '{"provider":"anthropic","model":"claude-sonnet-4-5","max_tokens":64,'
A_HI = {"max_tokens": 64, "messages": [HI]}


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


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
TOOL_TEXT = '{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}'
DENIED = [
    ("stream", "true"), ("stream_options", '{"include_usage":true}'), ("user", '"u-1"'),
    ("metadata", '{"a":"b"}'), ("store", "true"), ("service_tier", '"flex"'),
    ("safety_identifier", '"s"'), ("prompt_cache_key", '"k"'), ("prompt_cache_retention", '"24h"'),
    ("prompt_cache_options", '{"a":1}'), ("timeout", "30"), ("extra_headers", '{"x":"y"}'),
    ("request_id", '"r-1"'), ("cache_control", '{"type":"ephemeral"}'),
]  # fmt: skip

CASES = [
    chat("plain chat", ""),
    ("key order of members does not count",
     '{"messages":[{"content":"hi","role":"user"}],"model":"gpt-4","provider":"openai"}',
     CHAT, "openai", "gpt-4", {"messages": [HI]}),
    ("white space does not count",
     '{ "provider" : "openai",\n\t"model":"gpt-4", '
     '"messages" : [ {"role":"user","content":"hi"} ] }',
     CHAT, "openai", "gpt-4", {"messages": [HI]}),
    *[chat(f"{name} is on the denylist", f'"{name}":{text}') for name, text in DENIED],
    chat("a top-level null is no member", '"temperature":null,"tools":null'),
    chat("omitted temperature is not 0", '"temperature":0', {"temperature": 0}),
    chat("omitted temperature is not 1", '"temperature":1', {"temperature": 1}),
    chat("1 equals 1.0", '"temperature":1.0', {"temperature": 1}),
    chat("1 equals 1e0", '"temperature":1e0', {"temperature": 1}),
    chat("0 equals -0.0", '"temperature":-0.0', {"temperature": 0}),
    chat("a fraction", '"temperature":0.7', {"temperature": 0.7}),
    chat("a fraction spelt longer", '"temperature":0.70000', {"temperature": 0.7}),
    chat("a small exponent", '"x":1e-7', {"x": 1e-7}),
    chat("a small decimal", '"x":0.000001', {"x": 0.000001}),
    chat("just below a millionth", '"x":9.99e-7', {"x": 9.99e-7}),
    chat("smallest double", '"x":5e-324', {"x": 5e-324}),
    chat("seventeen digits", '"x":0.30000000000000004', {"x": 0.30000000000000004}),
    chat("a long fraction", '"x":123456789012345.67', {"x": 123456789012345.67}),
    chat("a fraction of sixteen digits", '"x":1234567890123456.5', {"x": 1234567890123456.5}),
    chat("a whole number deep down", '"x":{"y":[2.0,-3.0]}', {"x": {"y": [2, -3]}}),
    chat("largest safe integer", '"seed":9007199254740991', {"seed": 9007199254740991}),
    chat("smallest safe integer", '"seed":-9007199254740991', {"seed": -9007199254740991}),
    chat("top_p counts", '"top_p":0.5', {"top_p": 0.5}),
    chat("seed counts", '"seed":7', {"seed": 7}),
    chat("n counts", '"n":2', {"n": 2}),
    chat("stop as a string is not a list", '"stop":"x"', {"stop": "x"}),
    chat("stop as a list is not a string", '"stop":["x"]', {"stop": ["x"]}),
    chat("max_tokens", '"max_tokens":5', {"max_tokens": 5}),
    chat("max_completion_tokens is another member", '"max_completion_tokens":5',
         {"max_completion_tokens": 5}),
    chat("an unknown member counts", '"top_k":40', {"top_k": 40}),
    chat("extra_body counts", '"extra_body":{"a":1}', {"extra_body": {"a": 1}}),
    chat("tools count", f'"tools":[{TOOL_TEXT}]', {"tools": [TOOL]}),
    chat("tool_choice counts", f'"tools":[{TOOL_TEXT}],"tool_choice":"required"',
         {"tools": [TOOL], "tool_choice": "required"}),
    chat("tool_choice auto is not omitted", f'"tools":[{TOOL_TEXT}],"tool_choice":"auto"',
         {"tools": [TOOL], "tool_choice": "auto"}),
    chat("order of tools counts", '"tools":[{"type":"b"},{"type":"a"}]',
         {"tools": [{"type": "b"}, {"type": "a"}]}),
    chat("response_format counts", '"response_format":{"type":"json_object"}',
         {"response_format": {"type": "json_object"}}),
    chat("a deep null stays", '"response_format":{"type":"json_schema","strict":null}',
         {"response_format": {"type": "json_schema", "strict": None}}),
    chat("a denied name deep down stays", '"x":{"user":"u","stream":true}',
         {"x": {"user": "u", "stream": True}}),
    said("a single text part equals a string", '[{"type":"text","text":"hi"}]', "hi"),
    said("a marked single text part equals a string",
         '[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]', "hi"),
    said("two text parts stay two", '[{"type":"text","text":"h"},{"type":"text","text":"i"}]',
         [{"type": "text", "text": "h"}, {"type": "text", "text": "i"}]),
    said("a text part with another member stays", '[{"type":"text","text":"hi","x":1}]',
         [{"type": "text", "text": "hi", "x": 1}]),
    said("a marked part among others loses the mark only",
         '[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}},'
         '{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]',
         [{"type": "text", "text": "a"},
          {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]),
    said("an empty list is not an empty string", "[]", []),
    said("an empty string", '""', ""),
    said("null content stays", "null", None),
    said("upper case counts", '"Hi"', "Hi"),
    said("a trailing space counts", '"hi "', "hi "),
    said("a carriage return stays", '"a\\r\\nb"', "a\r\nb"),
    said("a line feed alone is different", '"a\\nb"', "a\nb"),
    said("composed é", '"caf\\u00e9"', "caf\u00e9"),
    said("decomposed é is different", '"cafe\\u0301"', "cafe\u0301"),
    said("an escape equals its letter", '"\\u0068i"', "hi"),
    said("an emoji as an escaped pair", '"\\ud83d\\ude00"', "\U0001f600"),
    said("an emoji as UTF-8", '"\U0001f600"', "\U0001f600"),
    said("control characters and quotes", '"\\u0000\\u001f\\u007f\\"\\\\\\/\\b\\f\\t"',
         "\x00\x1f\x7f\"\\/\b\f\t"),
    said("line separators are not escaped", '"\\u2028\\u2029"', "\u2028\u2029"),
    ("order of messages counts",
     HEAD + '"messages":[{"role":"user","content":"a"},{"role":"system","content":"b"}]}',
     CHAT, "openai", "gpt-4",
     {"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]}),
    ("a name in a message counts",
     HEAD + '"messages":[{"role":"user","content":"hi","name":"ann"}]}',
     CHAT, "openai", "gpt-4", {"messages": [{**HI, "name": "ann"}]}),
    ("an assistant's tool call keeps its argument text",
     HEAD + '"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":'
     '"function","function":{"name":"f","arguments":"{\\"b\\":1, \\"a\\":2}"}}]}]}',
     CHAT, "openai", "gpt-4",
     {"messages": [{"role": "assistant", "content": None, "tool_calls": [
         {"id": "c1", "type": "function",
          "function": {"name": "f", "arguments": '{"b":1, "a":2}'}}]}]}),
    ("another model", '{"provider":"openai","model":"gpt-4-0613",' + HI_TEXT + "}",
     CHAT, "openai", "gpt-4-0613", {"messages": [HI]}),
    ("another provider of the same model", '{"provider":"azure","model":"gpt-4",' + HI_TEXT + "}",
     CHAT, "azure", "gpt-4", {"messages": [HI]}),
    ("Together speaks chat too", '{"provider":"together","model":"meta-llama/Llama-3-8b",'
     '"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}',
     CHAT, "together", "meta-llama/Llama-3-8b", {"messages": [HI]}),
    chat("names beyond ASCII sort by UTF-16", '"x":{"\\ufb33":1,"\\ud83d\\ude00":2,"\\u00f6":3}',
         {"x": {"\ufb33": 1, "\U0001f600": 2, "\u00f6": 3}}),
    chat("upper case sorts before lower", '"x":{"b":1,"B":2,"a":3,"A":4}',
         {"x": {"b": 1, "B": 2, "a": 3, "A": 4}}),
    chat("numeric names sort as text", '"x":{"10":1,"9":2,"1":3}',
         {"x": {"10": 1, "9": 2, "1": 3}}),
    chat("an empty name", '"x":{"":1}', {"x": {"": 1}}),
    chat("a member called __proto__", '"__proto__":{"a":1}', {"__proto__": {"a": 1}}),
    chat("true is not 1", '"logprobs":true', {"logprobs": True}),
    chat("false stays", '"logprobs":false', {"logprobs": False}),
    chat("empty containers stay", '"x":{},"y":[]', {"x": {}, "y": []}),
    claude("plain messages", ""),
    claude("a system string", '"system":"be brief"', {"system": "be brief"}),
    claude("a single system part equals a string", '"system":[{"type":"text","text":"be brief"}]',
           {"system": "be brief"}),
    claude("a marked system part equals a string",
           '"system":[{"type":"text","text":"be brief","cache_control":{"type":"ephemeral"}}]',
           {"system": "be brief"}),
    claude("a marked tool loses the mark only",
           '"tools":[{"name":"f","input_schema":{"type":"object"},'
           '"cache_control":{"type":"ephemeral"}}]',
           {"tools": [{"name": "f", "input_schema": {"type": "object"}}]}),
    claude("a mark inside a tool's schema is no mark",
           '"tools":[{"name":"f","input_schema":{"properties":{"cache_control":{"type":"string"}}}}]',
           {"tools": [{"name": "f",
                       "input_schema": {"properties": {"cache_control": {"type": "string"}}}}]}),
    claude("thinking counts", '"thinking":{"type":"enabled","budget_tokens":1024}',
           {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
    claude("a single tool result stays a list", "", None,
           '"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t",'
           '"content":"4"}]}]',
           [{"role": "user",
             "content": [{"type": "tool_result", "tool_use_id": "t", "content": "4"}]}]),
    other("Cohere is generic here", "cohere", "command-r", '"message":"hi"', {"message": "hi"}),
    other("a generic single text part stays a list", "cohere", "command-r",
          '"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]',
          {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}),
    other("OpenAI responses are generic here", "openai", "gpt-4.1", '"input":"hi","stream":true',
          {"input": "hi"}),
    other("embeddings", "openai", "text-embedding-3-small", '"input":["a","b"]',
          {"input": ["a", "b"]}),
    other("provider names are case-sensitive", "OpenAI", "gpt-4",
          '"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]',
          {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}),
]  # fmt: skip

REFUSED = [
    ("an integer beyond 2^53", HEAD + HI_TEXT + ',"seed":9007199254740993}', "not_canonical"),
    ("2^53 itself", HEAD + HI_TEXT + ',"seed":9007199254740992}', "not_canonical"),
    ("minus 2^53", HEAD + HI_TEXT + ',"seed":-9007199254740992}', "not_canonical"),
    ("2^64", HEAD + HI_TEXT + ',"seed":18446744073709551616}', "not_canonical"),
    ("a whole number beyond 2^53 with an exponent", HEAD + HI_TEXT + ',"x":1e21}', "not_canonical"),
    ("a big integer deep down", HEAD + HI_TEXT + ',"x":{"\\u00f6":[9007199254740993]}}',
     "not_canonical"),
    ("a lone high surrogate", HEAD + '"messages":[{"role":"user","content":"\\ud800"}]}',
     "not_canonical"),
    ("a lone low surrogate", HEAD + '"messages":[{"role":"user","content":"a\\udc00b"}]}',
     "not_canonical"),
    ("a lone surrogate in a name", HEAD + HI_TEXT + ',"x":{"\\ud800":1}}', "not_canonical"),
    ("no provider", '{"model":"gpt-4",' + HI_TEXT + "}", "bad_request"),
    ("no model", '{"provider":"openai",' + HI_TEXT + "}", "bad_request"),
    ("an empty model", '{"provider":"openai","model":"",' + HI_TEXT + "}", "bad_request"),
    ("a model that is no string", '{"provider":"openai","model":4,' + HI_TEXT + "}", "bad_request"),
    ("a list instead of a request", "[]", "bad_request"),
]  # fmt: skip


def main() -> None:
    documents = [
        {"api": api, "model": model, "params": params, "provider": provider, "v": 1}
        for _, _, api, provider, model, params in CASES
    ]
    reference = [rfc8785.dumps(document).decode() for document in documents]
    lines = "\n".join(json.dumps(document) for document in documents)
    node = subprocess.run(
        ["node", str(JCS)], input=lines, capture_output=True, text=True, check=True
    )
    second = [json.loads(line) for line in node.stdout.rstrip("\n").split("\n")]
    assert second == reference, "rfc8785 and node disagree"
    cases = [
        {
            "name": case[0],
            "request": case[1],
            "canonical": text,
            "digest": hashlib.sha256(text.encode()).hexdigest(),
        }
        for case, text in zip(CASES, reference, strict=True)
    ]
    cases += [{"name": n, "request": text, "error": code} for n, text, code in REFUSED]
    about = "Digest v1. Made by make_digest.py; run by Python and by sdk/js/test/run-vectors.mjs."
    body = json.dumps({"about": about, "version": 1, "cases": cases}, indent=1)
    (HERE / "digest.json").write_text(body + "\n")
    print(f"{len(cases)} cases")


if __name__ == "__main__":
    main()
