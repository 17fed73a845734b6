"""The real 14-day trace of 162 tenants as a usage file: hourly quantities per customer.

    python -m bench.tenant_trace TAR OUT.csv|OUT.parquet [START]

Reads the tar in place. Times in it are relative; START (default 2026-09-24) puts a month boundary
inside. Seven tenths of an hour's requests become hits, the rest misses, none is lost.
"""

import csv
import io
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow
import pyarrow.parquet

START = datetime(2026, 9, 24, tzinfo=UTC)
COLUMNS = ["time", "customer", "kind", "outcome", "quantity", "provider", "model", "tokens_in",
           "tokens_out", "bytes", "cost_saved_micros", "region"]  # fmt: skip
MODELS = [("openai", "gpt-4o"), ("anthropic", "claude-sonnet-4"), ("meta", "llama-4")]


def hourly(tar: Path) -> Iterator[tuple[str, Counter[int]]]:
    """(tenant, hour since the start → requests), with requests = round(rate × 600) a window."""
    with tarfile.open(tar) as archive:
        for member in sorted(archive.getmembers(), key=lambda one: one.name):
            file = archive.extractfile(member)
            if file is None or not member.name.endswith(".csv"):
                continue
            hours: Counter[int] = Counter()
            for cells in csv.reader(io.TextIOWrapper(file)):
                hours[int(float(cells[0])) // 3600] += round(float(cells[1]) * 600)
            yield Path(member.name).stem, hours


def rows(tar: Path, start: datetime = START) -> Iterator[list[object]]:
    """Rows of a usage file, in COLUMNS' order; hours without requests are left out."""
    for number, (tenant, hours) in enumerate(hourly(tar)):
        provider, model = MODELS[number % len(MODELS)]
        for hour, requests in sorted(hours.items()):
            at = (start + timedelta(hours=hour)).isoformat()
            hits = requests * 7 // 10
            for outcome, quantity, saved in (("hit", hits, 3900), ("miss", requests - hits, 0)):
                if quantity:
                    yield [at, tenant, "lookup", outcome, quantity, provider, model, 1100, 320,
                           1300, saved, "eu-1"]  # fmt: skip


def write(tar: Path, out: Path, start: datetime = START) -> int:
    """Write the file (CSV, or Parquet by its name); the number of requests in it."""
    made = list(rows(tar, start))
    if out.suffix == ".parquet":
        columns = {name: [row[i] for row in made] for i, name in enumerate(COLUMNS)}
        pyarrow.parquet.write_table(pyarrow.table(columns), out)
    else:
        with out.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(made)
    return sum(int(row[4]) for row in made)


if __name__ == "__main__":
    begin = datetime.fromisoformat(sys.argv[3]).replace(tzinfo=UTC) if sys.argv[3:] else START
    print(write(Path(sys.argv[1]), Path(sys.argv[2]), begin), "requests")
