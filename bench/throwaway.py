"""What benchmarks of a throw-away installation share: logins, two people, customers, CPU time."""

from __future__ import annotations

import json
import os
from pathlib import Path

from django.db import connection

from portal import env
from tenants import resolve

MAKER, CHECKER = "maker@bench.example", "checker@bench.example"
# Parameters: `start` (when they came) and `customers` (how many).
CUSTOMERS = """
INSERT INTO cache_api_customer (id, external_id, name, state, plan, billing, created_at)
SELECT gen_random_uuid(), 'customer-' || lpad(n::text, 5, '0'), 'Customer ' || n, 'active', '',
    '{}', %(start)s FROM generate_series(1, %(customers)s) n
"""


def address(name: str) -> str:
    """A login's address at the servers of DATA_DIR, such as SUPERUSER_DATABASE_URL."""
    return str(json.loads((env.data_dir() / "servers.json").read_text())[name])


def login(name: str) -> None:
    """Connect Django as that login, outside of any partner."""
    connection.close()
    connection.settings_dict.update(env.database(address(name)))
    connection.set_schema_to_public()
    resolve.forget()


def backend_cpu_s() -> float:
    """CPU seconds that this connection's Postgres process has used."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    cells = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(cells[11]) + int(cells[12])) / os.sysconf("SC_CLK_TCK")
