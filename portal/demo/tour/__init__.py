"""The tour: what the mission asks for, system by system, and a live check of each.

The console's page and `make tour` call the same checks. They ask what runs: the edge and the
portals over HTTP, the SDK in a process of its own, the databases as the console's role.
"""
