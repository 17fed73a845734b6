"""What one call cost, out of the usage it reported: by the price list, or by two prices given."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from agentcache_overflow.cli.records import Record

_FLAVOURS = ("chat", "responses", "default", "embeddings")
_LIKE_OPENAI = ("openai", "chat")  # how those count who have no way of their own in the list
_INPUT = ("prompt_tokens", "input_tokens")
_OUTPUT = ("completion_tokens", "output_tokens")
_BESIDE = ("cache_read_input_tokens", "cache_creation_input_tokens")  # Anthropic counts them apart


def flat(per_million_in: Decimal, per_million_out: Decimal) -> Callable[[Record], Decimal | None]:
    """Prices in dollars for a million tokens."""

    def price(record: Record) -> Decimal | None:
        counts = record.usage
        if not counts:
            return None
        given = _first(counts, _INPUT) + sum(_count(counts.get(name)) for name in _BESIDE)
        said = _first(counts, _OUTPUT)
        return (given * per_million_in + said * per_million_out) / 1_000_000

    return price


def listed() -> Callable[[Record], Decimal | None] | None:
    """By `genai-prices`, the list that the portal bills by; None where it is not installed."""
    try:
        import genai_prices  # noqa: PLC0415 - an extra: `pip install agentcache-overflow[simulate]`
    except ImportError:
        return None
    snapshot = genai_prices.data_snapshot.get_snapshot()

    def price(record: Record) -> Decimal | None:
        name, model = record.request["provider"], record.request["model"]
        report = {"model": model, "usage": record.usage}
        for reader, flavour in (*((name, each) for each in _FLAVOURS), _LIKE_OPENAI):
            try:
                found = snapshot.find_provider(None, reader, None)
                _, usage = found.extract_usage(report, api_flavor=flavour)
                found_price = genai_prices.calc_price(usage, model, provider_id=name)
                return Decimal(found_price.total_price)
            except (LookupError, ValueError, TypeError):
                continue
        return None

    return price


def _first(counts: dict[str, Any], names: tuple[str, ...]) -> int:
    return next((_count(counts[name]) for name in names if name in counts), 0)


def _count(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and value > 0 else 0
