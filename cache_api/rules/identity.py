"""What makes two provider requests the same: API, provider, model, every parameter that matters.

Pure. Only what is provably equivalent is normalised: members of the published denylist and
top-level nulls are left out here, what one API calls the same is made the same in `shapes`.
Everything else counts, known or not: key order and number spelling are the canonical form's
business, Unicode, line endings and deeper nulls stay as they are.
"""

from dataclasses import dataclass
from typing import Any

from cache_api.rules import shapes

VERSION = 1
# Published: what does not change the answer a model would give. `provider` and `model` have members
# of their own in the canonical document.
DENYLIST: frozenset[str] = frozenset(
    {
        "stream", "stream_options", "user", "metadata", "store", "service_tier",
        "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options",
        "timeout", "extra_headers", "request_id", "cache_control",
    }
)  # fmt: skip
# The same for one API only. Cohere on `priority`: "controls how early the request is handled".
DENIED_BY_API: dict[str, frozenset[str]] = {shapes.COHERE: frozenset({"priority"})}
_APART = DENYLIST | {"provider", "model"}
MAX_NAME = 200


class BadRequestMember(ValueError):
    """A member without which a request has no identity. `pointer` is relative to the request."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer, self.detail = pointer, detail


@dataclass(frozen=True, slots=True)
class Identity:
    """A provider request, reduced to what counts. `params` are the canonical document's params."""

    api: str
    provider: str
    model: str
    params: dict[str, Any]


def identify(request: Any) -> Identity:
    """The identity of an `original_request`. Raises BadRequestMember.

    The request is not changed; the identity may share its nested values.
    """
    if type(request) is not dict:
        raise BadRequestMember("", "original_request must be an object.")
    provider = _name(request, "provider", "openai")
    model = _name(request, "model", "gpt-4")
    params = {
        name: value for name, value in request.items() if value is not None and name not in _APART
    }
    api = shapes.api_of(provider, model, params)
    for name in DENIED_BY_API.get(api, ()):
        params.pop(name, None)
    shapes.normalise(api, params)
    return Identity(api, provider, model, params)


def _name(request: dict[str, Any], member: str, example: str) -> str:
    value = request.get(member)
    if type(value) is not str or not value or len(value) > MAX_NAME:
        raise BadRequestMember(
            f"/{member}",
            f'original_request needs "{member}": a string of 1 to {MAX_NAME} characters, '
            f'for example "{example}".',
        )
    return value
