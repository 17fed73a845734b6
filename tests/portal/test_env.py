"""What the environment may say, and how it is refused: by name, never by a traceback."""

import pytest

from portal import env


@pytest.mark.parametrize(("raw", "number"), [("", 25), ("  ", 25), ("1", 1), ("2525", 2525)])
def test_a_number_is_read(monkeypatch, raw, number):
    monkeypatch.setenv("EMAIL_PORT", raw)
    assert env.number("EMAIL_PORT", 25) == number


@pytest.mark.parametrize("raw", ["0", "-1", "ten", "1.5", "1e3"])
def test_what_is_no_number_is_refused_by_name(monkeypatch, raw):
    monkeypatch.setenv("EMAIL_PORT", raw)
    with pytest.raises(SystemExit, match=f"EMAIL_PORT='{raw}' is not a whole number from 1 on"):
        env.number("EMAIL_PORT", 25)


@pytest.mark.parametrize(
    ("variable", "read"),
    [
        ("KEK_FILE", lambda: env.secret("KEK_FILE", "kek")),
        ("STRIPE_API_KEY_FILE", lambda: env.text("STRIPE_API_KEY")),
    ],
)
def test_a_file_that_cannot_be_read_is_named(monkeypatch, tmp_path, variable, read):
    file = tmp_path / "secret"
    monkeypatch.setenv(variable, str(file))
    with pytest.raises(SystemExit, match=f"{variable}={file} cannot be read .No such file"):
        read()
    file.write_text("drawn\n")
    assert read() in (b"drawn\n", "drawn")


@pytest.mark.parametrize(
    ("events", "broker"),
    [
        ("redis://:p%40@events.internal:6379/0", "redis://:p%40@events.internal:6379/1"),
        ("rediss://:p@events:6379", "rediss://:p@events:6379/1"),
        ("redis://e:1/0?ssl_ca_certs=/ca.pem", "redis://e:1/1?ssl_ca_certs=/ca.pem"),
        ("", ""),
    ],
)
def test_without_a_broker_jobs_wait_beside_the_events(monkeypatch, tmp_path, events, broker):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.delenv("BROKER_URL", raising=False)
    monkeypatch.setenv("EVENTS_URL", events)
    assert env.broker_url() == broker
    monkeypatch.setenv("BROKER_URL", "amqp://queue/")
    assert env.broker_url() == "amqp://queue/"
