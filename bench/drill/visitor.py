"""One partner's client and person: asks the edge, and logs in to the portal in a session."""

import http.client
import json
import re
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

LOGIN = "/accounts/login/"
_ERRORS = re.compile(r'class="(?:errors|field__error)[^>]*>(.*?)</div>')
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def ask(port: int, key: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer of the edge. Raises RuntimeError when it is no success."""
    head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        link.request("POST", path, json.dumps(body), head)
        answer = link.getresponse()
        told = answer.read()
    finally:
        link.close()
    if answer.status not in (200, 201):
        raise RuntimeError(f"{path}: {answer.status} {told[:300]!r}")
    return dict(json.loads(told))


def event_of(told: dict[str, Any]) -> UUID:
    """The event that an answer promised."""
    return UUID(told["billing"]["event_id"])


def log_in(port: int, host: str, email: str, password: str) -> str:
    """The portal takes the password and shows this person a page: "", or what it did instead."""
    jar: SimpleCookie = SimpleCookie()
    _, page, _ = _get(port, host, jar, LOGIN)
    token = _TOKEN.search(page)
    if token is None:
        return f"no form at {LOGIN}: {page[:200]}"
    form = {"csrfmiddlewaretoken": token[1], "login": email, "password": password}
    status, page, to = _get(port, host, jar, LOGIN, urlencode(form))
    if status != 302:
        return f"{status} {_ERRORS.findall(page)}"
    while status == 302 and not to.startswith(LOGIN):
        status, page, to = _get(port, host, jar, to)
    return "" if status == 200 and email in page else f"then {status} {to}"


def _get(
    port: int, host: str, jar: SimpleCookie, path: str, form: str | None = None
) -> tuple[int, str, str]:
    """Status, page, where it leads; with a form it is posted."""
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())
    head = {"Host": f"{host}:{port}", "Cookie": cookies, "Referer": f"http://{host}:{port}{path}"}
    if form is not None:
        head["Content-Type"] = "application/x-www-form-urlencoded"
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        link.request("GET" if form is None else "POST", path, form, head)
        answer = link.getresponse()
        page = answer.read().decode(errors="replace")
    finally:
        link.close()
    for cookie in answer.headers.get_all("Set-Cookie") or ():
        jar.load(cookie)
    return answer.status, page, answer.headers.get("Location", "")
