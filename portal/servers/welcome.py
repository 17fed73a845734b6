"""The text printed when everything answers: URLs and logins of the demo."""

import json
from pathlib import Path
from typing import Any

from portal import env

# What a real install does first; the rest is on the console's pages.
FIRST_STEPS = (
    "  the first person of it: .venv/bin/python manage.py bootstrap YOU@YOUR.DOMAIN",
    "  then, there: Partners → Open a partner",
)


def read_demo(data_dir: Path) -> dict[str, Any]:
    """DATA_DIR/demo.json, or {} when no demo was loaded."""
    path = data_dir / "demo.json"
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def page_urls(demo: dict[str, Any]) -> list[str]:
    """The console's and every partner's portal URL."""
    urls = [demo.get("console", {}).get("url", "")]
    urls += [partner.get("portal_url", "") for partner in demo.get("partners", [])]
    return [url for url in urls if url]


def text(demo: dict[str, Any], edge_urls: dict[str, str], silent: dict[str, int]) -> str:
    """All of demo.json for people, and the edges by region.

    `silent`: pages that do not answer, with their status.
    """
    lines = [""]
    console = demo.get("console", {})
    if console:
        lines += [f"Console            {_page(console['url'], silent)}"]
        lines += [_login(login) for login in console.get("logins", [])]
    for partner in demo.get("partners", []):
        lines += _partner(partner, silent)
    lines += [""]
    if len(edge_urls) == 1 and demo.get("edge"):
        edge_urls = {"": demo["edge"]["url"]}
    for region, url in edge_urls.items():
        lines += [f"Overflow API       {url}{f'  (region {region})' if region else ''}"]
    if not demo:
        lines[1:1] = [f"Console            {env.console_url()}", *FIRST_STEPS]
    return "\n".join(lines)


def _partner(partner: dict[str, Any], silent: dict[str, int]) -> list[str]:
    lines = ["", f"{partner['name']} ({partner.get('agreement', '')})"]
    lines += [f"  portal           {_page(partner.get('portal_url', ''), silent)}"]
    if partner.get("api_key"):
        lines += [f"  API key          {partner['api_key']}"]
    lines += [_login(login) for login in partner.get("logins", [])]
    for customer in partner.get("customers", []):
        lines += [_login(login, customer.get("name", "")) for login in customer.get("logins", [])]
    return lines


def _login(login: dict[str, str], whose: str = "") -> str:
    role = login.get("role") or "customer"
    return f"  {role:16} {login['email']}  {login['password']}  {whose}".rstrip()


def _page(url: str, silent: dict[str, int]) -> str:
    return f"{url}   (does not answer: {silent[url] or 'no reply'})" if url in silent else url
