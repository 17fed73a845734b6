"""One answer of each provider API that official clients know, and how to ask for it."""

import json

CHAT = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1_754_688_929,
    "model": "gpt-4o-2024-08-06", "service_tier": "default", "system_fingerprint": "fp_0",
    "choices": [
        {"index": 0, "finish_reason": "tool_calls", "logprobs": None, "message": {
            "role": "assistant", "content": "Höre 🎵 " + "la " * 3000, "refusal": None,
            "tool_calls": [
                {"id": f"call_{n}", "type": "function",
                 "function": {"name": "play", "arguments": json.dumps({"song": n})}}
                for n in range(2)]}},
        {"index": 1, "finish_reason": "stop", "logprobs": None, "message": {
            "role": "assistant", "content": "No.", "refusal": None}},
    ],
    "usage": {"prompt_tokens": 14, "completion_tokens": 8, "total_tokens": 22},
}  # fmt: skip
RESPONSE = {
    "id": "resp_1", "object": "response", "created_at": 1_754_688_929, "status": "completed",
    "model": "gpt-5-2025-08-07", "error": None, "incomplete_details": None, "instructions": None,
    "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "tools": [],
    "top_p": 1.0, "metadata": {},
    "output": [
        {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {"id": "fc_1", "type": "function_call", "status": "completed", "call_id": "call_1",
         "name": "play", "arguments": '{"song":1}'},
        {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [
            {"type": "output_text", "text": "la " * 3000, "annotations": [], "logprobs": []}]},
    ],
    "usage": {
        "input_tokens": 11, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 8,
        "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 19,
    },
}  # fmt: skip
MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-5",
    "stop_reason": "tool_use", "stop_sequence": None,
    "content": [
        {"type": "thinking", "thinking": "Hm. " * 3000, "signature": "c2lnbmVk" * 1000},
        {"type": "text", "text": "Höre 🎵"},
        {"type": "tool_use", "id": "toolu_1", "name": "play", "input": {"song": 1, "loud": None}},
    ],
    "usage": {
        "input_tokens": 92, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
        "output_tokens": 189, "service_tier": "standard",
    },
}  # fmt: skip
