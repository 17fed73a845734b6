"""Compiled modules do what their sources do, byte for byte; without a compiler nothing breaks."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cache_api.edge import compiled
from tests.plugin import ROOT

LINK, NUMBER = st.integers(0, 2), st.integers(0, 3)
MEMBERS = st.sampled_from([
    {}, {}, {}, {"tags": ["a"]}, {"response_format": "sse"}, {"cache": {"max_age": 1}},
    {"metadata": {"redis_latency": 150}}, {"customer_id": ""}, {"customer_id": 7}, {"lease": True},
])  # fmt: skip
MOVES = st.one_of(
    st.tuples(st.just("ask"), LINK, NUMBER, st.sampled_from([0, 0, 0, 1, 60, 200]), MEMBERS),
    st.tuples(st.just("ask"), LINK, NUMBER, st.just(0), st.just({})),
    st.tuples(st.just("ask"), LINK, NUMBER, st.just(0), st.just({})),
    st.tuples(st.just("store"), LINK, NUMBER, st.sampled_from(["", "other", "ü"])),
    st.tuples(st.just("raw"), LINK, st.text("\0\r\n :aGET/", max_size=20)),
    st.tuples(st.just("settle")), st.tuples(st.just("settle")), st.tuples(st.just("turn")),
    st.tuples(st.sampled_from(["lose", "damage"]), NUMBER),
    st.tuples(st.just("deaf")),
    st.tuples(st.just("later"), st.sampled_from([1, 999, 1_000, 61_000, 3_600_000])),
    st.tuples(st.sampled_from(["hang_up", "shut_down"]), LINK),
)  # fmt: skip
# Every number stored and asked for, so that what follows meets hits that were told before.
BEFORE = [move for number in range(4) for move in (
    ("store", 0, number, ""), ("settle",), ("ask", 0, number, 0, {}), ("settle",),
    ("ask", 1, number, 0, {}), ("settle",), ("ask", 2, number, 0, {}), ("settle",),
)]  # fmt: skip


@contextmanager
def player(*argv):
    """A process that plays scripts: a function from a script to what it told."""
    command = [sys.executable, "-m", "tests.cache_api.edge.player", *argv]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:

        def say(script):
            process.stdin.write(json.dumps(script) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield json.loads(process.stdout.readline())["protocol"], say
        process.stdin.close()


@pytest.fixture(scope="module")
def players():
    if not compiled.is_made():
        assert os.environ.get("REQUIRE_COMPILED") != "1", "today's sources are not compiled"
        pytest.skip("not compiled: make install-run")
    with player() as (pure, plays), player("compiled") as (native, plays_compiled):
        assert (pure, native) == ("function", "cython_function_or_method")
        yield plays, plays_compiled


def test_a_script_of_hits_takes_the_express_way_on_both(players):
    """The comparison below would be empty if its scripts had no hits."""
    told = [play({"facts": 0, "moves": BEFORE}) for play in players]

    assert told[0] == told[1]
    assert told[0]["seen"] == {"answers": 16, "hits": 12, "events": 16}


@given(facts=st.integers(0, 2), moves=st.lists(MOVES, min_size=5, max_size=40))
@settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_compiled_and_source_are_the_same_byte_for_byte(players, facts, moves):
    script = {"facts": facts, "moves": [*BEFORE, *moves]}
    source, native = [play(script) for play in players]

    assert source == native
    assert source["seen"]["hits"] >= 1


def test_without_a_compiler_it_says_so_and_the_sources_run(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled, "_HOME", tmp_path)
    monkeypatch.setattr(compiled.sysconfig, "get_config_var", lambda name: "no-such-compiler")
    monkeypatch.setattr(compiled, "_SUFFIX", ".so")

    assert compiled.make() == (
        "The edge runs uncompiled: no-such-compiler is missing (Debian: gcc, python3-dev)."
    )
    assert not compiled.is_made()
    assert not compiled.use()


def test_a_source_that_has_changed_is_not_served_by_its_old_translation(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled, "_HOME", tmp_path)
    names = [compiled._made(name) for name in compiled.MODULES]
    for file in names:
        file.touch()
    assert compiled.is_made()
    changed = tmp_path / "copy.py"
    changed.write_bytes(compiled._source(compiled.MODULES[0]).read_bytes() + b"\n")
    real = compiled._source
    monkeypatch.setattr(
        compiled, "_source", lambda name: changed if name == compiled.MODULES[0] else real(name)
    )

    assert not compiled.is_made()
