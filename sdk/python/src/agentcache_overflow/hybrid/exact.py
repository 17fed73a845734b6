"""The exact half: an overflow client, asked by prompt. A prompt is a text or a provider's request."""

from typing import Any

from agentcache_overflow.fingerprint import digest


class Exact:
    """A text is its own key; a request is found by its identity, as the drop-ins store it.

    What it gives back is the client's: Answers, or what can be awaited for one.
    """

    def __init__(self, client: Any) -> None:
        self.client = client

    def get(self, prompt: Any) -> Any:
        """The answer to exactly this prompt."""
        return self.client.get(**self._name(prompt))

    def set(self, prompt: Any, response: Any, **more: Any) -> Any:
        """Store in the background; `more`: `ttl`, `tags`, `usage` as the client's `put` has them."""
        return self.client.put(**self._name(prompt), response=response, **more)

    def key(self, prompt: Any) -> str:
        """What finds the prompt's answer again without the prompt's request."""
        return digest(prompt) if type(prompt) is dict else prompt

    def by_key(self, key: str) -> Any:
        """The answer that `key` stands for."""
        return self.client.get(key=key)

    def _name(self, prompt: Any) -> dict[str, Any]:
        return {"request": prompt} if type(prompt) is dict else {"key": prompt}
