"""PostgreSQL never runs as root, and says which folder is closed to it."""

import os
import tempfile
from pathlib import Path

import psycopg
import pytest

from portal.servers import ServerError, Stack, binaries, identity, leash

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@as_root
def test_root_runs_it_in_a_user_namespace_without_touching_permissions(tmp_path):
    if identity.choose() != "namespace":
        pytest.skip("user namespaces are off")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with Stack(closed / "data", durable=False, environ={}, as_whom="namespace") as stack:
        status = Path(f"/proc/{stack.servers['postgres'].child.pid}/status").read_text()
        assert "CapEff:\t0000000000000000" in status
        assert stack.servers["postgres"].cluster.stat().st_uid == 0
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_without_namespaces_it_runs_as_nobody():
    program = binaries.postgres_bin("postgres").parent
    if not all(folder.stat().st_mode & 0o001 for folder in [program, *program.parents]):
        pytest.skip("the installed programs are below a folder closed to nobody")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o711)
        with Stack(Path(folder) / "data", durable=False, environ={}, as_whom="drop") as stack:
            pid = stack.servers["postgres"].child.pid
            assert Path(f"/proc/{pid}").stat().st_uid == leash.NOBODY
            with psycopg.connect(stack.urls["DATABASE_URL"]) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)


@as_root
def test_a_closed_folder_is_named_with_the_way_out():
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o700)
        stack = Stack(Path(folder) / "data", environ={}, as_whom="drop")
        with pytest.raises(ServerError) as refused:
            stack.start()
        assert f"user nobody and may not enter {folder}. " in str(refused.value)
        assert "DATA_DIR=/var/tmp/agentcache" in str(refused.value)
        assert Path(folder).stat().st_mode & 0o777 == 0o700
        assert not any(server.child.alive for server in stack.servers.values())
