"""schemathesis over the OpenAPI document, every check on, against both doors.

Few examples here, always the same ones; `--schemathesis-examples` runs as many as wanted.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from portal.views.api_docs import document

# Text is ASCII, where the document's pattern says exactly what is printable. 422 is the answer to
# a well-formed request that has no canonical form, or to a response that may not be stored; 504 is
# what a drop-in's miss is by design.
CONFIG = """
[generation]
codec = "ascii"
deterministic = true
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "504"]
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "5xx"]
"""


# Read from Postgres: the edge says where to ask.
PORTAL_ONLY = ("/api/overflow/stats", "/api/v1/metrics")


@pytest.fixture
def described(door, tmp_path) -> Path:
    """What a door serves of the document, and schemathesis's configuration beside it."""
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    told = document()
    paths = {
        path: entry
        for path, entry in told["paths"].items()
        if door.name != "edge" or path not in PORTAL_ONLY
    }
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps({**told, "paths": paths}))
    return file


def test_the_document_holds_for_whatever_is_sent(door, cast, described, request):
    partner = cast.open(f"schemathesis-{door.name}")
    examples = request.config.getoption("schemathesis_examples")
    arguments = [
        "run", described.name, f"--url=http://127.0.0.1:{door.port}", "--checks=all",
        f"--max-examples={examples}", "--seed=1", "--workers=1", "--warnings=off",
        "--max-response-time=10", "--header", f"Authorization: Bearer {partner.live}",
        "--header", f"Host: {door.host}", "--suppress-health-check=all", "--no-color",
    ]  # fmt: skip

    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *arguments],
        cwd=described.parent, capture_output=True, text=True, check=False, timeout=3_600,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert "No issues found" in done.stdout
