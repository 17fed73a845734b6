"""The reference of environment variables is whole: what the code reads, and nothing else."""

import ast
import re

from tests.docs.manuals import ROOT
from tests.docs.test_deploy import told

STOREYS = ("tenants", "cache_api", "billing", "portal")
# Read, but nobody's to set: why.
INTERNAL = {
    "DJANGO_SETTINGS_MODULE": "Django's; every program sets it for itself",
    "NOTIFY_SOCKET": "systemd's; a unit has it",
    "STRIPE_SIMULATED": "`make run` sets it beside its own simulator",
    "SUPERUSER_DATABASE_URL": "of one command alone, shown with it",
}
READERS = re.compile(
    r"os\.environ(\.(get|setdefault|pop))?|(self\.)?environ\.get"
    r"|env\.(flag|url|text|secret|database|number)|flag|_port|_seconds"
)
NAME = re.compile(r"[A-Z][A-Z0-9_]+")


def read_by_the_code() -> dict[str, str]:
    """Variable → a file that asks for it by its name."""
    found = {}
    for path in [ROOT / "manage.py", *(one for name in STOREYS for one in
                                       (ROOT / name).rglob("*.py"))]:  # fmt: skip
        for node in ast.walk(ast.parse(path.read_text())):
            for name in _asked(node):
                found[name] = str(path.relative_to(ROOT))
    return found


def _asked(node: ast.AST) -> list[str]:
    """The variables that a call or a subscript names."""
    if isinstance(node, ast.Call):
        reader, given = node.func, node.args[:1]
    elif isinstance(node, ast.Subscript):
        reader, given = node.value, [node.slice]
    else:
        return []
    if not READERS.fullmatch(ast.unparse(reader)):
        return []
    return [one.value for one in given if isinstance(one, ast.Constant)
            and isinstance(one.value, str) and NAME.fullmatch(one.value)]  # fmt: skip


def test_every_variable_that_the_code_reads_is_told():
    read = read_by_the_code()
    assert len(read) > 40 and {"DEMO", "TIER_URL", "PAGE_DEADLINE_MS"} <= set(read)
    assert {name: file for name, file in read.items() if name not in told() | set(INTERNAL)} == {}


def test_every_variable_that_is_told_is_read():
    code = "".join(one.read_text() for name in STOREYS for one in (ROOT / name).rglob("*.py"))
    words = set(re.findall(r'"([A-Z][A-Z0-9_]+)"', code + (ROOT / "manage.py").read_text()))
    assert told() - words == set() and set(INTERNAL) <= words
