"""Every text of code and templates has its German, with the same placeholders."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.utils import translation

from portal import catalogs

BASE = Path(__file__).resolve().parents[2]
GERMAN = BASE / "locale" / "de" / catalogs.INSIDE
HOLES = re.compile(r"%\(\w+\)[a-z]|%[sd%]|</?\w+[^>]*>")


@pytest.fixture(scope="module")
def german():
    return catalogs.read(GERMAN)


def forms(one):
    """Pairs of what is asked for and what is said: singular with singular, plural with plural."""
    if isinstance(one.id, str):
        return [(one.id, one.string)]
    return list(zip(one.id, one.string, strict=True))


def test_every_text_has_its_german_and_none_is_left_over(german):
    wanted = {(one.id, one.context) for one in catalogs.found(BASE) if one.id}
    held = {(one.id, one.context) for one in german if one.id}

    assert len(wanted) > 2000
    assert wanted - held == set(), "not in the catalogue: run `manage.py texts` and translate"
    assert held - wanted == set(), "asked for no more: run `manage.py texts`"
    assert catalogs.unsaid(german) == []
    assert not any(one.fuzzy for one in german if one.id)


def test_every_placeholder_and_tag_stands_in_the_german_too(german):
    wrong = [
        (asked, said) for one in german if one.id for asked, said in forms(one)
        if sorted(HOLES.findall(asked)) != sorted(HOLES.findall(said))
    ]  # fmt: skip
    assert wrong == []


def test_german_text_ends_as_the_english_does(german):
    ends = re.compile(r"[ …:,]?\Z")
    wrong = [
        (asked, said) for one in german if one.id for asked, said in forms(one)
        if ends.search(asked).group() != ends.search(said).group()
        or (asked[:1].isspace(), asked[-1:] == "\n") != (said[:1].isspace(), said[-1:] == "\n")
    ]  # fmt: skip
    assert wrong == []


def test_what_is_found_in_code_and_templates(tmp_path):
    (tmp_path / "portal").mkdir()
    (tmp_path / "portal" / "a.py").write_text(
        '_("one")\nngettext("%(n)d run", "%(n)d runs", n)\npgettext_lazy("of a case", "Owner")\n'
        'gettext_lazy("two")\nnpgettext("of a case", "day", "days", n)\nprint("not this")\n'
    )
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "b.html").write_text(
        "<c-panel title=\"{% translate 'three' %}\">{% translate 'Owner' context 'of a case' %}"
        "{% blocktranslate count n=rows %}{{ n }} row{% plural %}{{ n }} rows"
        "{% endblocktranslate %}"
    )

    held = {(one.id, one.context) for one in catalogs.found(tmp_path) if one.id}

    assert held == {
        ("one", None), (("%(n)d run", "%(n)d runs"), None), ("Owner", "of a case"), ("two", None),
        (("day", "days"), "of a case"), ("three", None), (("%(n)s row", "%(n)s rows"), None),
    }  # fmt: skip


def test_a_text_without_german_is_told(tmp_path):
    texts = Catalog(locale="de")
    texts.add("said", "gesagt")
    texts.add("unsaid")
    texts.add(("one", "many"), ("eins", ""))

    assert catalogs.unsaid(texts) == ["unsaid", "one"]


def test_an_update_keeps_what_is_translated_and_compiles_without_gettext(tmp_path):
    (tmp_path / "portal").mkdir()
    (tmp_path / "portal" / "a.py").write_text('_("kept")\n_("new")\n')
    path = tmp_path / "locale" / "de" / catalogs.INSIDE
    path.parent.mkdir(parents=True)
    texts = Catalog(locale="de")
    texts.add("kept", "behalten")
    texts.add("gone", "fort")
    catalogs.write(texts, path)

    catalogs.update(tmp_path, path)
    once = path.read_bytes()
    updated = catalogs.update(tmp_path, path)
    catalogs.compile_all(tmp_path / "locale", tmp_path / "out")
    compiled = tmp_path / "out" / "de" / "LC_MESSAGES" / "django.mo"
    stamp = compiled.stat().st_mtime_ns
    catalogs.compile_all(tmp_path / "locale", tmp_path / "out")

    assert {one.id: one.string for one in updated if one.id} == {"kept": "behalten", "new": ""}
    assert path.read_bytes() == once
    assert compiled.stat().st_mtime_ns == stamp and b"behalten" in compiled.read_bytes()
    assert [p.name for p in compiled.parent.iterdir()] == ["django.mo"]


def test_this_process_speaks_german():
    with translation.override("de"):
        assert translation.gettext("Statements") == "Abrechnungen"
        assert translation.ngettext("%(n)s run", "%(n)s runs", 2) == "%(n)s Läufe"
        assert translation.pgettext("of a case", "Owner") == "Zuständig"
        assert translation.gettext("Owner") == "Inhaber"
