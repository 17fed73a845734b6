"""`python -m portal.servers up|down|env|roles`: the embedded servers alone, or roles in yours."""

import json
import os
import shlex
import signal
import socket
import sys
import time

from portal import env
from portal.servers import ServerError, Stack, roles
from portal.servers.lock import Lock

USAGE = """usage: python -m portal.servers up|down|env|roles   (DATA_DIR, default .data)
  up    start PostgreSQL and both Valkeys, stay until Ctrl-C or SIGTERM
  down  stop them from another terminal
  env   print their URLs as shell exports
  roles make roles, database and extensions on a server of your own (SUPERUSER_DATABASE_URL)"""


def up() -> None:
    """Start, restart what dies, stop when told."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with Stack(env.data_dir()) as stack:
            for name, server in stack.servers.items():
                print(f"{name:9} 127.0.0.1:{server.port}", flush=True)
            print(f"ready; URLs in {stack.file}; Ctrl-C stops", flush=True)
            _tell_systemd("READY=1")
            while True:
                time.sleep(0.5)
                for line in stack.revive():
                    print(line, flush=True)
    except KeyboardInterrupt:
        print("stopped", flush=True)


def _tell_systemd(text: str) -> None:
    """A word to who started us (sd_notify); nobody listens in a terminal."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.connect("\0" + address[1:] if address.startswith("@") else address)
            line.send(text.encode())


def down() -> None:
    """Ask the process that holds the servers to stop, and wait for it."""
    lock = Lock(env.data_dir() / "servers.lock")
    pid = lock.holder().get("pid")
    if not pid:
        print(f"no servers run in {env.data_dir()}")
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 60
    while lock.holder().get("pid") == pid:
        if time.monotonic() > deadline:
            raise ServerError(f"pid {pid} still runs after 60 s: look into DATA_DIR/logs.")
        time.sleep(0.1)
    print("stopped")


def show() -> None:
    """Print `export KEY=value` lines."""
    path = env.data_dir() / "servers.json"
    if not path.exists():
        raise ServerError(f"{path} does not exist: run `python -m portal.servers up` first.")
    for key, value in json.loads(path.read_text()).items():
        if isinstance(value, str):
            print(f"export {key}={shlex.quote(value)}")


def main(arguments: list[str]) -> int:
    """Run one command; 0 done, 1 refused (text on stderr), 2 wrong usage."""
    commands = {"up": up, "down": down, "env": show, "roles": roles.make}
    if len(arguments) != 1 or arguments[0] not in commands:
        print(USAGE, file=sys.stderr)
        return 2
    try:
        commands[arguments[0]]()
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
