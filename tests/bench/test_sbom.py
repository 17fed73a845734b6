"""The bill of materials names what would be installed, file by file."""

import json
import re

import pytest

from bench.sbom import LISTS, ROOT, write_sbom

PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)((?:.*\\\n)+.*)", re.MULTILINE)


def pins(name: str) -> dict[tuple[str, str], set[str]]:
    """{(package, version): its SHA-256 digests}, as the list says."""
    found = PIN.findall((ROOT / name).read_text())
    return {(package, version): set(re.findall(r"sha256:([0-9a-f]{64})", rest))
            for package, version, rest in found}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_every_pin_is_there_with_its_digests(name, tmp_path):
    [path] = write_sbom([name], tmp_path, check=False)
    told = json.loads(path.read_text())
    assert told["bomFormat"] == "CycloneDX" and told["specVersion"] == "1.6"
    assert told["metadata"]["component"]["name"] == "agentcache-partner-portal"
    given = {
        (one["name"], one["version"]): {
            digest["content"] for place in one["externalReferences"] for digest in place["hashes"]
        }
        for one in told["components"]
    }
    wanted = pins(name)
    assert given == wanted and len(wanted) > 3 and all(wanted.values())
    assert all(one["purl"].startswith("pkg:pypi/") for one in told["components"])


def test_the_same_list_gives_the_same_bytes(tmp_path):
    name = "requirements-semantic.txt"
    [one], [two] = (write_sbom([name], tmp_path / n, check=False) for n in ("1", "2"))
    assert one.read_bytes() == two.read_bytes()
