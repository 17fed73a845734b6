"""BANKING77: real questions of a bank's customers, read in place."""

import csv

from portal import env

DATA = env.BASE_DIR.parent / "shared" / "data" / "semantic"


def questions(name: str) -> list[str]:
    """The questions of `train` or `test`, in the file's order."""
    with (DATA / f"banking77-{name}.csv").open() as file:
        return [row["text"] for row in csv.DictReader(file)]
