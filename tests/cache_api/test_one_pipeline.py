"""Two doors, one pipeline: without cache_api/hot/ neither door can even be imported."""

import shutil
import subprocess
import sys

import pytest

from tests.plugin import ROOT

STOREYS = ("portal", "billing", "cache_api", "tenants", "templates", "static")
EDGE = "import cache_api.edge.app"
DRF = (
    "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'portal.settings'; "
    "django.setup(); import cache_api.views"
)


@pytest.fixture(scope="module")
def without_pipeline(tmp_path_factory):
    """The code without it."""
    folder = tmp_path_factory.mktemp("without")
    for storey in STOREYS:
        shutil.copytree(ROOT / storey, folder / storey, ignore=shutil.ignore_patterns("hot"))
    assert not (folder / "cache_api" / "hot").exists()
    return folder


def imported(folder, statement):
    return subprocess.run(
        [sys.executable, "-c", statement], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("door", [EDGE, DRF], ids=["edge", "drf"])
def test_a_door_needs_the_pipeline(without_pipeline, door):
    whole, without = imported(ROOT, door), imported(without_pipeline, door)

    assert whole.returncode == 0, whole.stderr
    assert without.returncode == 1
    assert "No module named 'cache_api.hot'" in without.stderr
