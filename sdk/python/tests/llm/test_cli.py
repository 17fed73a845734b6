"""The command `agentcache`, as a process would run it: what it says, and how it ends."""

import io
import json
import uuid
import zipfile
from pathlib import Path

import pytest
from agentcache_overflow import statements
from agentcache_overflow.cli import main

REQUEST = {"provider": "openai", "model": "gpt-4o", "messages": [{"role": "user", "content": "é?"}]}
CHOICE = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "yes"}}
ANSWER = {"id": "c", "object": "chat.completion", "model": "gpt-4o", "choices": [CHOICE]}


@pytest.fixture
def run(served, monkeypatch, capsys):
    """Runs a command on the edge: (exit code, what it printed, what it complained of)."""
    monkeypatch.setenv("AGENTCACHE_API_KEY", served["key"])
    monkeypatch.setenv("AGENTCACHE_BASE_URL", served["edge"])

    def run(*argv):
        try:
            code = main([str(each) for each in argv])
        except SystemExit as ended:
            code = ended.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def files(tmp_path):
    """Writes JSON files."""

    def write(name, value):
        path = tmp_path / name
        path.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
        return path

    return write


def test_ping(run):
    code, out, _ = run("ping")
    assert (code, out[:4]) == (0, "ok, ")
    code, out, _ = run("ping", "--json")
    assert (code, json.loads(out)["ok"]) == (0, True)


def test_a_wrong_key_and_a_dead_edge_are_said(run, served):
    code, out, _ = run("ping", "--api-key", served["revoked"])
    assert (code, out.startswith("no: ")) == (3, True)
    assert served["revoked"] not in out
    code, out, _ = run("ping", "--base-url", "http://127.0.0.1:9", "--timeout", "1s")
    assert (code, out.startswith("no: ")) == (3, True)
    code, _, err = run("get", "--key", "k", "--api-key", served["revoked"])
    assert (code, "refused" in err) == (3, True)
    code, out, _ = run("get", "--key", "k", "--json", "--api-key", served["revoked"])
    assert (code, "refused" in json.loads(out)["error"]) == (3, True)


def test_put_then_get(run, files):
    request, answer = files("request.json", REQUEST), files("answer.json", ANSWER)
    customer = ("--customer", f"cli-{uuid.uuid4()}")

    code, out, _ = run("get", "--request", request, *customer)
    assert (code, out) == (1, "miss: not_found\n")
    code, out, _ = run("put", "--request", request, "--response", answer, "--ttl", "60", *customer)
    assert (code, out) == (0, "stored\n")
    code, out, _ = run("get", "--request", request, *customer)
    assert (code, json.loads(out)) == (0, ANSWER)
    code, out, _ = run("get", "--request", request, "--json", *customer)
    told = json.loads(out)
    assert (code, told["hit"], told["status"], told["response"]) == (0, True, "hit", ANSWER)


def test_an_answer_that_may_not_be_stored(run, files):
    answer = files("answer.json", {**ANSWER, "choices": []})
    code, out, _ = run("put", "--key", "k", "--response", answer)
    assert (code, out.startswith("not stored")) == (1, True)
    code, out, _ = run("put", "--key", "k", "--response", answer, "--json")
    assert (code, json.loads(out)) == (1, {"stored": False})


def test_standard_input(run, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({"text": "hi"})))
    assert run("put", "--key", "from stdin", "--response", "-")[0] == 0
    code, out, _ = run("get", "--key", "from stdin")
    assert (code, json.loads(out)) == (0, {"text": "hi"})


def test_explain_says_what_differs(run, files):
    left, right = files("left.json", REQUEST), files("right.json", {**REQUEST, "temperature": 1})
    code, out, _ = run("explain", left, right)
    assert code == 0
    assert "/temperature" in out
    code, _, err = run("explain", left, files("bad.json", {"model": 1}))
    assert (code, "refused" in err) == (3, True)


def test_statistics_are_asked_of_the_portal(run, served):
    code, out, err = run("stats", "--by", "model")  # the edge has none
    assert (code, "--portal-url" in err) == (3, True)
    assert not out


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "COMMAND"),
        (["gett"], "invalid choice"),
        (["get"], "--key --request"),
        (["get", "--key", "k", "--request", "f"], "not allowed"),
        (["put", "--key", "k"], "--response"),
        (["simulate", "log", "--share", "30"], "fraction"),
        (["simulate", "log", "--fee", "-1"], "dollars"),
        (["simulate", "log", "--ttl", "0"], "never a hit"),
        (["simulate", "log", "--price", "a,b"], "number"),
    ],
)
def test_wrong_arguments(run, argv, says):
    code, _, err = run(*argv)
    assert (code, says in err) == (2, True), err


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["get", "--request", "/no/such/file"], "No such file"),
        (["get", "--key", "k", "--base-url", "ftp://x"], "base_url"),
        (["get", "--key", "k", "--timeout", "soon"], "deadline"),
        (["simulate", "/no/such/file"], "No such file"),
    ],
)
def test_wrong_files_and_options(run, argv, says):
    code, _, err = run(*argv)
    assert (code, says in err) == (2, True), err


def test_no_key(run, monkeypatch):
    monkeypatch.delenv("AGENTCACHE_API_KEY")
    code, _, err = run("get", "--key", "k")
    assert (code, "AGENTCACHE_API_KEY" in err) == (2, True)


def test_what_is_no_json(run, files):
    code, _, err = run("get", "--request", files("bad.json", "{"))
    assert (code, "no JSON" in err) == (2, True)
    assert run("get", "--request", files("list.json", [1]))[0] != 0


LOG = [
    {"request": {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]},
     "response": {"usage": {"prompt_tokens": 1_000_000, "completion_tokens": 0}}}
    for text in ("a", "b", "a", "a")
]  # fmt: skip


def test_simulate(run, files):
    log = files("log.jsonl", "\n".join(map(json.dumps, LOG)) + "\n\nnot json\n")
    code, out, _ = run("simulate", log, "--price", "3,15", "--share", "0.2")
    assert code == 0
    assert "50.0%" in out
    assert "$6.0000" in out  # two hits of a million input tokens at $3
    assert "$0.0004" in out  # a fifth of two hits' $0.001
    assert "line 6 is no JSON" in out
    code, out, _ = run("simulate", log, "--price", "3,15", "--json")
    told = json.loads(out)
    assert (code, told["hit_rate"], told["saved"], told["partner"]) == (0, 0.5, 6.0, 0.0006)


def test_simulate_by_the_price_list(run, files):
    pytest.importorskip("genai_prices", reason="genai-prices is not installed")
    log = files("log.jsonl", "\n".join(map(json.dumps, LOG)))
    code, out, _ = run("simulate", log, "--json")
    assert (code, json.loads(out)["saved"]) == (0, 5.0)  # gpt-4o: $2.50 a million


def test_simulate_has_nothing_to_replay(run, files):
    code, _, err = run("simulate", files("log.jsonl", "{}\n"))
    assert (code, "line 1" in err) == (2, True)


def test_a_statement_that_is_not_there(run, tmp_path):
    code, out, _ = run("verify-statement", str(tmp_path / "s.zip"))
    assert (code, "cannot be opened" in out, "NOT OK" in out) == (1, True, True)


def test_a_statement_and_a_proof_are_told_as_the_module_tells_them(run, tmp_path, capsys):
    archive, proof = str(tmp_path / "s.zip"), str(tmp_path / "p.json")
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("statement.json", "{}")
    Path(proof).write_text("{}")

    code, out, _ = run("verify-statement", archive, proof)
    assert statements.main([archive, proof]) == code == 1
    assert capsys.readouterr().out == out and "PROOF" in out
    code, out, _ = run("verify-statement", archive, "--json")
    assert (code, json.loads(out)["ok"]) == (1, False)
    assert any("NOT OK" in line for line in json.loads(out)["said"])
