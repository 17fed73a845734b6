"""Checks of the SDK (S2–S4): the wheel that every host serves, in a Python process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Mapping

from cache_api.gateways.servers import regions
from portal.demo.tour.answering import ASKED
from portal.demo.tour.running import Demo, Failed, require
from portal.sdk_packages import packages

TIME_S = 30
# The primary of these programs: the demo's own Valkey, in a database that nothing else uses.
PRIMARY_DB = 9

CLIENT = """
from agentcache_overflow import AgentCacheOverflow, __version__
with AgentCacheOverflow(customer_id="acme-corp", namespace=NAME) as overflow:
    overflow.put(key="greeting", response={"text": "hello"}, ttl=60)
    overflow.flush()
    found = overflow.get(key="greeting")
    assert found.response == {"text": "hello"}, found
    print(f"Version {__version__}: stored and answered through the edge.")
"""
PRIMARY = """
import redis
from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.wrappers.redis import OverflowRedis
mine = redis.Redis.from_url(PRIMARY, db=PRIMARY_DB, socket_timeout=2)
overflow = AgentCacheOverflow(customer_id="acme-corp", namespace=NAME, threshold="100ms")
cache, key = OverflowRedis(mine, overflow), "tour:" + NAME
cache.set(key, "world", ex=60)
overflow.flush()
mine.delete(key)
assert cache.get(key) == b"world", "lost in the primary, and a miss"
mine.delete(key)
gone = OverflowRedis(redis.Redis(port=1, socket_timeout=1), overflow)
assert gone.get(key) == b"world", "the primary is away, and a miss"
cache.delete(key)
assert cache.get(key) is None, "answered after it was deleted"
overflow.close()
print("Lost in the primary: answered. Primary away: answered. Deleted: gone from both.")
"""
HYBRID = """
from agentcache_overflow import AgentCacheOverflow
from agentcache_overflow.hybrid import HybridCache
from agentcache_overflow.vectors import Match

class Near:
    def __init__(self):
        self.rows = {}
    def search(self, vector, k, where):
        return [Match(id, sum(a * b for a, b in zip(vector, other)), payload)
                for id, (other, payload) in self.rows.items() if where.items() <= payload.items()]
    def upsert(self, id, vector, payload):
        self.rows[id] = (vector, dict(payload))
    def delete(self, id):
        self.rows.pop(id, None)

def embed(text):
    return [1.0 + text.count("please") / 10, 1.0, float(text.count("weather"))]

asked = []
def llm(prompt):
    asked.append(prompt)
    return {"text": "On its way."}

cache = HybridCache(AgentCacheOverflow(customer_id="acme-corp", namespace=NAME), Near(),
                    embed=embed, threshold=0.95)
for question in ("Where is my parcel?", "Where is my parcel?", "Where is my parcel please?"):
    assert cache.ask(question, llm) == {"text": "On its way."}, question
    cache.flush()
assert len(asked) == 1, asked
cache.close()
print("Three questions, one to the model: then exact, then by meaning.")
"""


def client(demo: Demo) -> str:
    """Set and get through the SDK's client."""
    return _run(demo, CLIENT)


def primary(demo: Demo) -> str:
    """A real Redis client that loses a key, and one whose server is away."""
    return _run(demo, PRIMARY)


def hybrid(demo: Demo) -> str:
    """The model once, then the exact half, then a near question (a vector database in memory)."""
    return _run(demo, HYBRID)


def _run(demo: Demo, program: str) -> str:
    wheels = [one.path for one in packages() if one.path.suffix == ".whl"]
    require(wheels, "No wheel of the SDK could be built.")
    names = {"NAME": f"tour-{uuid.uuid4().hex[:8]}", "PRIMARY": regions()[0].cache_url,
             "PRIMARY_DB": PRIMARY_DB}  # fmt: skip
    heading = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    return said(heading + program, {
        "PYTHONPATH": str(wheels[0]), "AGENTCACHE_API_KEY": demo.key(ASKED),
        "AGENTCACHE_BASE_URL": demo.edge_url,
    })  # fmt: skip


def said(program: str, environ: Mapping[str, str]) -> str:
    """What a program printed. Raises Failed with the end of its complaint."""
    try:
        done = subprocess.run(
            [sys.executable, "-"],
            input=program,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            timeout=TIME_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"The program did not end within {TIME_S} s.") from error
    if done.returncode or not done.stdout.strip():
        raise Failed(done.stderr.strip().rpartition("\n")[2] or "It said nothing.")
    return done.stdout.strip()
