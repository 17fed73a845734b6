"""docs/asvs.md: every requirement of levels 1 and 2 once, and what is named as evidence exists."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "asvs.md"
STATES = {"met", "partly", "not met", "n/a"}
# Of ASVS 5.0.0: how many requirements of levels 1 and 2 a section has; its level 3 follow them.
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2,
    "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
    "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
    "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4,
    "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
    "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip
_ROW = re.compile(r"^\| (\d[\d.,–\s]*) \| ([^|]+) \| ([^|]+) \| (.+) \|$", re.MULTILINE)
_NAME = re.compile(r"`([\w./-]+\.(?:py|html|md|js|svg)|docs/deploy/Caddyfile)(?:::(\w+))?`")


def rows() -> list[tuple[str, str, str, str]]:
    return _ROW.findall(PAGE.read_text())


def numbers(cell: str) -> list[str]:
    """`6.2.6–7, 6.3.1` as the requirements it stands for."""
    found = []
    for one in cell.split(", "):
        section, _, last = one.rpartition(".")
        first, _, end = last.partition("–")
        found += [f"{section}.{n}" for n in range(int(first), int(end or first) + 1)]
    return found


def places() -> dict[str, list[Path]]:
    """Test files by their name alone; any file by its path is looked up by itself."""
    found: dict[str, list[Path]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        found.setdefault(path.name, []).append(path)
    return found


def defined(path: Path) -> set[str]:
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {one.id for one in node.targets if isinstance(one, ast.Name)}
    return names


def missing(text: str, tests: dict[str, list[Path]]) -> list[str]:
    """What a cell names and nobody finds."""
    found = []
    for name, symbol in _NAME.findall(text):
        files = [ROOT / name] if (ROOT / name).exists() else tests.get(name, [])
        if not files or (symbol and not any(symbol in defined(one) for one in files)):
            found.append(f"{name}::{symbol}" if symbol else name)
    return found


def test_every_requirement_of_levels_1_and_2_stands_there_once():
    wanted = [f"{section}.{n + 1}" for section, most in SECTIONS.items() for n in range(most)]
    assert len(wanted) == 253
    assert sorted(one for row in rows() for one in numbers(row[0])) == sorted(wanted)
    assert {row[2] for row in rows()} == STATES


def test_a_row_is_shown_by_something_or_says_why():
    headings = re.findall(r"^## (.+)$", PAGE.read_text(), re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    for cell, _, state, shown in rows():
        if state in {"met", "partly"}:
            below = re.search(r"\[Below\]\(#([a-z-]+)\)", shown)
            assert _NAME.search(shown) or (below and below[1] in anchors), cell
        else:
            assert len(_NAME.sub("", shown).split()) >= 2, cell


def test_what_is_named_exists():
    tests = places()
    assert missing("`test_hosts.py::test_no_such` and `portal/none.py`", tests) == [
        "test_hosts.py::test_no_such", "portal/none.py",
    ]  # fmt: skip
    wrong = {row[0]: lost for row in rows() if (lost := missing(row[3], tests))}
    assert wrong == {}
    quoted = re.findall(r"`([^`]*(?:\.py|::)[^`]*)`", PAGE.read_text())
    assert [one for one in quoted if not _NAME.fullmatch(f"`{one}`")] == []
