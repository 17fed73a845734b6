"""Typed readers for the environment, the embedded servers' file and the secrets directory."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

BASE_DIR = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """Where servers, secrets and demo files live (`DATA_DIR`, default `.data` in the checkout)."""
    return Path(os.environ.get("DATA_DIR") or BASE_DIR / ".data").resolve()


def flag(name: str, default: bool) -> bool:
    """A switch: 1/true/yes/on or 0/false/no/off; anything else is refused by name."""
    raw = os.environ.get(name, "").strip().lower()
    if raw == "":
        return default
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off"}:
        return False
    raise SystemExit(f"{name}={raw!r} is not a switch: use 1 or 0.")


def number(name: str, default: int, least: int = 1) -> int:
    """A whole number, `least` at least; anything else is refused by name."""
    raw = os.environ.get(name, "").strip() or str(default)
    if raw.isdecimal() and int(raw) >= least:
        return int(raw)
    raise SystemExit(f"{name}={raw!r} is not a whole number from {least} on.")


def url(name: str) -> str:
    """A server's URL from the environment, else the embedded servers' file; '' when unknown."""
    value = os.environ.get(name)
    if value:
        return value
    path = data_dir() / "servers.json"
    if not path.exists():
        return ""
    return str(json.loads(path.read_text()).get(name, ""))


def broker_url() -> str:
    """Celery's broker: BROKER_URL, else that of the embedded servers, else beside the events."""
    return url("BROKER_URL") or broker_of(url("EVENTS_URL"))


def broker_of(events_url: str) -> str:
    """Database 1 of the Valkey that keeps what it is told; '' for ''."""
    parts = urlsplit(events_url)
    return urlunsplit(parts._replace(path="/1")) if events_url else ""


def secret(env_name: str, file_name: str) -> bytes:
    """A secret's bytes from the file named by `env_name`, else DATA_DIR/secrets (demo only).

    Raises SystemExit in production (`DEMO=0`) when the variable is missing: a generated secret
    would silently make every stored entry and session unreadable on the next machine. Likewise
    when the file that it names cannot be read.
    """
    named = os.environ.get(env_name)
    if named:
        return _bytes(env_name, named)
    if not flag("DEMO", True):
        raise SystemExit(f"{env_name} must name a file with the secret when DEMO=0.")
    path = data_dir() / "secrets" / file_name
    return path.read_bytes() if path.exists() else b""


def text(name: str) -> str:
    """A short secret: the variable itself, or the file that NAME_FILE names; '' without either."""
    variable = f"{name}_FILE"
    named = os.environ.get(variable)
    return _bytes(variable, named).decode().strip() if named else os.environ.get(name, "")


def _bytes(variable: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SystemExit(
            f"{variable}={path} cannot be read ({error.strerror}): make the file, or let this "
            "account read it."
        ) from error


def database(database_url: str) -> dict[str, Any]:
    """Django's connection parameters for a postgres:// URL."""
    parts = urlsplit(database_url)
    return {
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }


def database_options(database_url: str) -> dict[str, str]:
    """What stands behind the `?` of a postgres:// URL (`sslmode`, `sslrootcert`, …)."""
    return dict(parse_qsl(urlsplit(database_url).query))


def console_host() -> str:
    """The console's name: CONSOLE_HOST, else `console.` in our own zone."""
    zone = os.environ.get("PLATFORM_DOMAIN") or "agentcache.localhost"
    return os.environ.get("CONSOLE_HOST") or f"console.{zone}"


def console_url() -> str:
    """Where people find the console: by https through the proxy, else on the portal's own port."""
    if flag("HTTPS", not flag("DEMO", True)):
        return f"https://{console_host()}"
    return f"http://{console_host()}:{os.environ.get('WEB_PORT') or 8000}"


def mail(mail_url: str) -> dict[str, Any]:
    """Django's mail settings for `smtp://user:password@host:587?tls=1` (`smtps://`: TLS at once),
    or `file:///a/folder`, into which mails are written for somebody who tries things out.

    Nothing for an empty URL. Raises SystemExit for another scheme.
    """
    if not mail_url:
        return {}
    parts = urlsplit(mail_url)
    if parts.scheme == "file" and parts.path.strip("/"):
        backend = "django.core.mail.backends.filebased.EmailBackend"
        return {"EMAIL_BACKEND": backend, "EMAIL_FILE_PATH": unquote(parts.path)}
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise SystemExit(
            "EMAIL_URL is written smtp://user:password@host:587?tls=1, smtps://… or file:///folder."
        )
    implicit = parts.scheme == "smtps"
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if implicit else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": implicit,
        "EMAIL_USE_TLS": not implicit and "tls=1" in parts.query,
    }
