"""What each command does. Raises Failed."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from agentcache_overflow import AgentCacheOverflow, statements
from agentcache_overflow.cli import prices
from agentcache_overflow.cli.simulate import Outcome, Terms, simulate
from agentcache_overflow.cli.told import DONE, NO, UNREACHABLE, WRONG, Failed, Told
from agentcache_overflow.fingerprint import digest

PATIENCE_S = 10.0  # for a store to be done
_UNASKED = ("unreachable", "deadline", "refused", "rate_limited", "server_error", "garbage")


def ping(given: argparse.Namespace) -> Told:
    """Whether the overflow is there and knows the key."""
    with _client(given) as client:
        told = client.ping()
    text = f"ok, {told['latency_ms']:.1f} ms" if told["ok"] else f"no: {_why(told)}"
    return Told(DONE if told["ok"] else UNREACHABLE, told, text)


def get(given: argparse.Namespace) -> Told:
    """One lookup."""
    with _client(given) as client:
        answer = client.get(**_name(given))
    if answer.reason in _UNASKED:
        raise Failed(UNREACHABLE, f"the overflow could not be asked ({answer.reason}).")
    facts = {
        "hit": answer.hit, "status": answer.status, "reason": answer.reason,
        "cost_saved": answer.cost_saved, "response": _shown(answer.response),
    }  # fmt: skip
    if not answer.hit:
        return Told(NO, facts, f"miss: {answer.reason}")
    return Told(DONE, facts, json.dumps(facts["response"], ensure_ascii=False, indent=2))


def put(given: argparse.Namespace) -> Told:
    """One store, waited for."""
    response = _json(given.response)
    with _client(given) as client:
        client.put(**_name(given), response=response, ttl=given.ttl, tags=given.tag or None)
        client.flush(PATIENCE_S)
        stored = client.counts().get("stores", 0) > 0
    if stored:
        return Told(DONE, {"stored": True}, "stored")
    text = "not stored: the answer may not be cached, or the overflow could not be reached"
    return Told(NO, {"stored": False}, text)


def explain(given: argparse.Namespace) -> Told:
    """Two requests, member by member."""
    left, right = _json(given.left), _json(given.right)
    with _client(given) as client:
        told = client.explain(left=left, right=right)
    if told is None:
        raise Failed(UNREACHABLE, "the overflow could not be asked, or refused the requests.")
    return Told(DONE, told, json.dumps(told, ensure_ascii=False, indent=2))


def stats(given: argparse.Namespace) -> Told:
    """Hits, misses and dollars of a time."""
    asked = {name: getattr(given, name) for name in ("start", "end", "by", "granularity")}
    with _client(given) as client:
        told = client.stats(**{name: value for name, value in asked.items() if value})
    if told is None:
        raise Failed(UNREACHABLE, "the portal could not be asked: is --portal-url your portal?")
    return Told(DONE, told, json.dumps(told, ensure_ascii=False, indent=2))


def replay(given: argparse.Namespace) -> Told:
    """A log, offline."""
    price = prices.flat(*given.price) if given.price else prices.listed()
    terms = Terms(given.ttl, given.fee, given.share)
    with _lines(given.log) as lines:
        try:
            outcome = simulate(lines, terms, digest, price or _unknown, given.provider)
        except UnicodeDecodeError as error:
            raise Failed(WRONG, f"{given.log} is no UTF-8 text.") from error
    if not outcome.calls:
        raise Failed(WRONG, f"{given.log} has no call in it. {'; '.join(outcome.problems)}")
    return Told(DONE, outcome.told(), _story(outcome, terms, priced=price is not None))


def verify_statement(given: argparse.Namespace) -> Told:
    """What the module finds that a clean room runs alone."""
    result = statements.verify(given.archive)
    wrong = statements.verify_proof(given.proof, given.archive) if given.proof else []
    lines = [*result.text().splitlines(), *[f"PROOF  {text}" for text in wrong]]
    if given.proof and not wrong:
        lines.append("OK: the event is in the archive.")
    is_ok = result.ok and not wrong
    facts = {"ok": is_ok, "statement": result.statement, "fingerprint": result.fingerprint,
             "said": lines}  # fmt: skip
    return Told(DONE if is_ok else NO, facts, "\n".join(lines))


COMMANDS: dict[str, Callable[[argparse.Namespace], Told]] = {
    "ping": ping, "get": get, "put": put, "explain": explain, "stats": stats, "simulate": replay,
    "verify-statement": verify_statement,
}  # fmt: skip


@contextmanager
def _client(given: argparse.Namespace) -> Iterator[AgentCacheOverflow]:
    options = {
        "base_url": given.base_url, "portal_url": given.portal_url, "api_key": given.api_key,
        "customer_id": given.customer,
    }  # fmt: skip
    try:
        client = AgentCacheOverflow(
            deadline=given.timeout, connect_timeout=given.timeout, l1_bytes=0, lease=False,
            **{name: value for name, value in options.items() if value},
        )  # fmt: skip
    except ValueError as error:
        raise Failed(WRONG, str(error)) from error
    try:
        yield client
    finally:
        client.close()


def _name(given: argparse.Namespace) -> dict[str, Any]:
    if given.key is not None:
        return {"key": given.key}
    return {"request": _json(given.request)}


def _json(name: str) -> Any:
    with _lines(name) as lines:
        try:
            return json.loads("".join(lines))
        except (ValueError, RecursionError) as error:
            raise Failed(WRONG, f"{name} is no JSON: {error}") from error


@contextmanager
def _lines(name: str) -> Iterator[Any]:
    if name == "-":
        yield sys.stdin
        return
    try:
        file = open(name, encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise Failed(WRONG, f"{name} cannot be read: {error.strerror}") from error
    with file:
        yield file


def _shown(response: Any) -> Any:
    return f"{len(response)} bytes" if isinstance(response, bytes) else response


def _why(told: dict[str, Any]) -> str:
    return str(told.get("problem") or f"status {told.get('status')}")


def _unknown(record: Any) -> None:
    return None


def _story(outcome: Outcome, terms: Terms, *, priced: bool) -> str:
    lines = [
        f"calls           {outcome.calls:>12,}",
        f"hits            {outcome.hits:>12,}   {outcome.hit_rate:.1%}",
        f"saved           {_money(outcome.saved) if priced else 'no price list':>12}",
        f"fees            {_money(outcome.fees):>12}   at ${terms.fee} a hit",
        f"partner's share {_money(outcome.partner):>12}   {terms.share:.0%} of the fees",
    ]
    if not priced:
        lines.append("For dollars: pip install 'agentcache-overflow[simulate]', or --price IN,OUT.")
    elif outcome.unpriced_hits:
        lines.append(
            f"{outcome.unpriced_hits:,} hits without a known price count as nothing saved."
        )
    if outcome.failed:
        lines.append(f"{outcome.failed:,} calls failed at the provider and would not be stored.")
    if outcome.unreadable:
        lines.append(f"{outcome.unreadable:,} lines could not be used: {outcome.problems[0]} …")
    return "\n".join(lines)


def _money(dollars: Any) -> str:
    return f"${dollars:,.4f}"
