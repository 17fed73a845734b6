"""Tables for people, JSON for machines, and the surroundings that make a figure readable.

python -m bench.report FILE.json …    the tables of results as docs/benchmarks.md has them
"""

import json
import os
import platform
import sys
from collections.abc import Collection, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

Facts = Mapping[str, Any]


def surroundings() -> dict[str, Any]:
    """Cores, processor, interpreter, and how busy the machine was."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("uvicorn", "uvloop", "httptools")},
        "load_average_1_min": round(os.getloadavg()[0], 1),
    }


def version(package: str) -> str:
    """Of an installed package."""
    return metadata.version(package)


def table(rows: Sequence[Facts]) -> str:
    """Rows with the same members as aligned columns: words to the left, figures to the right."""
    heads = list(rows[0])
    cells = [heads, *([shown(row[head]) for head in heads] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(heads))]
    is_word = [isinstance(rows[0][head], str) for head in heads]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if word else cell.rjust(width)
            for cell, width, word in zip(line, widths, is_word, strict=True)
        ).rstrip()
        for line in cells
    )


def markdown(rows: Sequence[Facts], without: Collection[str] = ()) -> str:
    """The same rows as a Markdown table; `without`: members left out."""
    heads = [head for head in rows[0] if head not in without]
    cells = [heads, ["---"] * len(heads), *([shown(row[head]) for head in heads] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def facts(pairs: Facts) -> str:
    """One line for each fact."""
    width = max(map(len, pairs))
    return "\n".join(f"{name.rjust(width)}  {shown(value)}" for name, value in pairs.items())


def shown(value: object) -> str:
    """A cell: thousands separated, a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def write(path: Path, result: Facts) -> None:
    """The result as indented JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


# In the JSON, but too wide for a page.
NARROW = ("webdis range", "LiteLLM range", "CPU × LiteLLM", "answers", "days")

if __name__ == "__main__":
    for name in sys.argv[1:]:
        result = json.loads(Path(name).read_text())
        for part in ("rows", "bars"):
            if part in result:
                print(markdown(result[part], NARROW) + "\n")
