"""Texts in other languages: found in code and templates, kept in `locale/`, compiled by babel.

Nothing here needs gettext's programs: a fresh clone speaks every language it holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

FOLDERS = ("portal", "tenants", "billing", "cache_api", "templates")
INSIDE = Path("LC_MESSAGES") / "django.po"
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None, "gettext_noop": None, "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2), "npgettext_lazy": ((1, "c"), 2, 3),
    "Said": None,  # what rules and actions say: `tenants.rules.sayings`
}  # fmt: skip


def found(base: Path) -> Catalog:
    """Every text that code and templates below `base` ask for, with where it stands."""
    texts = Catalog(charset="utf-8")
    for path in _sources(base):
        name = path.relative_to(base).as_posix()
        code = path.read_text()
        if path.suffix != ".py":
            code = templatize(code, origin=name)
        for line, verb, said, _comments in extract_python(
            BytesIO(code.encode()), list(KEYWORDS), [], {}
        ):
            words = said if isinstance(said, tuple) else (said,)
            context = str(words[0]) if "pgettext" in verb else None
            words = words[1 if context else 0 :][: 2 if "n" in verb.split("gettext")[0] else 1]
            if all(words):
                texts.add(words if len(words) > 1 else words[0], locations=[(name, line)],
                          context=context)  # fmt: skip
    return texts


def read(path: Path) -> Catalog:
    """A `.po` file; its folder names the language."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, domain="django")


def update(base: Path, path: Path) -> Catalog:
    """Bring a `.po` file up to the code: new texts come in empty, unused ones go."""
    texts = read(path)
    texts.update(found(base), no_fuzzy_matching=True, update_creation_date=False)
    write(texts, path)
    return texts


def write(texts: Catalog, path: Path) -> None:
    """A `.po` file, without line numbers: they change with every edit above them."""
    with path.open("wb") as file:
        write_po(file, texts, width=100, include_lineno=False, ignore_obsolete=True)


def unsaid(texts: Catalog) -> list[str]:
    """The texts that have no translation, or only some of their plural forms."""
    return [
        one.id if isinstance(one.id, str) else one.id[0]
        for one in texts
        if one.id and not all([one.string] if isinstance(one.string, str) else one.string or [""])
    ]


def compile_all(source: Path, target: Path) -> None:
    """Each `.po` below `source` as a `.mo` below `target`, where that is missing or older.

    Safe to repeat, and by several processes at once: a file is replaced whole.
    """
    for path in sorted(source.glob(f"*/{INSIDE}")):
        compiled = (target / path.relative_to(source)).with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime_ns >= path.stat().st_mtime_ns:
            continue
        compiled.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=compiled.parent, delete=False) as file:
            write_mo(file, read(path))
        os.chmod(file.name, 0o644)
        os.replace(file.name, compiled)


def _sources(base: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((base / folder).rglob("*")):
            if path.suffix in {".py", ".html", ".txt", ".svg"} and "migrations" not in path.parts:
                yield path
