"""The spool: what was written is read back whole, once its writer was told."""

import os
import uuid

import pytest

from cache_api.gateways import spool
from cache_api.gateways.spool import Spool, SpoolFull


@pytest.fixture
def own(tmp_path):
    one = Spool(tmp_path / "spool", uuid.uuid4())
    yield one
    one.close()


def taking(into):
    """A durable stream that takes everything."""
    return lambda batch: bool(into.extend(batch)) or True


def refusing(batch):
    return False


def adopted(heir, ship):
    """Whose spools `heir` adopted."""
    told = []
    heir.adopt(ship, lambda boot_id: bool(told.append(boot_id)) or True)
    return told


def test_events_are_shipped_in_order_and_only_once(own):
    own.append([b"one", b"two"])
    own.append([b"three"])
    got = []

    assert own.waiting_bytes() > 0
    assert own.ship(refusing) == 0
    own.append([b"four"])
    assert own.ship(taking(got)) == 3
    assert own.ship(taking(got)) == 1
    assert own.ship(taking(got)) == 0
    assert got == [b"one", b"two", b"three", b"four"]
    assert own.waiting_bytes() == 0


def test_an_unfinished_record_at_the_end_is_left(own, tmp_path):
    own.append([b"one", b"two"])
    path = own.folder / spool.CURRENT
    whole = path.read_bytes()

    for cut in range(1, 11):
        path.write_bytes(whole[:-cut])
        assert list(spool.read(path)) == [b"one"]
    path.write_bytes(whole[:-1] + b"x")
    assert list(spool.read(path)) == [b"one"]


def test_a_failed_write_leaves_no_half_record(own, monkeypatch):
    own.append([b"one"])
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, bytes(data)[:5]))
    monkeypatch.setattr(os, "fdatasync", fail)

    with pytest.raises(SpoolFull):
        own.append([b"lost"])

    monkeypatch.undo()
    own.append([b"two"])
    assert list(spool.read(own.folder / spool.CURRENT)) == [b"one", b"two"]


def fail(file):
    raise OSError(28, "No space left on device")


def test_a_folder_that_cannot_be_made_is_spool_full(tmp_path):
    (tmp_path / "spool").write_text("in the way")

    with pytest.raises(SpoolFull):
        Spool(tmp_path / "spool", uuid.uuid4()).append([b"one"])


def test_only_the_dead_are_adopted(own, tmp_path):
    living, dead = Spool(own.root, uuid.uuid4()), Spool(own.root, uuid.uuid4())
    for one in (own, living, dead):
        one.append([one.folder.name.encode()])
    os.close(dead._folder_lock)  # as the kernel does for a process that died
    got = []

    assert adopted(own, refusing) == []
    own.adopt(taking([]), lambda boot_id: False)
    assert dead.folder.exists()
    assert adopted(own, taking(got)) == [uuid.UUID(dead.folder.name)]

    assert got == []  # shipped by the round before, which could not tell
    assert not dead.folder.exists()
    assert living.folder.exists()
    assert adopted(own, taking(got)) == []
    living.close()


def test_closing_removes_an_empty_folder_and_keeps_a_full_one(tmp_path):
    empty, full = (Spool(tmp_path / "spool", uuid.uuid4()) for _ in range(2))
    for one in (empty, full):
        one.append([b"one"])
    empty.ship(taking([]))

    empty.close()
    full.close()

    assert [path.name for path in (tmp_path / "spool").iterdir()] == [full.folder.name]
