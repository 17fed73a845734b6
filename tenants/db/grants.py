"""Rights as data: who may do what on shared tables (row security) and on a partner's own tables."""

from collections.abc import Iterable

from django.db import migrations

OWNER = "ac_owner"
SHARED_ROLES = ("ac_web", "ac_console", "ac_settle", "ac_recorder")

# Tables of a partner's schema: role → privileges. A table not named here is unreachable for it.
ACCOUNT_TABLES = (
    "accounts_user", "django_session", "account_emailaddress", "account_emailconfirmation",
    "accounts_invitation", "accounts_savedview", "mfa_authenticator", "usersessions_usersession",
    "accounts_connection", "accounts_identity", "accounts_signinattempt",
)  # fmt: skip
HOUR_TABLES = (
    "cache_api_rolluphour", "cache_api_latencyhour", "cache_api_totalhour",
    "cache_api_customerhour",
)  # fmt: skip
ROLLUP_TABLES = (
    *HOUR_TABLES, "cache_api_rollupday", "cache_api_latencyday", "cache_api_totalday",
    "cache_api_customerday", "cache_api_customermonth",
)  # fmt: skip
CUSTOMER_TABLES = ("cache_api_customer",)
OVERLAY_TABLES = ("accounts_overlay",)  # looks of staff at a customer's portal: never removed
BREAK_GLASS_TABLES = ("accounts_breakglass",)  # hours without enforced sign-on: never changed
SIGN_IN_TABLES = ("accounts_signin",)  # tries to sign in: added and read, never changed
NOTICE_TABLES = (
    "cache_api_hookendpoint", "cache_api_hookevent", "cache_api_hookdelivery", "cache_api_alert",
    "cache_api_alertfiring",
)  # fmt: skip
REFERENCE_TABLES = ("django_content_type",)
PARTNER_TABLE_GRANTS: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "partner": (
        (ACCOUNT_TABLES + NOTICE_TABLES, "select, insert, update, delete"),
        (CUSTOMER_TABLES + OVERLAY_TABLES, "select, insert, update"),
        (ROLLUP_TABLES + REFERENCE_TABLES, "select"),
        (BREAK_GLASS_TABLES + SIGN_IN_TABLES, "select, insert"),
    ),
    "ac_recorder": (
        (CUSTOMER_TABLES, "select, insert, update"),
        (ROLLUP_TABLES, "select, insert, update, delete, truncate"),
    ),
    "ac_settle": (
        (CUSTOMER_TABLES + ROLLUP_TABLES, "select"),
        (CUSTOMER_TABLES, "update (quota)"),  # the worker begins a plan's month
        (NOTICE_TABLES, "select, insert, update, delete"),  # the worker delivers and watches
        (OVERLAY_TABLES, "select, update"),  # the worker ends those whose time is over
        (SIGN_IN_TABLES + HOUR_TABLES, "select, delete"),  # the worker forgets them after a while
        # Whose mailbox a document goes to.
        (("accounts_user",), "select (id, email, role, customer_id, is_active, muted, language)"),
    ),
}


def share_table(
    table: str,
    *,
    partner: str = "",
    web: str = "",
    console: str = "",
    settle: str = "",
    recorder: str = "",
    partner_column: str = "partner_id",
) -> migrations.RunSQL:
    """Force row security on a shared table and grant each role its privileges.

    Each argument is a privilege list such as ``"select, insert"``. A partner's role sees and
    writes its own rows only, by its role name; no policy reads a session variable, which anybody
    could set. The owner's own policy keeps data migrations from silently touching nothing.
    """
    own = f"{partner_column} = substr(current_user::text, 3)::uuid"
    sql = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY owner_all ON {table} TO {OWNER} USING (true) WITH CHECK (true)",
    ]
    if partner:
        sql.append(f"GRANT {partner} ON {table} TO ac_partner")
        sql.append(f"CREATE POLICY partner_own ON {table} FOR SELECT TO ac_partner USING ({own})")
        if "insert" in partner:
            sql.append(
                f"CREATE POLICY partner_add ON {table} FOR INSERT TO ac_partner WITH CHECK ({own})"
            )
    wanted = zip(SHARED_ROLES, (web, console, settle, recorder), strict=True)
    for role, privileges in wanted:
        if privileges:
            sql.append(f"GRANT {privileges} ON {table} TO {role}")
            sql.append(
                f"CREATE POLICY all_for_{role} ON {table} TO {role} USING (true) WITH CHECK (true)"
            )
    return migrations.RunSQL(sql=[(statement, None) for statement in sql], reverse_sql=[])


def partner_schema_grants(schema: str) -> list[str]:
    """The statements that let each role do its work in one partner's schema. Safe to repeat."""
    statements = [f'GRANT USAGE ON SCHEMA "{schema}" TO "{schema}", ac_recorder, ac_settle']
    for role, rows in PARTNER_TABLE_GRANTS.items():
        grantee = schema if role == "partner" else role
        for tables, privileges in rows:
            statements.append(f'GRANT {privileges} ON {_qualified(schema, tables)} TO "{grantee}"')
    return statements


def _qualified(schema: str, tables: Iterable[str]) -> str:
    return ", ".join(f'"{schema}"."{table}"' for table in tables)
