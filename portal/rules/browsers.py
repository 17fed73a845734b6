"""What a browser calls itself, in two words that a person knows."""

from __future__ import annotations

# Many claim to be others as well: the more particular name stands before.
NAMES = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"), ("curl/", "curl"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
LONGEST = 80


def name_of(agent: str) -> str:
    """`Chrome, Linux`; what is none of NAMES as it calls itself, at most LONGEST characters."""
    name = next((said for mark, said in NAMES if mark in agent), "")
    system = next((said for mark, said in SYSTEMS if mark in agent), "")
    known = ", ".join(filter(None, (name, system))) if name else agent
    return known if len(known) <= LONGEST else f"{known[: LONGEST - 1]}…"
