"""The packages that the portal serves are complete, and only they are served."""

import hashlib
import io
import re
import tarfile
import zipfile

import pytest
from django.test import Client

from portal import env, sdk_packages
from tenants import resolve

HOST = "cache.redis.localhost"


@pytest.fixture
def client(database):
    database.login("web")
    resolve.forget()
    return Client(HTTP_HOST=HOST)


def test_the_page_links_what_can_be_installed(client, tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    page = client.get("/docs/sdk/").content.decode()
    links = dict(re.findall(rf'href="http://{HOST}(/docs/sdk/[^"#]+)#sha256=(\w+)"', page))

    assert any(link.endswith(".whl") for link in links)
    for link, sha256 in links.items():
        got = b"".join(client.get(link).streaming_content)
        assert hashlib.sha256(got).hexdigest() == sha256
    (wheel,) = [link for link in links if link.endswith(".whl")]
    names = zipfile.ZipFile(io.BytesIO(b"".join(client.get(wheel).streaming_content))).namelist()
    assert {"agentcache_overflow/__init__.py", "agentcache_overflow/py.typed"} <= set(names)


@pytest.mark.parametrize("name", ["nothing.whl", "..%2F..%2Fmanage.py", "pyproject.toml"])
def test_nothing_else_is_served(client, name):
    assert client.get(f"/docs/sdk/{name}").status_code == 404


def test_a_clean_checkout_builds_once_and_again_after_a_change(tmp_path):
    source = tmp_path / "checkout" / "sdk" / "python"
    original = env.BASE_DIR / "sdk" / "python"
    for path in [*original.glob("*.toml"), *original.glob("*.md"), *original.rglob("src/**/*.py")]:
        copy = source / path.relative_to(original)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())

    first = sdk_packages.packages(tmp_path / "checkout", tmp_path / "kept")
    again = sdk_packages.packages(tmp_path / "checkout", tmp_path / "kept")
    assert (
        first == again and [one.name.split("-")[0] for one in first] == ["agentcache_overflow"] * 2
    )
    with tarfile.open(first[1].path) as tarball:
        assert any(name.endswith("/src/agentcache_overflow/core.py") for name in tarball.getnames())

    (source / "README.md").write_text("changed\n")
    assert sdk_packages.packages(tmp_path / "checkout", tmp_path / "kept")[0].path != first[0].path


def test_without_a_source_there_is_nothing(tmp_path):
    assert sdk_packages.packages(tmp_path, tmp_path / "kept") == []
