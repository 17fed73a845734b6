"""Every snippet of docs/sdk.md prints what it says, and every example runs to its end."""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys

import pytest

from .conftest import ROOT

PAGE = (ROOT / "docs/sdk.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = sorted((ROOT / "sdk/python/examples").glob("*.py"))


@pytest.fixture
def environ(served, monkeypatch):
    settings = {
        "AGENTCACHE_API_KEY": served["partners"]["pinecone"]["live"],
        "AGENTCACHE_BASE_URL": served["edge"],
        "REDIS_URL": f"redis://127.0.0.1:{served['servers']['redis']}/5",
        "CLUSTER_URL": f"redis://127.0.0.1:{served['servers']['cluster']}",
        "MEMCACHED": f"127.0.0.1:{served['servers'].get('memcached', 0)}",
    }
    for name, text in settings.items():
        monkeypatch.setenv(name, text)
    return {**os.environ, **settings}


def check(code):
    if "memcache" in code and shutil.which("memcached") is None:
        pytest.skip("memcached is not installed")


@pytest.mark.parametrize("code", BLOCKS, ids=lambda code: code.splitlines()[-1][:40])
def test_snippet(environ, code):
    check(code)
    expected = re.findall(r"# → (.*)", code)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        # A first lookup of the process waits for its imports and threads, here on a busy machine.
        exec(compile(patient(code), "docs/sdk.md", "exec"), {"__name__": "__main__"})
    assert out.getvalue().splitlines() == expected


def patient(code):
    """The snippet with all the time there is: it is about what happens, not how fast."""
    for name in ("AsyncAgentCacheOverflow(", "AgentCacheOverflow("):
        code = re.sub(
            rf"(?<!\w){re.escape(name)}", f'{name}deadline="10s", connect_timeout="5s", ', code
        )
    return code


def test_each_integration_has_a_snippet():
    assert len(BLOCKS) >= 7


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(environ, path):
    check(path.read_text())
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=60, check=False,
        env={**environ, "PYTHONPATH": str(ROOT / "sdk/python/src")},
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout, done.stderr
