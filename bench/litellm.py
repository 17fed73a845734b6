"""LiteLLM's proxy with its Redis cache on our `cache` Valkey, in an environment thrown away after.

Never a dependency of this project: releases of it have stolen credentials. So it is pinned, only
from wheels, looked over before its first start, and never sees our environment.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bench import bodies
from bench.checks import Untrue
from bench.place import Place
from bench.servers import Server, running
from portal.servers import ports
from portal.servers.child import MARK, Child

VERSION = "1.91.1"
KEY = "sk-bench"
START_S, INSTALL_S = 180, 1_200
HARMLESS_PTH = {"distutils-precedence.pth"}  # setuptools'
# What pip itself needs to reach its index; the proxy gets none of it.
_PIP_NEEDS = ("PIP_", "SSL_CERT_", "REQUESTS_CA_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@contextmanager
def litellm(place: Place, core: int, upstream_port: int) -> Iterator[Server]:
    """The proxy, installed (minutes), running, and its folder gone after the block.

    Raises Untrue, ServerError.
    """
    folder, port = place.folder / "litellm", ports.pick()
    try:
        program = _installed(folder)
        config = folder / "config.yaml"
        config.touch(mode=0o600)
        config.write_text(json.dumps(_config(place, upstream_port)))  # JSON is YAML
        argv = [
            *_bare(folder), f"{MARK}={place.folder}", "LITELLM_LOCAL_MODEL_COST_MAP=True",
            str(program), "--config", str(config), "--host", "127.0.0.1", "--port", str(port),
            "--num_workers", "1", "--telemetry", "False",
        ]  # fmt: skip
        child = Child("litellm", argv, data_dir=place.folder, cwd=folder)
        with running(child, port, "/health/liveliness", core, START_S) as pinned:
            yield Server(pinned, port, "127.0.0.1")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unwanted(packages: Path) -> list[str]:
    """Files there by which a package runs code at every start of the interpreter."""
    return sorted(file.name for file in packages.glob("*.pth") if file.name not in HARMLESS_PTH)


def _installed(folder: Path) -> Path:
    """Make the environment. Nothing of it has run when it is looked over. Raises Untrue."""
    print(f"installing LiteLLM {VERSION} into {folder} (about two minutes) …", flush=True)
    python = sys.executable
    _run(folder, [], python, "-m", "venv", "--without-pip", str(folder))
    _run(
        folder, [f"{name}={value}" for name, value in os.environ.items() if _is_for_pip(name)],
        python, "-m", "pip", "--python", str(folder), "--disable-pip-version-check", "install",
        "-qq", "--no-cache-dir", "--only-binary=:all:", f"litellm[proxy]=={VERSION}",
    )  # fmt: skip
    (packages,) = folder.glob("lib/python3*/site-packages")
    if found := unwanted(packages):
        raise Untrue(f"LiteLLM brought {', '.join(found)}: not started")
    if not (packages / f"litellm-{VERSION}.dist-info").is_dir():
        raise Untrue(f"another LiteLLM than {VERSION} was installed: not started")
    return folder / "bin" / "litellm"


def _run(home: Path, environ: list[str], *argv: str) -> None:
    done = subprocess.run(
        [*_bare(home), *environ, *argv],
        capture_output=True, text=True, timeout=INSTALL_S, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Untrue(f"LiteLLM could not be installed: {done.stdout}{done.stderr}")


def _bare(home: Path) -> list[str]:
    return ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", f"HOME={home}"]


def _is_for_pip(name: str) -> bool:
    return name.upper().startswith(_PIP_NEEDS)


def _config(place: Place, upstream_port: int) -> dict[str, object]:
    store = urlsplit(place.stack.urls["CACHE_URL"])
    api_base = f"http://127.0.0.1:{upstream_port}/v1"
    model = {"model": f"openai/{bodies.MODEL}", "api_key": "sk-none", "api_base": api_base}
    cache = {
        "type": "redis", "host": store.hostname, "port": store.port, "password": store.password,
        "ttl": 3600, "supported_call_types": ["acompletion"],
    }  # fmt: skip
    return {
        "model_list": [{"model_name": bodies.MODEL, "litellm_params": model}],
        "litellm_settings": {
            "cache": True, "cache_params": cache, "callbacks": [], "num_retries": 0,
        },
        "general_settings": {"master_key": KEY},
    }  # fmt: skip
