"""`python -m cache_api.edge [--port 8001] [--host 127.0.0.1]`: one edge process under uvicorn.

The same application runs under any ASGI server; this one also takes the shortcut of `protocol`,
and imports what is compiled (`compiled`) instead of its sources unless EDGE_COMPILED is 0.
"""

import argparse
import os

import uvicorn

from cache_api.edge import compiled
from tenants import log_lines

KEEP_ALIVE_S = 75  # longer than a proxy or an SDK keeps a silent connection


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m cache_api.edge", description=__doc__)
    parser.add_argument("--host", default=os.environ.get("EDGE_HOST") or "127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("EDGE_PORT") or 8001))
    given = parser.parse_args()
    if os.environ.get("EDGE_COMPILED") != "0":
        compiled.use()
    uvicorn.run(
        "cache_api.edge.app:app",
        host=given.host,
        port=given.port,
        loop="uvloop",
        http="cache_api.edge.protocol:EdgeProtocol",
        ws="none",
        access_log=False,
        log_config=log_lines.config(
            as_json=log_lines.is_json(), level=(os.environ.get("LOG_LEVEL") or "INFO").upper()
        ),
        proxy_headers=False,  # the edge asks nobody where a request came from
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        headers=[("x-content-type-options", "nosniff")],  # as on the portal's answers
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
