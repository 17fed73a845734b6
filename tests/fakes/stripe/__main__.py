"""`python -m tests.fakes.stripe`: the same process by hand."""

from portal.simulators.stripe.__main__ import main

main()
