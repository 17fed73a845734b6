"""What keeps LiteLLM at arm's length, without installing it."""

import json
import subprocess
import urllib.request
from types import SimpleNamespace

import pytest

from bench import bodies, litellm, upstream
from bench.checks import Untrue

SECRETS = {"AWS_SECRET_ACCESS_KEY": "s3cret", "DATABASE_URL": "postgres://s3cret"}


@pytest.mark.parametrize("name", ["litellm_init.pth", "anything.pth"])
def test_a_file_that_runs_at_every_start_is_found(tmp_path, name):
    (tmp_path / "distutils-precedence.pth").touch()
    assert litellm.unwanted(tmp_path) == []
    (tmp_path / name).touch()
    assert litellm.unwanted(tmp_path) == [name]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (["litellm_init.pth", "litellm-1.91.1.dist-info/x"], "brought litellm_init.pth"),
        (["litellm-1.82.8.dist-info/x"], "another LiteLLM"),
    ],
)
def test_what_is_not_the_pinned_clean_package_is_never_started(tmp_path, monkeypatch, files, told):
    def install(home, environ, *argv):
        for file in files:
            path = tmp_path / "v" / "lib" / "python3.11" / "site-packages" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    monkeypatch.setattr(litellm, "_run", install)
    with pytest.raises(Untrue, match=told):
        litellm._installed(tmp_path / "v")


def test_neither_the_installer_nor_the_proxy_sees_our_environment(tmp_path, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    seen = subprocess.run(
        [*litellm._bare(tmp_path), "/usr/bin/env"], capture_output=True, text=True, check=True
    ).stdout
    assert set(seen.split()) == {"PATH=/usr/bin:/bin", f"HOME={tmp_path}"}
    assert [name for name in SECRETS if litellm._is_for_pip(name)] == []


def test_its_cache_is_ours_and_its_provider_is_the_mock():
    urls = {"CACHE_URL": "redis://:pw@127.0.0.1:7001/0"}
    config = litellm._config(SimpleNamespace(stack=SimpleNamespace(urls=urls)), 9000)
    assert config["litellm_settings"]["cache_params"]["port"] == 7001
    assert config["model_list"][0]["litellm_params"]["api_base"] == "http://127.0.0.1:9000/v1"


def test_the_provider_answers_what_it_is_asked_and_counts():
    with upstream.upstream() as provider:
        provider.responses = [bodies.response(index, 512) for index in range(3)]
        for index in (2, 0, 2):
            body = json.dumps(bodies.request(index)).encode()
            url = f"http://127.0.0.1:{provider.port}/v1/chat/completions"
            with urllib.request.urlopen(urllib.request.Request(url, body), timeout=5) as answer:
                assert answer.read() == provider.responses[index]
        assert provider.asked == 3
