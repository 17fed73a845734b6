"""What an installation must not be like, of facts that others gathered. Pure.

Each judge yields `(number, what is wrong, what to do)`; the numbers are those of
`manage.py check --deploy` (`tenants.D018`) and stay what they are.
"""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from tenants.rules.custom_hosts import RESERVED
from tenants.rules.hostnames import InvalidHostname, normalise

Refused = tuple[int, str, str]
PASSWORD_LENGTH = 16
OLDEST_POSTGRES = 160_000  # its GRANT … WITH INHERIT FALSE, SET TRUE
CLOCK_S = 2.0
DISK_BYTES = 1 << 30  # below it the second tier stops by itself, to leave the spool its place
DESCRIPTORS = 8_192
LETTERS = 8  # hexadecimal digits drawn 64 times come to fifteen different ones
_TLS = {"rediss", "valkeys", "amqps"}
_SSLMODE = re.compile(r"\bsslmode=(require|verify-ca|verify-full)\b")
# What PostgreSQL must be set to, and what follows otherwise.
KEEPS = {
    "fsync": ({"on"}, "a power cut may destroy the books"),
    "full_page_writes": ({"on"}, "a power cut may destroy the books"),
    "synchronous_commit": ({"on", "local", "remote_write", "remote_apply"},
                           "papers that were issued may be gone after a crash"),
    "server_encoding": ({"UTF8"}, "names of people and customers do not fit"),
}  # fmt: skip


def is_nobodys(domain: str) -> bool:
    """Whether it is an example's or this machine's name."""
    return any(domain == one or domain.endswith(f".{one}") for one in RESERVED)


def our_domains(names: Mapping[str, str]) -> Iterator[Refused]:
    """PLATFORM_DOMAIN and its like, by variable: as DNS has them, and somebody's."""
    for variable, domain in names.items():
        try:
            fits = normalise(domain) == domain
        except (InvalidHostname, ValueError):
            fits = False
        if not fits:
            yield (4, f"{variable}={domain!r} is no domain.",
                   "Write the bare name: no https://, no port, lower case.")  # fmt: skip
        elif is_nobodys(domain):
            yield (4, f"{variable} is {domain}, which nobody can reach.",
                   "Set the domain whose DNS points here.")  # fmt: skip


def in_the_clear(urls: Mapping[str, str]) -> Iterator[Refused]:
    """Of all servers' URLs by variable: none leads over other people's networks without TLS."""
    for name, url in urls.items():
        parts = urlsplit(url)
        hosts = parts.netloc.rpartition("@")[2].split(",")
        secured = parts.scheme.split("-")[0] in _TLS or _SSLMODE.search(parts.query)
        if not secured and any(map(_is_public, hosts)):
            yield (31, f"{name} leads over the public network in the clear.",
                   "Use rediss:// or amqps://, of PostgreSQL ?sslmode=verify-full, or a private"
                   " network.")  # fmt: skip


def _is_public(host: str) -> bool:
    name = host.rpartition("]")[0].lstrip("[") or host.partition(":")[0]
    try:
        return ip_address(name).is_global
    except ValueError:
        return False  # of a name nobody knows where it leads


def secrets(kek: bytes, secret_key: str) -> Iterator[Refused]:
    """The two that everything rests on are two, and were not typed."""
    if kek and len({*kek.strip()}) < LETTERS:
        yield (5, "The platform key is all alike: it was typed, not drawn.",
               "Make another before anything is stored: openssl rand -hex 32 > kek.")  # fmt: skip
    if kek and secret_key.encode() == kek.strip():
        yield (17, "The platform key and SECRET_KEY are the same: who forges sessions also reads"
               " entries.", "Make two files: openssl rand -base64 48 > secret_key.")  # fmt: skip


def logins(urls: Mapping[str, str]) -> Iterator[Refused]:
    """Of the database URLs by variable ('' is not set): a role and a password each."""
    roles: dict[str, str] = {}
    for name, url in urls.items():
        role = urlsplit(url).username or ""
        if url and role in roles:
            yield (18, f"{roles[role]} and {name} log in as {role or 'the same role'}: the rights"
                   " of one kind of process are those of another.",
                   "Give each its own: python -m portal.servers roles makes them.")  # fmt: skip
        roles[role] = name


def passwords(urls: Mapping[str, str]) -> Iterator[Refused]:
    """Of all servers' URLs by variable: none is short, none is two servers' or two roles'."""
    known: dict[str, tuple[str, tuple[str, str]]] = {}
    for name, url in urls.items():
        parts = urlsplit(url)
        password = unquote(parts.password or "")
        place = (parts.username or "", parts.netloc.rpartition("@")[2])
        if not password:  # a certificate, a socket, loopback: D024 says where that is too little
            continue
        if len(password) < PASSWORD_LENGTH:
            yield (19, f"The password in {name} has {len(password)} characters.",
                   f"Take {PASSWORD_LENGTH} or more: openssl rand -hex 24.")  # fmt: skip
        other, where = known.setdefault(password, (name, place))
        if where != place:
            yield (19, f"{other} and {name} have the same password.",
                   "One each: who learns one has not the other.")  # fmt: skip


def stripe(key: str, webhook_secret: str) -> Iterator[Refused]:
    """A secret key of live mode, and what Stripe signs notices with."""
    kind, _, mode = key.partition("_")
    if key and (kind not in ("sk", "rk") or not mode.startswith("live_")):
        yield (25, "STRIPE_API_KEY is no secret key of live mode: invoices would be paid with"
               " invented cards, or not at all.",
               "Take the one that begins with sk_live_ or rk_live_.")  # fmt: skip
    if webhook_secret and not webhook_secret.startswith("whsec_"):
        yield (25, "STRIPE_WEBHOOK_SECRET is no signing secret: every notice would be refused.",
               "Take the one of the endpoint that begins with whsec_.")  # fmt: skip


def postgres(version: int, found: Mapping[str, str]) -> Iterator[Refused]:
    """`version` as server_version_num, `found` its settings by name."""
    if version < OLDEST_POSTGRES:
        yield (26, f"PostgreSQL {version // 10_000} is too old.",
               f"Take {OLDEST_POSTGRES // 10_000} or newer; 18 is what is tested.")  # fmt: skip
    for name, (wanted, because) in KEEPS.items():
        if found.get(name) not in wanted:
            hint = f"Set {name} to {'on' if 'on' in wanted else ', '.join(wanted)}."
            yield (26, f"PostgreSQL has {name} {found.get(name)}: {because}.", hint)


def clock(server: str, offset_s: float) -> Iterator[Refused]:
    """`offset_s`: how far a server's clock is from this machine's."""
    if abs(offset_s) > CLOCK_S:
        yield (27, f"The clock of {server} is {offset_s:+.0f} s off this machine's: lifetimes,"
               " quotas and months would differ.", "Keep both synchronised (systemd-timesyncd,"
               " chrony).")  # fmt: skip


def machine(free_bytes: int, descriptors: int, folder: str) -> Iterator[Refused]:
    """`free_bytes` where the spool lies, `descriptors` that a process may open at most."""
    if free_bytes < DISK_BYTES:
        yield (28, f"{folder} has {free_bytes >> 20} MiB left: usage could not be spooled.",
               "Make room, or set DATA_DIR to a larger disk.")  # fmt: skip
    if 0 <= descriptors < DESCRIPTORS:
        yield (29, f"A process may open {descriptors} files: an edge has one for each connection.",
               "ulimit -Hn 65536, or LimitNOFILE=65536 in the unit.")  # fmt: skip
