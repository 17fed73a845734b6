"""Rows of the real process table, in a throw-away place."""

from collections.abc import Collection, Sequence

from bench.place import Place
from portal.servers.supervisor import Supervisor
from portal.servers.table import Ports, Process, processes


def supervised(
    place: Place, listen: Ports, names: Collection[str] = (), more: Sequence[Process] = ()
) -> Supervisor:
    """The supervisor of `make run` over these rows (all without `names`) and `more`, not started
    yet."""
    environ = {
        **place.environ, **place.stack.urls, "DJANGO_SETTINGS_MODULE": "portal.settings",
        "KEK_FILE": str(place.folder / "secrets" / "kek"),
        **{name: str(port) for name, port in listen.by_variable().items()},
    }  # fmt: skip
    rows = processes(listen, place.folder, demo=False)
    return Supervisor(
        [*[row for row in rows if not names or row.name in names], *more], data_dir=place.folder,
        env=environ, say=lambda _: None, tend_servers=place.stack.revive,
    )  # fmt: skip
