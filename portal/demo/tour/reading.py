"""Somebody of the demo who is signed in and reads: pages as tables, files as rows."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import requests
from lxml import html

from portal.demo.tour.running import Failed, require

PATIENCE_S = 30
MONEY = re.compile(r"([-−]?)\$([\d,]+\.\d\d)")
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
Row = dict[str, Any]


class Reader:
    """One person's session at one host, at 127.0.0.1: Python does not resolve `*.localhost`."""

    def __init__(self, url: str, login: dict[str, str]) -> None:
        """Sign in by the form. Raises Failed."""
        parts = urlsplit(url)
        self.base = f"http://127.0.0.1:{parts.port}"
        self.session = requests.Session()
        self.session.headers["Host"] = parts.netloc
        found = _TOKEN.search(self._get("/accounts/login/").text)
        facts = {"csrfmiddlewaretoken": found[1] if found else "", "login": login["email"],
                 "password": login["password"]}  # fmt: skip
        answer = self.session.post(f"{self.base}/accounts/login/", facts, timeout=PATIENCE_S,
                                   allow_redirects=False)  # fmt: skip
        require(answer.status_code == 302, f"{login['email']} can not sign in.")

    def table(self, path: str, caption: str) -> list[Row]:
        """The rows of a page's table: header → money, or {name, href} where there is a link.

        The first cell is also found under "". No such table: no rows. Raises Failed.
        """
        page = html.fromstring(self._get(path).content)
        found = [one for one in page.iter("table") if one.findtext("caption") == caption]
        if not found:
            return []
        heads = [one.text_content().strip() for one in found[0].find("thead").iter("th")]
        cells = [[_cell(one) for one in row] for row in found[0].find("tbody").findall("tr")]
        return [{**dict(zip(heads, row, strict=True)), "": row[0]} for row in cells]

    def pages(self, path: str, caption: str) -> list[Row]:
        """The same of a list over all its pages."""
        rows: list[Row] = []
        number = 1
        while more := self.table(f"{path}?page={number}", caption):
            if rows and more[-1] == rows[-1]:  # past the end, the last page comes again
                return rows
            rows, number = rows + more, number + 1
        return rows

    def file(self, path: str) -> list[dict[str, str]]:
        """The rows of a CSV file. Raises Failed."""
        return list(csv.DictReader(io.StringIO(self._get(path).content.decode())))

    def _get(self, path: str) -> requests.Response:
        answer = self.session.get(self.base + path, timeout=PATIENCE_S)
        if answer.status_code != 200:
            raise Failed(f"{path} answered {answer.status_code}.")
        return answer


def _cell(cell: Any) -> Any:
    under = " ".join(one.text_content().strip() for one in cell.find_class("table__sub"))
    for one in list(cell.find_class("table__sub")):
        one.drop_tree()
    text, link = " ".join(cell.text_content().split()), cell.find(".//a")
    if link is not None:
        return {"name": text, "href": link.get("href"), "under": under}
    money = MONEY.fullmatch(text)
    if money is None:
        return text
    return Decimal(money[2].replace(",", "")) * (-1 if money[1] else 1)
