"""The arguments of `agentcache`."""

import argparse
from decimal import Decimal, InvalidOperation

_KEY = "the API key; rather set AGENTCACHE_API_KEY, which no list of processes shows"


def parser() -> argparse.ArgumentParser:
    """All commands."""
    top = argparse.ArgumentParser(prog="agentcache", description="The overflow cache, by hand.")
    kinds = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    output = argparse.ArgumentParser(add_help=False)
    output.add_argument("--json", action="store_true", help="one line of JSON")
    online = argparse.ArgumentParser(add_help=False, parents=[output])
    online.add_argument("--base-url", help="the edge (AGENTCACHE_BASE_URL)")
    online.add_argument("--portal-url", help="the portal, where statistics are asked")
    online.add_argument("--api-key", help=_KEY)
    online.add_argument("--customer", help="customer_id")
    online.add_argument("--timeout", default="5s", help='for one answer, such as "5s"')

    kinds.add_parser("ping", parents=[online], help="is it there, and is the key good")
    _named(kinds.add_parser("get", parents=[online], help="look an entry up"))
    put = _named(kinds.add_parser("put", parents=[online], help="store an answer"))
    put.add_argument("--response", required=True, metavar="FILE", help="JSON; - is standard input")
    put.add_argument("--ttl", type=float, help="seconds")
    put.add_argument("--tag", action="append", default=[], help="may be repeated")
    explain = kinds.add_parser(
        "explain", parents=[online], help="why are two requests not the same"
    )
    explain.add_argument("left", help="a file with a request; - is standard input")
    explain.add_argument("right", help="a file with a request")
    stats = kinds.add_parser("stats", parents=[online], help="your numbers, from the portal")
    stats.add_argument("--start"), stats.add_argument("--end")
    stats.add_argument("--by", choices=("model", "customer", "region", "provider", "outcome"))
    stats.add_argument("--granularity", choices=("hour", "day"))
    _simulate(kinds.add_parser("simulate", parents=[output], help="replay a log, offline"))
    verify = kinds.add_parser(
        "verify-statement", parents=[output], help="check a payout statement, offline"
    )
    verify.add_argument("archive", metavar="ARCHIVE.zip", help="the statement's, from the portal")
    verify.add_argument("proof", metavar="PROOF.json", nargs="?", help="an event's: is it in there")
    return top


def _named(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    name = command.add_mutually_exclusive_group(required=True)
    name.add_argument("--key", help="a key of your own")
    name.add_argument("--request", metavar="FILE", help="the provider's request; - is stdin")
    return command


def _simulate(command: argparse.ArgumentParser) -> None:
    command.add_argument("log", help="JSON lines; - is standard input")
    command.add_argument("--provider", default="openai", help="of requests that name none")
    command.add_argument("--ttl", type=_positive, default=86400, help="seconds (86400)")
    command.add_argument("--fee", type=_dollars, default="0.001", help="dollars per hit (0.001)")
    command.add_argument("--share", type=_share, default="0.30", help="the partner's (0.30)")
    command.add_argument(
        "--price", type=_prices, metavar="IN,OUT",
        help="dollars per million tokens, instead of the price list",
    )  # fmt: skip


def _dollars(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not value.is_finite() or value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of dollars")
    return value


def _share(text: str) -> Decimal:
    value = _dollars(text)
    if value > 1:
        raise argparse.ArgumentTypeError("a share is a fraction, 0 to 1: 0.30 is 30 %")
    return value


def _positive(text: str) -> float:
    value = float(_dollars(text))
    if not value:
        raise argparse.ArgumentTypeError("an answer that lives 0 seconds is never a hit")
    return value


def _prices(text: str) -> tuple[Decimal, Decimal]:
    given, _, said = text.partition(",")
    return _dollars(given), _dollars(said)
