"""The scripted ends of a row of behaviour.json: a primary as functions, an overflow over HTTP."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATHS = {
    "/api/overflow": "lookup", "/api/overflow/store": "store", "/api/overflow/purge": "purge",
    "/api/overflow/feedback": "feedback",
}  # fmt: skip
EVENT = "01a20743-6f58-70aa-b594-f08cbcf78064"


STATUSES = {"hit": "hit", "semantic": "semantic_hit", "stale": "stale"}


class PrimaryError(ConnectionError):
    """The primary's own."""


class Script:
    """Steps of one kind of call, the last one repeats; "do" where there are none."""

    def __init__(self, steps):
        self.steps, self.asked, self._lock = list(steps or ["do"]), 0, threading.Lock()

    def next(self):
        with self._lock:
            self.asked += 1
            return self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]


def delay_of(step):
    """(seconds, the step behind it)"""
    if step.startswith("slow:"):
        _, ms, step = step.split(":", 2)
        return int(ms) / 1000, step
    return 0, step


class Primary:
    """get, set, delete over a dictionary, as scripted."""

    def __init__(self, row):
        self.holds = dict(row.get("holds", {}))
        self.ttl = {}
        self.scripts = {kind: Script(row.get(kind)) for kind in ("get", "set", "delete")}

    def _step(self, kind):
        wait_s, step = delay_of(self.scripts[kind].next())
        time.sleep(wait_s)
        return self.judge(step)

    @staticmethod
    def judge(step):
        if step == "error":
            raise PrimaryError("scripted")
        if step == "oom":
            raise PrimaryError("OOM command not allowed when used memory > 'maxmemory'.")
        return step

    def get(self, key):
        return self.found(self._step("get"), key)

    def found(self, step, key):
        if step.startswith("hit:"):
            return step[4:]
        return self.holds.get(key) if step == "do" else None

    def set(self, key, value, ttl=None):
        self._step("set")
        self.holds[key], self.ttl[key] = value, ttl

    def delete(self, key):
        self._step("delete")
        self.holds.pop(key, None)


class Overflow:
    """An HTTP server that answers as scripted; without a script, a dictionary by `cache_key`."""

    def __init__(self, row):
        self.holds = dict(row.get("holds", {}))
        self.scripts = {kind: Script(row.get(kind)) for kind in (*PATHS.values(), "check")}
        self.last = {}  # kind: the last body
        self.last_deadline = None
        self.said = {}  # key: the entry that a lookup was answered with
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, kind, body):
        """(status, JSON or bytes), or None: close without a word."""
        self.last[kind] = body
        wait_s, step = delay_of(self.scripts[kind].next())
        time.sleep(wait_s)
        if step == "dead":
            return None
        if step == "garbage":
            return 200, b"<html>captive portal</html>"
        if step.isdigit():
            return int(step), {"code": "scripted", "detail": "scripted"}
        return getattr(self, kind)(step, body)

    def lookup(self, step, body):
        kind, _, value = step.partition(":")
        if step == "do":
            kind, value = "hit", self.holds.get(body["cache_key"])
        about = {"cost_saved": 0, "billing": {"partner_id": "redis-labs", "event_id": EVENT}}
        if kind not in STATUSES or value is None:
            lease = {"id": value, "role": "leader"} if kind == "lease" else None
            missed = {"hit": False, "response": None, "status": "miss", "reason": "not_found"}
            return 200, {**about, **missed, "lease": lease}
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
        entry = {"id": "e", "created_at": "2026-01-01T00:00:00Z", "expires_at": until}
        entry = self.said.setdefault(body["cache_key"], entry)
        found = {"hit": True, "response": value, "status": STATUSES[kind], "entry": entry}
        return 200, {**about, **found}

    def store(self, step, body):
        self.holds[body["cache_key"]] = body["response"]
        return 201, {"stored": True}

    def purge(self, step, body):
        for key in body["cache_keys"]:
            self.holds.pop(key, None)
            self.said.pop(key, None)
        return 202, {"purge_id": "1"}

    def check(self, step, body):
        (key,) = body["cache_keys"]
        entries = [self.said[key]] if key in self.said and step != "miss" else []
        return 200, {"dry_run": True, "matches": len(entries), "entries": entries}

    def feedback(self, step, body):
        assert body == {"event_id": EVENT, "reason": "unused"}
        return 202, {"accepted": True}

    def batch(self, body):
        answers = []
        for item in body["items"]:
            status, told = self.answer(item["op"], item)
            answers.append({"status": status, "body": told})
        return 200, {"items": answers}


def handler_of(overflow):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            size = int(self.headers["content-length"])
            overflow.last_deadline = (
                self.headers["agentcache-deadline-ms"] or overflow.last_deadline
            )
            body = json.loads(self.rfile.read(size))
            if self.path == "/api/overflow/batch":
                told = overflow.batch(body)
            else:
                kind = "check" if body.get("dry_run") else PATHS[self.path]
                told = overflow.answer(kind, body)
            if told is None:
                self.close_connection = True
                return
            status, answer = told
            raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            try:
                self.send_response(status)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)
            except OSError:
                self.close_connection = True

        def log_message(self, *_):
            pass

    return Handler
