"""A real identity provider (nanoidp) in a process of its own, and a person's browser at it."""

from __future__ import annotations

import html
import re
import socket
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from contextlib import contextmanager

import httpx
from lxml import etree

from tests.patience import PATIENCE_S

SETTINGS = """config_version: 1
server: {{host: "127.0.0.1", port: {port}}}
oauth:
  issuer: "http://127.0.0.1:{port}"
  require_pkce: true
  clients:
    - {{client_id: "portal", client_secret: "{secret}", additional_audiences: ["portal"]}}
    - {{client_id: "other", client_secret: "{secret}", additional_audiences: ["other"]}}
saml: {{export_groups: true}}
"""
SECRET = "a-client-secret-of-the-tests"


class Provider:
    """The provider at `base`; each sign-in there is a fresh browser's."""

    def __init__(self, base: str) -> None:
        self.base, self.metadata = base, f"{base}/saml/metadata"

    def openid(self, url: str, user: str) -> str:
        """Where the browser is sent back to after `user` signed in at `url`."""
        with httpx.Client(verify=False, trust_env=False) as browser:
            page = browser.get(url)
            told = browser.post(url, data={**_hidden(page.text), **_person(user)})
            if told.status_code == 200:  # the direct entry gave a page; its form goes on
                told = browser.post(url, data={**_hidden(told.text), **_person(user)})
        return told.headers["location"]

    def saml(self, url: str, user: str) -> tuple[str, dict[str, str]]:
        """The address and the form that the browser posts after `user` signed in at `url`."""
        with httpx.Client(verify=False, trust_env=False) as browser:
            page = browser.get(url)
            there = url.partition("?")[0]
            page = browser.post(there, data={**_hidden(page.text), **_person(user)})
        acs = html.unescape(re.search(r'action="([^"]+)"', page.text)[1])
        form = _hidden(page.text)
        return acs, {**form, "SAMLResponse": placed(form["SAMLResponse"])}


def placed(encoded: str) -> str:
    """This provider puts its signature last, where the SAML schema has no room for it: moved
    behind the issuer. What is signed stays as it is (the signature itself is left out of it)."""
    answer = etree.fromstring(b64decode(encoded))
    [signature] = answer.iter("{*}Signature")
    assertion = signature.getparent()
    assertion.remove(signature)
    assertion.insert(1, signature)
    return b64encode(etree.tostring(answer)).decode()


@contextmanager
def provider(folder, users):
    """The provider with `users` (name → (e-mail, groups, verified)) until the end of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "settings.yaml").write_text(SETTINGS.format(port=port, secret=SECRET))
    lines = [
        f'  {name}: {{password: "pw", email: "{email}", groups: {groups or "[]"}}}'
        for name, (email, groups) in users.items()
    ]
    (folder / "users.yaml").write_text("\n".join(["config_version: 1", "users:", *lines]))
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "nanoidp", "--config", str(folder)],
        stdout=log, stderr=subprocess.STDOUT, cwd=folder,
    )  # fmt: skip
    try:
        _answers(port, process, folder / "log")
        yield Provider(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        log.close()


def _answers(port, process, log):
    """Wait until it listens; a minute at most, since machines are slow."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends and process.poll() is None:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the provider did not start: {log.read_text()[-2000:]}")


def _hidden(page):
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def _person(user):
    return {"username": user, "password": "pw"}
