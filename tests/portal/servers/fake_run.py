"""`portal.run.run` with a table of fakes: python -m tests.portal.servers.fake_run WEB EDGE [KIND].

KIND: `fine`, `broken` (web exits at once), `step` (a step fails), `slow` (a step never ends),
`stubborn` (a process ignores SIGTERM).
"""

import signal
import sys

from portal import env
from portal.run import STOP_SIGNALS, run
from portal.servers.table import Ports, Process, Step

SERVE = """
import http.server, os, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.environ["AC_DB_LOGIN"], os.environ["DATA_DIR"], flush=True)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.path == "/livez" or self.headers["Host"].startswith("known.")
        self.send_response(200 if known else 421)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def python(code: str, *arguments: object) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *map(str, arguments))


def main(web: int, edge: int, kind: str = "fine") -> int:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    step = {"step": "raise SystemExit('no such table')", "slow": "import time; time.sleep(600)"}
    table = [
        Process("web", python(SERVE, web), "web", f"http://127.0.0.1:{web}/livez"),
        Process("edge", python(SERVE, edge), "web", f"http://127.0.0.1:{edge}/livez"),
        Process("recorder", python("import time; time.sleep(600)"), "recorder"),
    ]
    if kind == "stubborn":
        table.append(Process("stubborn", python(STUBBORN), "owner", patience_s=0.5))
    if kind == "broken":
        table[0] = Process("web", python("raise SystemExit('cannot import it')"), "web", "http://x")
    steps = [Step("first", python(step.get(kind, "print('first step')")), "owner", loud=True)]
    return run(env.data_dir(), Ports(web, edge), steps, table)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
