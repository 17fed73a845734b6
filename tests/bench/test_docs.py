"""The pages quote the raw results that lie beside them, row for row, and link each."""

import json
from pathlib import Path

import pytest

from bench import report

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = {name: (DOCS / f"{name}.md").read_text() for name in ("benchmarks", "scaling")}
RESULTS = [one for name in PAGES for one in sorted((DOCS / name).glob("*.json"))]
# Columns that say nothing there: of one round, and of processes that are measured elsewhere.
LEFT_OUT = {"cluster.json": ("one range", "RSS MB")}
SCHEMAS = [json.loads((DOCS / f"scaling/schemas-{n}.json").read_text()) for n in (200, 1000)]


def test_there_are_results():
    assert {one.parent.name for one in RESULTS} == set(PAGES)


@pytest.mark.parametrize("file", RESULTS, ids=lambda file: file.name)
def test_the_page_has_every_row_and_bar_of_its_results_and_links_them(file):
    result, page = json.loads(file.read_text()), PAGES[file.parent.name]
    assert f"({file.parent.name}/{file.name})" in page
    if file.name.startswith("schemas"):
        return  # side by side, below
    for part in {"rows", "bars"} & result.keys():
        lines = report.markdown(
            result[part], (*report.NARROW, *LEFT_OUT.get(file.name, ()))
        ).splitlines()
        assert [line for line in lines if line not in page] == []


def test_schemas_stand_side_by_side():
    pairs = list(zip(*(one["rows"] for one in SCHEMAS), strict=True))
    assert len(pairs) > 8
    for few, many in pairs:
        assert few["what"] == many["what"]
        assert f"| {few['what']} | {few['figure']} | {many['figure']} |" in PAGES["scaling"]


def test_what_is_said_of_the_workers_is_what_came_out():
    result = json.loads((DOCS / "scaling/workers.json").read_text())
    partners, unfinished = result["partners"], result["unfinished when one was killed"]
    assert (
        f"{partners} partners with {result['customers each']} customers" in PAGES["scaling"]
        and f"while {unfinished} runs were unfinished: all {partners} were ready for review"
        f" {result['seconds until all were ready']} s"
        in PAGES["scaling"]
    )
