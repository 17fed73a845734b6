"""Rules of our own that no linter knows, with the named places that may leave them.

Each rule finds something in a snippet that breaks it, and in the code just what is named.
"""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
STOREYS = ("portal", "billing", "cache_api", "tenants")
NETWORK = {"requests", "httpx", "aiohttp", "urllib3", "urllib.request", "http.client", "socket",
           "smtplib", "ftplib", "telnetlib"}  # fmt: skip
UNPICKLERS = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
SECRETS = {"secret", "secret_sha256", "signature", "token_hash", "password", "mac", "hmac"}
RUNNERS = {"eval", "exec", "compile", "__import__"}
Find = Callable[[ast.AST], bool]


def called(node: ast.AST) -> str:
    """The last word of what a call calls, or ''."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", "") or getattr(node.func, "id", "")


def imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {one.name for one in node.names}
    if isinstance(node, ast.ImportFrom) and node.module:
        return {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return set()


def with_word(name: str, *values: object) -> Find:
    """A call with the word `name=`, of one of `values` if there are any."""
    return lambda node: (
        isinstance(node, ast.Call)
        and any(
            word.arg == name and (not values or getattr(word.value, "value", ...) in values)
            for word in node.keywords
        )
    )


def raw_sql(node: ast.AST) -> bool:
    return called(node) in {"cursor", "raw", "extra", "RawSQL"} or "psycopg" in imported(node)


def bare_cookie(node: ast.AST) -> bool:
    words = {word.arg for word in getattr(node, "keywords", ())}
    return called(node) == "set_cookie" and not {"httponly", "secure", "samesite"} <= words


def every_field(node: ast.AST) -> bool:
    """`fields = "__all__"` or `exclude = …` in a Meta: what a new column would join by itself."""
    return isinstance(node, ast.ClassDef) and node.name == "Meta" and any(
        isinstance(one, ast.Assign)
        and (one.targets[0].id == "exclude" or getattr(one.value, "value", 0) == "__all__")
        for one in node.body if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
    )  # fmt: skip


def exempt(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and any(
        "csrf_exempt" in ast.unparse(one) for one in node.decorator_list
    )


def made_pattern(node: ast.AST) -> bool:
    """A regular expression that is put together of more than constants."""
    is_re = isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.")
    return is_re and bool(node.args) and any(
        isinstance(part, ast.Call | ast.Name) and ast.unparse(part) != ast.unparse(part).upper()
        for part in ast.walk(node.args[0])
    )  # fmt: skip


def made_format(node: ast.AST) -> bool:
    """`format` of what is neither a constant nor called like one."""
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "format" and not (
        isinstance(node.func.value, ast.Constant)
        or ast.unparse(node.func.value) == ast.unparse(node.func.value).upper()
    )  # fmt: skip


def compared_in_a_hurry(node: ast.AST) -> bool:
    """`==` on a secret or what proves one: it ends at the first byte that is wrong."""
    return isinstance(node, ast.Compare) and any(
        isinstance(how, ast.Eq | ast.NotEq) for how in node.ops
    ) and any(
        getattr(one, "attr", getattr(one, "id", "")) in SECRETS
        for one in (node.left, *node.comparators)
    )  # fmt: skip


# rule: (what finds it, a snippet that breaks it, folders where it may be, files that may and why)
RULES: dict[str, tuple[Find, str, tuple[str, ...], dict[str, str]]] = {
    "raw SQL": (raw_sql, "connection.cursor()", ("gateways", "db", "migrations"), {
        "cache_api/metering/store.py": "the tables that are partitioned, of psycopg's composed SQL",
        "billing/queries/frozen_json.py": "takes JSON apart in Postgres, of constants",
        "cache_api/queries/by_customer.py": "one sum over months, days and hours, of constants",
        "cache_api/queries/requests.py": "sets a deadline of its own",
        "cache_api/queries/prompts.py": "a sum over prefixes, of constants",
        "portal/demo/tour/answering.py": "the tour tries what a role may not do",
        "portal/records/site.py": "makes the transaction of raw records read-only",
        "portal/servers/postgres.py": "starts the server",
        "portal/servers/roles.py": "makes the logins",
        "tenants/actions/go_back.py": "a schema's own table of migrations",
        "tenants/deploy_servers.py": "asks what the login may do",
        "tenants/management/commands/migrate_partners.py": "a schema's own table of migrations",
    }),
    "HTML as it is": (
        lambda node: called(node) in {"mark_safe", "SafeString", "SafeText"},
        "mark_safe(text)", (), {
            "portal/queries/legal.py": "its Markdown takes no HTML",
            "portal/runbook.py": "our own manual, in which HTML is text",
            "portal/templatetags/charts.py": "escapes each word itself",
            "portal/templatetags/fmt.py": "likewise",
        }),
    "a way out": (
        lambda node: bool(imported(node) & NETWORK), "import requests", ("gateways",), {
            "portal/demo/breaking.py": "the demo asks its own edge",
            "portal/demo/tour/reading.py": "likewise",
            "portal/demo/tour/running.py": "likewise",
            "portal/demo/tour/seeing.py": "likewise",
            "portal/management/commands/demo_traffic.py": "likewise",
            "portal/servers/__main__.py": "tells systemd that it is ready",
            "portal/servers/ports.py": "looks for a free port",
            "portal/servers/supervisor.py": "asks whether its own servers are up",
            "portal/simulators/stripe/webhooks.py": "sends to the demo's own portal",
            "tenants/accounts/adapter.py": "smtplib's name of a mail server's refusal",
        }),
    "redirects followed": (with_word("follow_redirects", True), "get(u, follow_redirects=True)", (),
                           {}),
    "certificates unchecked": (with_word("verify", False), "get(u, verify=False)", (), {}),
    "a shell": (with_word("shell", True), "run(words, shell=True)", (), {}),
    "text that runs": (
        lambda node: isinstance(node, ast.Call) and getattr(node.func, "id", "") in RUNNERS,
        "eval(text)", (), {}),
    "objects from bytes": (lambda node: bool(imported(node) & UNPICKLERS), "import pickle", (), {
        "billing/gateways/spool.py": "this process's own file, which has no name",
    }),
    "forms without a token": (exempt, "@csrf_exempt\ndef view(request): ...", (), {
        "portal/views/sso.py": "a SAML provider posts its answer; the session ends it at `finish`",
        "portal/views/stripe_webhook.py": "Stripe signs the bytes",
    }),
    "cookies without flags": (bare_cookie, "answer.set_cookie('a', 'b', httponly=True)", (), {}),
    "every field of a model": (every_field, "class Meta:\n    fields = '__all__'", (), {}),
    "a pattern put together": (made_pattern, "re.compile(given)", (), {
        "billing/rules/bank.py": "of an invoice's number that is only letters and digits by then",
        "cache_api/rules/controls.py": "the constant of a header",
        "portal/words/alerts.py": "of its own table",
        "portal/simulators/stripe/contract.py": "of the paths of Stripe's own specification",
        "tenants/rules/sayings.py": "of a sentence in the code, escaped but for its holes",
    }),
    "a format put together": (made_format, "given.format(1)", (), {
        "billing/gateways/ledgers.py": "of constants and our models' columns",
        "cache_api/metering/store.py": "psycopg's own, of composed SQL",
        "cache_api/openapi/__init__.py": "names of headers in a constant",
        "portal/servers/roles.py": "psycopg's own",
        "tenants/db/ddl.py": "psycopg's own",
    }),
    "secrets compared in a hurry": (compared_in_a_hurry, "a.secret_sha256 == b", (), {}),
    "weak digests": (lambda node: called(node) in {"md5", "sha1"}, "hashlib.md5(b'')", (), {}),
}  # fmt: skip


@cache
def parsed() -> dict[str, list[ast.AST]]:
    """Every file of the four storeys: those of its nodes that a rule looks at."""
    kinds = (
        ast.Call, ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.Compare,
    )  # fmt: skip
    return {
        str(path.relative_to(ROOT)): [
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)
        ]
        for storey in STOREYS
        for path in (ROOT / storey).rglob("*.py")
    }


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_left_where_it_is_named_and_nowhere_else(rule):
    find, snippet, folders, named = RULES[rule]
    assert any(map(find, ast.walk(ast.parse(snippet))))

    found = {
        name for name, nodes in parsed().items()
        if not set(folders) & set(Path(name).parts) and any(map(find, nodes))
    }  # fmt: skip
    assert found == set(named)


def test_only_two_views_take_a_form_without_a_token():
    found = {
        node.name for nodes in parsed().values() for node in nodes
        if isinstance(node, ast.FunctionDef) and exempt(node)
    }  # fmt: skip
    assert found == {"acs", "stripe_webhook"}


def test_doors_ask_queries_and_never_models():
    """Views and forms name a row's type and call actions; they look for no row themselves."""
    asks = re.compile(r"\.objects\b|get_(object|list)_or_404")
    assert asks.search("User.objects.get(pk=1)") and asks.search("get_object_or_404(User, pk=1)")
    doors = [name for name in parsed() if {"views", "views.py", "forms"} & set(Path(name).parts)]
    assert len(doors) > 100
    found = {name for name in doors if asks.search((ROOT / name).read_text())}
    assert found == set()


def lines(pattern: str) -> Iterator[str]:
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.is_file() and re.search(pattern, path.read_text()):
            yield str(path.relative_to(ROOT))


def test_templates_escape_but_where_it_is_text_or_our_own_words():
    assert list(lines(r"\|\s*safe(seq)?\b")) == ["templates/cotton/field.html"]  # help of our forms
    plain = list(lines(r"autoescape off"))
    assert plain and {Path(name).suffix for name in plain} == {".txt"}  # mails in plain text


def test_pages_hold_no_script_but_our_files():
    """As the Content-Security-Policy would refuse; here before a browser meets it."""
    inline = r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")|\son[a-z]+=\"|javascript:"
    assert list(lines(inline)) == []
    writes = r"\.(innerHTML|outerHTML)\s*=|insertAdjacentHTML|document\.write|\beval\("
    assert [
        p.name for p in (ROOT / "static").rglob("*.js") if re.search(writes, p.read_text())
    ] == []


def test_the_settings_flags_of_cookies():
    """By what they are written as: `Secure` and the `__Host-` names come with HTTPS=1."""
    given = {
        target.id: ast.unparse(node.value)
        for node in ast.walk(ast.parse((ROOT / "portal/settings.py").read_text()))
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and "_COOKIE_" in target.id
    }
    for cookie in ("SESSION", "CSRF", "LANGUAGE"):
        assert given[f"{cookie}_COOKIE_SECURE"] == "HTTPS"
        assert given[f"{cookie}_COOKIE_HTTPONLY"] == "True"
        assert given[f"{cookie}_COOKIE_SAMESITE"] == "'Lax'"
        assert given[f"{cookie}_COOKIE_NAME"].startswith("'__Host-")


def test_every_icon_that_a_page_names_is_drawn():
    drawn = set(re.findall(r'id="([a-z_-]+)"', (ROOT / "static/img/icons.svg").read_text()))
    named = re.compile(r'(?:\bicon|<c-icon name)="([a-z_-]+)"')
    pages = [path.read_text() for path in (ROOT / "templates").rglob("*.html")]
    asked = {name for page in pages for name in named.findall(page)}
    assert len(asked) > 20 and asked <= drawn
