"""What the manuals say exists: links, commands, files, variables, codes, equations, and sums."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import get_commands

from billing.reconcile import CHECKS as BILLING_CHECKS
from billing.rules.accounts import ACCOUNTS
from billing.rules.rates import PER_UNIT, Rate
from billing.rules.rating import rate_quantity
from billing.rules.splits import PLATFORM, split_share
from billing.rules.templates import TEMPLATES
from cache_api.hot.problems import CODES, Problem
from cache_api.reconcile import CHECKS as USAGE_CHECKS
from cache_api.rules import identity
from portal.runbook import slug
from tenants.rules import roles

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINKED = [
    *PAGES,
    ROOT / "SECURITY.md",
    ROOT / "docs/deploy/README.md",
    *(ROOT / "sdk" / one for one in ("BEHAVIOUR.md", "python/README.md", "js/README.md")),
]
STOREYS = ("portal", "billing", "cache_api", "tenants")
CODE_FOLDERS = (*STOREYS, "bench", "docs", "sdk", "static", "templates", "tests", ".ci")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"manage\.py ([a-z][a-z_]+)")
_QUOTED = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?:{})/[\w./-]*".format("|".join(map(re.escape, CODE_FOLDERS))))
_READ = re.compile(
    r"""(?:environ(?:\.get)?[(\[]|env\.(?:url|flag|secret|text|number)\(|_port\()\s*["']([A-Z_]+)["']"""
)
_URL_KEY = re.compile(r'"((?:[A-Z]+_)?(?:DATABASE|CACHE|EVENTS|BROKER)_URL)"')
INTERNAL = {
    "DJANGO_SETTINGS_MODULE", "NOTIFY_SOCKET", "SUPERUSER_DATABASE_URL", "STRIPE_SIMULATED",
}  # fmt: skip


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def table_rows(text: str, first_cell: str) -> list[list[str]]:
    """The cells of the rows under the header that begins with `first_cell`."""
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {first_cell} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def anchors(page: Path) -> set[str]:
    """What can stand behind a `#`: the headings, outside of code."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.M | re.S)
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    wrong = []
    for link in _LINK.findall(page.read_text()):
        to, _, anchor = link.partition("#")
        target = page.parent / to if to else page
        if "://" not in link and (
            not target.exists() or (anchor and anchor not in anchors(target))
        ):
            wrong.append(link)
    assert wrong == []


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_files_exist(page):
    text = page.read_text()
    quoted = [name for name in _QUOTED.findall(text) if _PATH.fullmatch(name)]

    assert set(_COMMAND.findall(text)) - set(get_commands()) == set()
    assert [name for name in quoted if not (ROOT / name).exists()] == []


def test_links_into_a_page_lead_to_one_of_its_headings():
    bad = []
    for page in PAGES:
        for link in _LINK.findall(page.read_text()):
            file, _, anchor = link.partition("#")
            if not anchor or "://" in link:
                continue
            text = (page.parent / file if file else page).resolve().read_text()
            heads = {slug(one) for one in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
            bad += [] if anchor in heads else [(page.name, link)]
    assert bad == []


def test_the_readme_is_a_page_and_leads_to_every_manual():
    readme = (ROOT / "README.md").read_text()

    assert len(readme.splitlines()) <= 130
    for page in PAGES[1:]:
        others = [other.read_text() for other in PAGES if other != page]
        assert any(f"({page.name})" in text or f"(docs/{page.name})" in text for text in others)


def test_every_environment_variable_that_is_read_is_in_the_manual():
    sources = [path for storey in STOREYS for path in (ROOT / storey).rglob("*.py")]
    code = "\n".join(path.read_text() for path in [*sources, ROOT / "manage.py"])
    read = set(_READ.findall(code)) | set(_URL_KEY.findall(code))

    known = {name for row in table_rows(text_of("operating.md"), "variable")
             for name in _QUOTED.findall(row[0])}  # fmt: skip

    assert len(read) > 20
    assert read - INTERNAL == known


def test_every_equation_is_explained():
    explained = [name for row in table_rows(text_of("operating.md"), "equation")
                 for name in row[0].split(" · ")]  # fmt: skip

    assert sorted(explained) == sorted(one.name for one in (*USAGE_CHECKS, *BILLING_CHECKS))


def test_every_error_code_is_listed_under_its_status():
    listed = {
        code: int(row[0])
        for row in table_rows(text_of("integrating.md"), "status")
        for code in _QUOTED.findall(row[1])
    }

    assert listed == {code: Problem(code, "").status for code in CODES}


def test_the_denylist_and_the_roles_are_complete():
    assert set(_QUOTED.findall(text_of("integrating.md"))) >= identity.DENYLIST
    told = {row[0]: set(_QUOTED.findall(row[1]))
            for row in table_rows(text_of("security.md"), "audience")}  # fmt: skip
    assert told == {str(audience): set(known) for audience, known in roles.PERMISSIONS.items()}


def test_the_templates_and_accounts_are_there():
    text = text_of("settling.md")
    named = {name for row in table_rows(text, "agreement (template)")
             for name in _QUOTED.findall(row[0])}  # fmt: skip
    posted = {code for row in table_rows(text, "document")
              for code in re.findall(r"\b\d{4}\b", " ".join(row[1:]))}  # fmt: skip

    assert named == set(TEMPLATES)
    assert posted and posted <= set(ACCOUNTS)


def test_the_statement_checked_by_hand_comes_out_as_the_code_does():
    text = text_of("settling.md")
    total = 0
    for _, quantity, price, exact, rounded in table_rows(text, "line"):
        rate = Rate("example", "cached_requests", PER_UNIT, unit_price=Decimal(price))
        rated = rate_quantity(rate, Decimal(quantity), "USD")
        assert (rated.exact, rated.rounded_minor) == (Decimal(exact), cents(rounded))
        total += rated.rounded_minor
    [[invoice, percent, exact_share, partner, ours]] = table_rows(text, "invoice")
    bps = int(percent.removesuffix(" %")) * 100
    share = split_share(total, bps, PLATFORM)

    assert total == cents(invoice)
    assert Decimal(exact_share) == Decimal(total * bps) / 1_000_000
    assert (share.partner_minor, share.platform_minor) == (cents(partner), cents(ours))


def cents(text: str) -> int:
    return int(Decimal(text) * 100)


def known_tests() -> set[str]:
    return {
        f"{path.name}::{name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }


def test_every_test_that_a_manual_names_exists():
    named = {
        name for page in PAGES for name in re.findall(r"(test_\w+\.py::\w+)", page.read_text())
    }
    assert len(named) > 50 and named - known_tests() == set()


def test_every_cell_of_the_fault_matrix_names_tests_that_exist():
    text = text_of("operating.md")
    rows = table_rows(text, "dependency")
    tests = {
        letter: re.findall(r"`(test_\w+\.py::\w+)`", line)
        for letter, line in re.findall(r"^- ([A-Z]) (`test_.*)$", text, re.MULTILINE)
    }
    assert [row[0] for row in rows] == ["cache Valkey", "events Valkey", "PostgreSQL",
                                        "Celery, broker", "Stripe", "disk full"]  # fmt: skip
    assert {len(row) for row in rows} == {5}
    cells = [cell for row in rows for cell in row[1:]]
    restarts = [f"({row[3]})" for row in table_rows(text[text.index("### Restarts") :], "what")
                if "::" not in row[3]]  # fmt: skip
    assert len(restarts) == 6
    named = [re.findall(r"\b[A-Z]\b", " ".join(re.findall(r"\(([A-Z, ]+)\)", one)))
             for one in [*cells, *restarts]]  # fmt: skip
    assert all(named) and {letter for letters in named for letter in letters} == set(tests)
    assert all(tests.values()) and {name for some in tests.values() for name in some} <= (
        known_tests()
    )


def test_every_cell_of_the_settlement_column_names_a_test_that_exists():
    text = text_of("operating.md")
    section = text[text.index("## What settlement does") :].replace("| |", "| what |", 1)
    rows = table_rows(section, "what")
    assert len(rows) == 8
    known = known_tests()
    for what, down, slow in rows:
        named = re.findall(r"`(test_\w+\.py::\w+)`", down + slow)
        assert named and set(named) <= known, (what, set(named) - known)
        assert down.startswith("`") and (slow.startswith(("`", "the same")) or "disk" in what)
