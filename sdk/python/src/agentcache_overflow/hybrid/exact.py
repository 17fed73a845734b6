"""The exact half: an overflow client, asked by prompt: a text, or a provider's request."""

from typing import Any

from agentcache_overflow.fingerprint import digest

_PRIVATE = "request:"


class Exact:
    """A text is its own key; a request is found by its identity, as the drop-ins store it.

    What it gives back is the client's: Answers, or what can be awaited for one.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self._is_plain = client.options.privacy == "plain"

    def get(self, prompt: Any) -> Any:
        """The answer to exactly this prompt."""
        return self.client.get(**self._name(prompt))

    def set(self, prompt: Any, response: Any, **more: Any) -> Any:
        """Store in the background; `more`: `ttl`, `tags`, `usage` as in the client's `put`."""
        return self.client.put(**self._name(prompt), response=response, **more)

    def key(self, prompt: Any) -> str:
        """What finds the prompt's answer again without the prompt's request."""
        if type(prompt) is not dict:
            return str(prompt)
        name = digest(prompt)
        return name if self._is_plain else _PRIVATE + name

    def by_key(self, key: str) -> Any:
        """The answer that `key` stands for."""
        return self.client.get(key=key)

    def _name(self, prompt: Any) -> dict[str, Any]:
        if type(prompt) is not dict:
            return {"key": prompt}
        # In plain, a request's digest is a key of its entry; in private, keys are hidden as well.
        return {"request": prompt} if self._is_plain else {
            "request": prompt, "key": self.key(prompt)
        }  # fmt: skip
