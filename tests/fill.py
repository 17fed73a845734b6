"""`python -m tests.fill`: every table in an empty database, and two partners by the provisioner.

The commands of an installation's first day, in one process, as the owner.
"""

import gc
import os

import django
from django.core.management import call_command

PARTNERS = {
    "redis-labs": ["--name", "Redis Labs", "--kind", "general_cache", "--host",
                   "cache.redis.localhost", "--seed", "#FF4438", "--product", "Redis Edge Cache",
                   "--legal-name", "Redis Labs Ltd", "--owner", "owner@redis.example"],
    "pinecone": ["--name", "Pinecone", "--kind", "vector_db", "--host", "cache.pinecone.localhost",
                 "--seed", "#1C17FF", "--product", "Pinecone Edge Cache",
                 "--legal-name", "Pinecone Systems Inc", "--owner", "owner@pinecone.example"],
}  # fmt: skip


def main() -> None:
    """Migrate, ask for both, open both."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ["AC_DB_LOGIN"] = "owner"
    gc.disable()  # the states of a hundred migrations: nothing else, and not for long
    django.setup()
    call_command("migrate_schemas", "--shared", "-v0")
    for slug, facts in PARTNERS.items():
        call_command("open_partner", slug, *facts, "--no-wait")
    call_command("provision", "--once")


if __name__ == "__main__":
    main()
