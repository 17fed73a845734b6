"""A log line is one JSON object, whose is said on it, and nobody can write a second one."""

import json
import logging

import pytest

from tenants import log_lines


@pytest.fixture
def log():
    lines = []

    class Kept(logging.Handler):
        def emit(self, record):
            lines.append(self.format(record))

    handler = Kept()
    handler.setFormatter(log_lines.JsonLines())
    logger = logging.getLogger("tests.log_lines")
    logger.addHandler(handler)
    logger.propagate = False
    yield logger, lines
    logger.removeHandler(handler)
    log_lines.about()


def test_a_line_says_when_what_and_about_whom(log):
    logger, lines = log
    log_lines.about(partner="p_1", request_id="r-1", trace_id="")
    logger.warning("refused %s", "x")
    log_lines.about()
    logger.warning("after")

    first, second = map(json.loads, lines)
    assert first.pop("at").endswith("+00:00")
    assert first == {"level": "warning", "logger": "tests.log_lines", "message": "refused x",
                     "partner": "p_1", "request_id": "r-1"}  # fmt: skip
    assert "partner" not in second


def test_what_a_visitor_sends_makes_no_line_of_its_own(log):
    logger, lines = log
    logger.warning("Not Found: %s", '/a\n{"level": "critical"}\r\n\u2028x')

    assert len(lines) == 1 and len(lines[0].splitlines()) == 1
    assert json.loads(lines[0])["level"] == "warning"


def test_an_error_comes_with_its_traceback_in_the_same_line(log):
    logger, lines = log
    try:
        raise ValueError("bad\nvalue")
    except ValueError:
        logger.exception("it failed")

    assert "Traceback" in json.loads(lines[0])["error"] and "\n" not in lines[0]


@pytest.mark.parametrize("as_json", [False, True])
def test_the_configuration_is_one_that_logging_takes(as_json):
    import logging.config as loader

    made = loader.DictConfigurator(log_lines.config(as_json=as_json, level="INFO"))
    formatter = made.configure_formatter(made.config["formatters"]["line"])
    assert isinstance(formatter, log_lines.JsonLines) is as_json


def test_a_level_that_there_is_none_of_is_refused_by_name():
    assert log_lines.config(as_json=True, level="WARNING")["root"]["level"] == "WARNING"
    with pytest.raises(SystemExit, match="LOG_LEVEL='LOUD' is none of DEBUG, INFO"):
        log_lines.config(as_json=True, level="LOUD")
