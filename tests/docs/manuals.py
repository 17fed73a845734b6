"""The commands that the manuals show, as they stand there."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("operating", "integrating", "settling", "security", "scaling", "deploy/README")
# `make drill` runs these blocks whole (bench/drill/manual.py).
BLOCKS = ("Back up", "Restore")
_FENCE = re.compile(r"^( *)```\w*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_PROGRAM = re.compile(
    r"(?:[A-Z_]+=\S+ )?(?:manage\.py|make|(?:\.venv/bin/)?python|\(?openssl|curl|docker|systemctl"
    r"|caddy|pip|apt-get|agentcache|node|tc|od|cp|export|printf|… exec) "
)


def commands() -> dict[str, str]:
    """Each command, blanks and remarks taken out, and the page that shows it."""
    found: dict[str, str] = {}
    for page in PAGES:
        text = (ROOT / "docs" / f"{page}.md").read_text()
        for heading in BLOCKS:
            text = re.sub(rf"^### {heading}\n.*?(?=^##)", "", text, flags=re.M | re.S)
        for _, fence in _FENCE.findall(text):
            found |= dict.fromkeys(filter(_PROGRAM.match, _whole(fence)), page)
        inline = (one.strip() for one in _INLINE.findall(_FENCE.sub("", text)))
        found |= dict.fromkeys(filter(_PROGRAM.match, inline), page)
    return found


def _whole(fence: str) -> list[str]:
    """The lines of a block, those that a quote or a backslash goes on over put together."""
    found, begun = [], ""
    for line in fence.splitlines():
        begun += re.sub(r"\s{2,}# .*$", "", line).strip() if not begun else f"\n{line.strip()}"
        joined = begun.replace("\\\n", "")
        if joined.endswith("\\") or not _is_closed(joined):
            continue
        found.append(joined.replace("\n", " "))
        begun = ""
    return found


def _is_closed(text: str) -> bool:
    try:
        shlex.split(text)
    except ValueError:
        return False
    return True
