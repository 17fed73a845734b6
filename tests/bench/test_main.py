"""What the command line takes, and what it says about the rest."""

import pytest

from bench import __main__ as bench
from bench import field, hitrate


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["edge", "egde"], "no benchmark egde; there are: edge, memory, neighbours, recorder"),
        (["--rows", "edge,nginx"], "no row nginx; there are: edge, key, drf, webdis, litellm"),
        (["--rounds", "many"], "--rounds"),
    ],
)
def test_what_does_not_exist_is_named(capsys, argv, told):
    with pytest.raises(SystemExit) as ended:
        bench.main(argv)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_missing_rival_or_tool_is_named_with_the_way_to_it(monkeypatch, tmp_path):
    monkeypatch.setattr(field.shutil, "which", lambda name: None)
    assert "apt-get install -y webdis" in field.missing(["edge", "webdis"])
    assert field.missing(["edge"]) == ""
    monkeypatch.setattr(hitrate, "fast_clock", lambda: "")
    assert "apt-get install -y faketime" in hitrate.missing(tmp_path)
    monkeypatch.setattr(hitrate, "fast_clock", lambda: "/lib")
    assert "--trace" in hitrate.missing(tmp_path / "absent")
