"""How long an entry lives: by model, bounded by partner and platform, absolute. Pure."""

import re
from typing import Any

PINNED_S = 7 * 86_400
FLOATING_S = 86_400
SEARCH_S = 15 * 60
EMBEDDING_S = 30 * 86_400
PLATFORM_CAP_S = 30 * 86_400
MIN_S = 1
STALE_S = 3_600
STALE_CAP_S = 7 * 86_400

# "-2024-08-06", "-20250929", "@20250929", "-0613", "-2411": the maker promises not to change these.
_PINNED = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|\d{6})(-v\d+(:\d+)?)?$")
_SEARCH = re.compile(r"search|online|^sonar|/sonar")
_SEARCH_TOOLS = ("web_search", "web_fetch", "google_search")


def model_ttl_s(model: str, params: dict[str, Any]) -> int:
    """Seconds by the kind of model: embeddings, search, pinned snapshot, floating alias."""
    name = model.lower()
    if "embed" in name:
        return EMBEDDING_S
    if _SEARCH.search(name) or searches(params):
        return SEARCH_S
    return PINNED_S if _PINNED.search(name) else FLOATING_S


def searches(params: dict[str, Any]) -> bool:
    """Whether the request lets the model look things up, so that its answer ages quickly."""
    if params.get("web_search_options") is not None:
        return True
    tools = params.get("tools")
    if type(tools) is not list:
        return False
    kinds = [tool.get("type") for tool in tools if type(tool) is dict]
    return any(type(kind) is str and kind.startswith(_SEARCH_TOOLS) for kind in kinds)


def lifetime_ms(
    *,
    requested_s: int | None,
    partner_default_s: int | None,
    partner_max_s: int | None,
    model_s: int,
    seed: bytes,
) -> int:
    """Milliseconds an entry lives, never beyond the partner's or the platform's cap.

    The request's own TTL goes before the partner's default, that before the model's. `seed` (≥ 2
    bytes of the entry's key) spreads expiry by ± 10 %, always alike for one entry; a TTL that was
    asked for is only ever shortened, since a caller's "at most" is a promise.
    """
    cap_s = min(partner_max_s or PLATFORM_CAP_S, PLATFORM_CAP_S)
    wanted_s = requested_s or partner_default_s or model_s
    ten_thousandths = int.from_bytes(seed[:2], "big") % 2001 - 1000
    if requested_s is not None:
        ten_thousandths = -abs(ten_thousandths)
    jittered = min(wanted_s, cap_s) * (10_000 + ten_thousandths) // 10
    return max(MIN_S * 1000, min(jittered, cap_s * 1000))


def max_stale_ms(requested_ms: int | None, partner_s: int | None) -> int:
    """Milliseconds an entry is kept beyond its expiry: request, else partner, else an hour."""
    ordinary_ms = (STALE_S if partner_s is None else partner_s) * 1000
    wanted_ms = ordinary_ms if requested_ms is None else requested_ms
    return min(max(0, wanted_ms), STALE_CAP_S * 1000)
