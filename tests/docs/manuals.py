"""The commands that the manuals show, as they stand there."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "README", "SECURITY", "docs/operating", "docs/integrating", "docs/settling", "docs/security",
    "docs/scaling", "docs/deploy/README", "docs/benchmarks", "docs/sdk", "docs/sdk-js",
    "docs/sdk-llm", "docs/single-sign-on", "docs/usage-files",
)  # fmt: skip
# `make drill` runs these blocks whole (bench/drill/manual.py).
BLOCKS = ("Back up", "Restore")
# A block that names its language is none of a shell: the SDKs' own tests run Python and JavaScript.
_FENCE = re.compile(r"^ *```([^`\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_PROGRAM = re.compile(
    r"(?:[A-Z_]+=\S+ )?(?:manage\.py|make|(?:\.venv/bin/)?python|\(?openssl|curl|docker|systemctl"
    r"|caddy|pip|npm|apt-get|agentcache|agentcache-manage|node|tc|od|cp|cat|cd|export|printf|for"
    r"|install|useradd|mkdir|set|journalctl|ulimit|… exec)(?: |$)"
)


def commands() -> dict[str, str]:
    """Each command, blanks and remarks taken out, and the page that shows it."""
    found: dict[str, str] = {}
    for page in PAGES:
        text = text_of(page)
        for fence in blocks(text):
            found |= dict.fromkeys(filter(is_command, fence), page)
        inline = (one.strip() for one in _INLINE.findall(_FENCE.sub("", text)))
        found |= dict.fromkeys((one for one in inline if " " in one and is_command(one)), page)
    return found


def text_of(page: str) -> str:
    """A page without the blocks that are executed whole."""
    text = (ROOT / f"{page}.md").read_text()
    for heading in BLOCKS:
        text = re.sub(rf"^### {heading}\n.*?(?=^##)", "", text, flags=re.M | re.S)
    return text


def blocks(text: str) -> list[list[str]]:
    """The lines of each block that names no language."""
    return [_whole(fence) for language, fence in _FENCE.findall(text) if not language]


def is_command(line: str) -> bool:
    """Whether a line of a block, or a quoted one, is for a shell."""
    return bool(_PROGRAM.match(line))


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
