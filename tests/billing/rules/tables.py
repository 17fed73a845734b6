"""Read the tables of `tests/worked/*.md`."""

from pathlib import Path

WORKED = Path(__file__).resolve().parents[2] / "worked"


def rows(name, heading=None):
    """Rows of the first table (under `## heading` when given) as dicts; never empty."""
    lines = (WORKED / name).read_text(encoding="utf-8").splitlines()
    if heading:
        lines = lines[lines.index(f"## {heading}") + 1 :]
    table = []
    for line in lines:
        if line.startswith("|"):
            table.append([cell.strip() for cell in line.strip().strip("|").split("|")])
        elif table:
            break
    header, _rule, *body = table
    assert body, f"{name} {heading} has no rows"
    assert all(len(cells) == len(header) for cells in body)
    return [dict(zip(header, cells, strict=True)) for cells in body]
