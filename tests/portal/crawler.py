"""Follows everything that a person can click on one host, as that person."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from django.test import Client
from django.urls import ResolverMatch, resolve

# What lies beside the pages: signing out would end the walk, files are no pages, and the raw
# records (every table, every filter) have a walk of their own: tests/portal/records.
ELSEWHERE = ("/accounts/logout/", "/static/", "/brand/", "/admin/")
PAGES = 400  # a walk that finds more is going round in circles


@dataclass(frozen=True, order=True)
class Door:
    """An address that a page offers, without its query; `route` is its URL pattern."""

    route: str
    path: str
    is_form: bool

    @property
    def has_id(self) -> bool:
        """Whether the address names a thing of somebody's."""
        return "<" in self.route.replace("<int:position>", "").replace("<slug:verb>", "")


@dataclass
class Walk:
    """What a walk found; `broken` are links that led to no page: (where it stood, it, status)."""

    doors: set[Door] = field(default_factory=set)
    opened: dict[str, int] = field(default_factory=dict)  # route → status of one of its pages
    broken: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def routes(self) -> set[str]:
        return {door.route for door in self.doors}


class _Offers(HTMLParser):
    """Links and forms of a page: (address, whether it is a form that posts)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "a" and named.get("href"):
            self.found.append((str(named["href"]), False))
        if tag == "form" and (named.get("method") or "get").lower() == "post":
            self.found.append((named.get("action") or "", True))
        if named.get("formaction"):
            self.found.append((str(named["formaction"]), True))


def match(path: str, urlconf: str) -> ResolverMatch:
    """The URL pattern of a path. Raises Resolver404 when no page has this address."""
    return resolve(path, urlconf)


def walk(client: Client, urlconf: str, start: str) -> Walk:
    """Opens `start` and whatever follows from it by links; forms are noted, never sent."""
    result, waiting, seen = Walk(), [("", start)], set()
    while waiting:
        origin, path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        assert len(seen) < PAGES, f"More than {PAGES} pages: {sorted(seen)[-5:]}"
        answer = client.get(path)
        if answer.status_code >= 400:
            result.broken.append((origin, path, answer.status_code))
            continue
        route = match(path, urlconf).route
        result.doors.add(Door(route, path, is_form=False))
        result.opened[route] = answer.status_code
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            waiting += [(path, link) for link in _follow(answer.content, path, urlconf, result)]
    return result


def _follow(html: bytes, path: str, urlconf: str, result: Walk) -> list[str]:
    """The links of a page on its own host; its forms go into the result."""
    page, links = _Offers(), []
    page.feed(html.decode())
    for address, is_form in page.found:
        target = urlsplit(urljoin(f"http://here{path}", address))
        if target.netloc != "here" or target.path.startswith(ELSEWHERE):
            continue
        if is_form:
            route = match(target.path, urlconf).route
            result.doors.add(Door(route, target.path, is_form=True))
        else:
            links.append(target.path)
    return links
