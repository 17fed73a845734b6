"""What holds the design together: fallback colours, strict CSP in every template, the menu."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import get_template, render_to_string
from django.urls import NoReverseMatch, reverse

from portal.nav import MENU
from tenants.rules.brandcss import css_text, icon_svg
from tenants.rules.palette import declared_pairs, default_tokens
from tenants.rules.roles import PERMISSIONS, Audience

BASE = Path(settings.BASE_DIR)
TEMPLATES = sorted((BASE / "templates").rglob("*.html"))
SHEETS = sorted((BASE / "static" / "css").glob("*.css"))
ERRORS = (400, 403, 404, 421, 429, 500, 503)


def test_fallback_colours_and_icon_are_agentcaches_own():
    tokens = default_tokens()
    assert (BASE / "static/css/tokens-default.css").read_text() == css_text(tokens)
    assert (BASE / "static/img/icon-default.svg").read_text().strip() == icon_svg(
        tokens["light"], "A"
    )


def name(path):
    return str(path.relative_to(BASE))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_templates_hold_nothing_that_a_strict_policy_forbids(path):
    source = path.read_text()
    assert not re.search(r"""\sstyle=["']|<style|javascript:|\shx-on|\son[a-z]+=["']""", source)
    for tag in re.findall(r"<script\b[^>]*>", source):
        assert "src=" in tag or 'type="application/json"' in tag, tag  # data is never run
    assert not re.search(r"""(src|href)=["'](https?:)?//""", source), "nothing from other hosts"


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_templates_compile(path):
    get_template(str(path.relative_to(BASE / "templates")))


@pytest.mark.parametrize("path", SHEETS, ids=name)
def test_stylesheets_use_declared_colours_and_existing_files(path):
    source = path.read_text()
    tokens = default_tokens()["light"].keys()
    own = set(re.findall(r"--([a-z0-9-]+)\s*:", "".join(sheet.read_text() for sheet in SHEETS)))
    used = set(re.findall(r"var\(--([a-z0-9-]+)", source))
    assert used <= tokens | own, used - tokens - own
    for address in re.findall(r'url\("([^"]+)"\)', source):
        assert finders.find((Path("css") / address).as_posix().replace("css/../", "")), address


@pytest.mark.parametrize("path", [p for p in SHEETS if p.stem != "tokens-default"], ids=name)
def test_text_colours_are_never_written_as_numbers(path):
    rules = re.sub(r"@layer print \{.*", "", path.read_text(), flags=re.S)
    assert not re.search(r"[^-]color:\s*#", rules)


def test_text_tokens_of_the_sheets_are_in_the_promise():
    promised = {pair.front for pair in declared_pairs()}
    used = set()
    for sheet in SHEETS:
        used |= set(re.findall(r"[{;\s]color:\s*var\(--([a-z0-9-]+)\)", sheet.read_text()))
    surfaces = {token for token in used if token.startswith("surface")}
    assert used - surfaces - {"ok", "warn", "danger", "info", "border-2"} <= promised


@pytest.mark.parametrize("status", ERRORS)
def test_error_pages_need_no_request_and_no_brand(status):
    html = render_to_string(f"errors/{status}.html")
    assert str(status) in html and "AgentCache" in html and "tokens-default" in html
    assert "/brand/" not in html


@pytest.mark.parametrize("audience", list(MENU))
def test_the_menu_leads_to_pages_that_its_roles_can_open(audience):
    urlconf = settings.CONSOLE_URLCONF if audience == Audience.PLATFORM else settings.ROOT_URLCONF
    permissions = frozenset().union(*PERMISSIONS[audience].values())
    for entry in MENU[audience]:
        assert reverse(entry.url_name, urlconf=urlconf).startswith("/")
        assert entry.permission in permissions


def test_the_other_hosts_pages_are_not_in_the_menu():
    with pytest.raises(NoReverseMatch):
        reverse("console_cockpit", urlconf=settings.ROOT_URLCONF)
