"""The command `agentcache`."""

from agentcache_overflow.cli.main import main

__all__ = ["main"]
