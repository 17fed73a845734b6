"""What `manage.py check --deploy --database default` refuses, with the reason and what to do."""

import os
import stat
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core.checks import Error, Tags, Warning, register
from django.db import connection

from tenants.rules.valkey_urls import is_cluster, nodes

PATIENCE_S = 2.0
KEY_BYTES = 32
KEY_LENGTH, KEY_LETTERS = 50, 5  # of the secret key, as Django warns about
OTHERS = stat.S_IROTH | stat.S_IWOTH
# What the Valkey that may not forget must be set to, and why.
DURABLE = {
    "appendonly": ("yes", "usage that was answered would be lost with the process"),
    "appendfsync": ("always", "usage of the last second would be lost with the machine"),
    "maxmemory-policy": ("noeviction", "usage, quotas and purges would be thrown away when full"),
}
COVERAGE = "cluster-require-full-coverage"


def _refusal(number: int, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"tenants.D{number:03}")


@register(Tags.security, deploy=True)
def a_real_installation(app_configs: Any, **kwargs: Any) -> list[Error]:
    """DEMO=0, https, second factors, names and secrets of its own."""
    domain = settings.PLATFORM_DOMAIN
    wrong = (
        (1, settings.DEMO, "This is a demo: invented data, shown passwords.", "Set DEMO=0."),
        (2, not settings.HTTPS, "Cookies travel over plain http.", "Set HTTPS=1 behind TLS."),
        (3, not settings.REQUIRE_MFA, "Owners and our staff may go without a second factor.",
         "Remove REQUIRE_MFA=0."),
        (4, domain.endswith("localhost"), f"PLATFORM_DOMAIN is {domain}.",
         "Set the domain whose DNS points here."),
        (5, len(settings.KEK) < KEY_BYTES, "The platform key is missing or short.",
         "KEK_FILE must name a file with at least 32 bytes: openssl rand -hex 32 > kek."),
        (6, not settings.EMAIL_URL and settings.EMAIL_HOST in ("", "localhost"),
         "Mail goes to localhost: invitations and invoices may never arrive.", "Set EMAIL_URL."),
        (7, len(set(settings.SECRET_KEY)) < KEY_LETTERS or len(settings.SECRET_KEY) < KEY_LENGTH,
         "SECRET_KEY is short or all alike: sessions and receipts could be forged.",
         "SECRET_KEY_FILE must name a file made by openssl rand -base64 48."),
        (8, settings.WEBHOOK_LOOPBACK or settings.SSO_LOOPBACK,
         "Partners may have us call programs on this machine.",
         "Remove WEBHOOK_LOOPBACK=1 and SSO_LOOPBACK=1."),
        (9, settings.EMAIL_URL.startswith("smtp://") and "@" in settings.EMAIL_URL
         and "tls=1" not in settings.EMAIL_URL,
         "The mail server's password travels in the clear.",
         "Add ?tls=1 to EMAIL_URL, or write smtps://."),
        (12, bool(settings.STRIPE_API_KEY) and not settings.STRIPE_WEBHOOK_SECRET,
         "Stripe's notices cannot be told from forged ones: none is taken, no payment is booked.",
         "Set STRIPE_WEBHOOK_SECRET_FILE."),
        (13, settings.STRIPE_API_BASE.startswith("http://") or settings.STRIPE_SIMULATED,
         "Payments go to a simulator, or to Stripe in the clear.", "Remove STRIPE_API_BASE."),
        (16, settings.EMAIL_URL.startswith("file:"),
         "Mail is written into a folder: invitations and invoices arrive nowhere.",
         "Set EMAIL_URL to a mail server."),
    )  # fmt: skip
    return [_refusal(number, what, todo) for number, is_wrong, what, todo in wrong if is_wrong]


@register(Tags.security, deploy=True)
def secrets_are_nobody_elses(app_configs: Any, **kwargs: Any) -> list[Error]:
    """The files with the keys can be read by whom they are for alone."""
    return [
        _refusal(14, f"{path} can be read by everybody on this machine.", f"chmod o-rwx {path}")
        for path in settings.SECRET_FILES
        if os.stat(path).st_mode & OTHERS
    ]


@register(Tags.security, deploy=True)
def papers_say_who_we_are(app_configs: Any, **kwargs: Any) -> list[Warning]:
    """Invoices bear our address and tax number: laws ask for them, no program can know them."""
    known = {"PLATFORM_ADDRESS": settings.PLATFORM_PARTY["address"],
             "PLATFORM_TAX_ID": settings.PLATFORM_PARTY["tax_id"]}  # fmt: skip
    return [
        Warning(f"{name} is not set: papers go out without it.", hint=f"Set {name}.",
                id="tenants.W015")
        for name, value in known.items() if not value
    ]  # fmt: skip


@register(Tags.database, deploy=True)
def logins_have_their_place(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[Error]:
    """The login of this process is no superuser, and owns nothing unless it is the owner."""
    if not databases:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolsuper OR rolbypassrls, EXISTS (SELECT 1 FROM pg_class c"
            " WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p'))"
            " FROM pg_roles r WHERE rolname = session_user"
        )
        name, may_all, owns = cursor.fetchone()
    found = []
    if may_all:
        found.append(_refusal(10, f"{name} passes by every row policy.",
                              "ALTER ROLE it NOSUPERUSER NOBYPASSRLS, or make the roles with"
                              " portal.servers.roles.bootstrap."))  # fmt: skip
    if owns and settings.DB_LOGIN != "owner":
        hint = "Only ac_owner may own tables: check the database URLs."
        found.append(_refusal(11, f"{name} owns tables and could change their policies.", hint))
    return found


@register(Tags.caches, deploy=True)
def what_may_not_be_forgotten(app_configs: Any, **kwargs: Any) -> list[Error]:
    """The events Valkey keeps what it is told; the cache Valkey may forget and is bounded."""
    return [*_asked("EVENTS_URL", settings.EVENTS_URL, _durable), *_asked_of_cache()]


def _asked_of_cache() -> list[Error]:
    """Each server that the URL names; of a cluster's also what it does when one of them dies."""
    url = settings.CACHE_URL
    try:
        servers = nodes(url)
    except ValueError as error:
        return [_refusal(20, f"CACHE_URL cannot be used: {error}", "See docs/scaling.md.")]
    judge = _in_parts if is_cluster(url) else _bounded
    return [one for server in servers for one in _asked("CACHE_URL", server, judge)]


def _asked(name: str, url: str, judge: Callable[[dict[str, str]], Iterator[Error]]) -> list[Error]:
    try:
        parts = urlsplit(url)
        if not parts.password and not _is_here(parts.hostname or ""):
            hint = "Set requirepass there, and the password in the URL."
            return [_refusal(24, f"{name} takes anybody who reaches {parts.hostname}.", hint)]
        with redis.Redis.from_url(url, decode_responses=True, socket_timeout=PATIENCE_S,
                                  socket_connect_timeout=PATIENCE_S) as server:  # fmt: skip
            known: dict[str, str] = server.config_get(*DURABLE, "maxmemory", COVERAGE)  # type: ignore[assignment]
    except (redis.RedisError, ValueError) as error:
        hint = "Start it, check the URL, and let this login use CONFIG GET while checking."
        return [_refusal(20, f"{name} does not answer: {error}", hint)]
    return list(judge(known))


def _is_here(host: str) -> bool:
    try:
        return host in ("", "localhost") or ip_address(host).is_loopback
    except ValueError:
        return False


def _durable(known: dict[str, str]) -> Iterator[Error]:
    for setting, (wanted, because) in DURABLE.items():
        if known.get(setting) != wanted:
            yield _refusal(21, f"EVENTS_URL has {setting} {known.get(setting)}: {because}.",
                           f"Set {setting} {wanted}.")  # fmt: skip


def _bounded(known: dict[str, str]) -> Iterator[Error]:
    if known.get("maxmemory") == "0" or known.get("maxmemory-policy") == "noeviction":
        yield _refusal(22, "CACHE_URL is unbounded or never evicts: it will end by being killed.",
                       "Set maxmemory and an eviction policy such as allkeys-lfu.")  # fmt: skip


def _in_parts(known: dict[str, str]) -> Iterator[Error]:
    yield from _bounded(known)
    if known.get(COVERAGE) != "no":
        yield _refusal(23, "One dead node of CACHE_URL stops the whole cluster.",
                       f"Set {COVERAGE} no: the others then go on answering.")  # fmt: skip
