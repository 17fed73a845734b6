"""Whose turn it is: a lock by name that ends with the transaction."""

from django.db import connection


def wait_in_line(name: str) -> None:
    """Hold an advisory lock by name until the transaction ends; others with that name wait.

    For roles that may append but not update, and so can lock no row; and for counting rows before
    one more is added.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
