"""One piece of money at a time: a lock that ends with the transaction."""

import uuid

from django.db import connection


def lock_money(partner_id: uuid.UUID) -> None:
    """Wait until no other transaction moves this partner's money. Inside a transaction.

    An advisory lock: the console may not lock rows that it may not change.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('money of ' || %s, 0))",
            [str(partner_id)],
        )
