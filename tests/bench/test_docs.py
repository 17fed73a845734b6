"""docs/benchmarks.md quotes the raw results that lie beside it, row for row, and links each."""

import json
from pathlib import Path

import pytest

from bench import report

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "benchmarks.md").read_text()
RESULTS = sorted((ROOT / "docs" / "benchmarks").glob("*.json"))


def test_there_are_results():
    assert RESULTS


@pytest.mark.parametrize("file", RESULTS, ids=lambda file: file.name)
def test_the_page_has_every_row_and_bar_of_its_results_and_links_them(file):
    result = json.loads(file.read_text())
    assert f"(benchmarks/{file.name})" in PAGE
    for part in {"rows", "bars"} & result.keys():
        lines = report.markdown(result[part], report.NARROW).splitlines()
        assert [line for line in lines if line not in PAGE] == []
