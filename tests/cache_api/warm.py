"""What an edge imports, in the process that edges are forked from (`nursery`), and nowhere else."""

# ruff: noqa: F401 - what is compiled is chosen before anything of it is imported.
import os

from cache_api.edge import compiled

if os.environ.get("EDGE_COMPILED") != "0":
    compiled.use()

import uvicorn.lifespan.on
import uvicorn.loops.uvloop

import cache_api.edge.app
import cache_api.edge.protocol
