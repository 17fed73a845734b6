"""Browsers by the names that people know."""

import pytest

from portal.rules.browsers import LONGEST, name_of

MOZILLA = "Mozilla/5.0"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (f"{MOZILLA} (X11; Linux x86_64) {WEBKIT} Chrome/156.0.0.0 Safari/537.36", "Chrome, Linux"),
        (f"{MOZILLA} (Windows NT 10.0; Win64) {WEBKIT} Chrome/156.0 Safari/537.36 Edg/156.0",
         "Edge, Windows"),
        (f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/18.1 Safari/605.1.15",
         "Safari, macOS"),
        (f"{MOZILLA} (iPhone; CPU iPhone OS 18_1 like Mac OS X) {WEBKIT} CriOS/156.0 Safari/604.1",
         "Chrome, iPhone"),
        (f"{MOZILLA} (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox, Android"),
        ("curl/8.5.0", "curl"), ("python-requests/2.32", "python-requests/2.32"), ("", ""),
        ("x" * 200, "x" * (LONGEST - 1) + "…"),
    ],
)  # fmt: skip
def test_a_browser_by_its_name(agent, name):
    assert name_of(agent) == name
