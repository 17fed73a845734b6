"""gunicorn's own lines (a worker began, was too slow, ended) as all others of the web process."""

from typing import Any

from gunicorn.glogging import Logger

from tenants import log_lines


class WebLog(Logger):  # type: ignore[misc]
    """Named by `--logger-class`; it logs before Django is there."""

    def setup(self, cfg: Any) -> None:
        """JSON where every process writes JSON, else as gunicorn does."""
        super().setup(cfg)
        if log_lines.is_json():
            for handler in self.error_log.handlers:
                handler.setFormatter(log_lines.JsonLines())
