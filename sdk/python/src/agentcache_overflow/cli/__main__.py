"""`python -m agentcache_overflow.cli`: the command where its script is not on the path."""

import sys

from agentcache_overflow.cli.main import main

sys.exit(main())
