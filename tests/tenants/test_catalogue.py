"""What PostgreSQL's own catalogue says of the second wall, whatever the migrations meant."""

import re

import pytest

from tests.conftest import fresh_database

# Of the public schema and partners' schemas; extensions' own things are PostgreSQL's.
OURS = """(n.nspname = 'public' or n.nspname ~ '^p_[0-9a-f]{32}$') and not exists (
    select 1 from pg_depend e where e.objid = %s and e.deptype = 'e')"""
OWN = {"(partner_id = (substr((CURRENT_USER)::text, 3))::uuid)",
       "(tenant_id = (substr((CURRENT_USER)::text, 3))::uuid)",
       "(id = (substr((CURRENT_USER)::text, 3))::uuid)"}  # fmt: skip
# What else partners may read, and what the policy says of it: rates that everybody is settled by,
# our public price lists, incidents of everybody or of this partner; and a claimed host of its own.
OTHERS = {
    "billing_fxrate": "true", "billing_taxrate": "true",
    "billing_ratecard": "((partner_id IS NULL) AND ((audience)::text = 'everyone'::text))",
    "billing_ratecardversion": "((partner_id IS NULL) AND (card_id IN ( SELECT billing_ratecard.id"
                               " FROM billing_ratecard)))",
    "billing_rate": "((partner_id IS NULL) AND (version_id IN ( SELECT billing_ratecardversion.id"
                    " FROM billing_ratecardversion)))",
    "tenants_domain": "((tenant_id = (substr((CURRENT_USER)::text, 3))::uuid) AND (EXISTS ( SELECT"
                      " 1 FROM tenants_domainclaim c WHERE ((c.host)::text ="
                      " (tenants_domain.domain)::text))))",
    "tenants_incident": "((cardinality(partner_ids) = 0) OR ((substr((CURRENT_USER)::text,"
                        " 3))::uuid = ANY (partner_ids)))",
    "tenants_incidentupdate": "(EXISTS ( SELECT 1 FROM tenants_incident i WHERE (i.id ="
                              " tenants_incidentupdate.incident_id)))",
}  # fmt: skip
PARTNER = re.compile("p_[0-9a-f]{32}")


@pytest.fixture(scope="module")
def asked(django_db_blocker):
    """`asked(statement)`: its rows, as a superuser of one database for all of them."""
    with fresh_database(django_db_blocker) as database, database.psql() as boss:
        yield lambda statement: boss.execute(statement).fetchall()


def named(text: str) -> str:
    """A partner's role or schema, called `p_*`."""
    return PARTNER.sub("p_*", text)


def test_whatever_a_partners_role_may_touch_of_the_public_schema_forces_row_security(asked):
    touched = asked(
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        f" where n.nspname = 'public' and {OURS % 'c.oid'} and c.relkind in ('r', 'p', 'v', 'm')"
        " and has_any_column_privilege('ac_partner', c.oid, 'select, insert, update')"
        " and c.relname <> 'django_migrations'"
        " and not (c.relrowsecurity and c.relforcerowsecurity)"
    )
    assert touched == []


def test_every_policy_for_partners_narrows_to_the_role_by_its_name(asked):
    """One more permissive policy would open a table, whatever the others say."""
    policies = asked(
        "select tablename, policyname, cmd, coalesce(qual, ''), coalesce(with_check, '')"
        " from pg_policies where permissive = 'PERMISSIVE' and schemaname = 'public'"
        " and roles && array['ac_partner', 'public']::name[] order by 1, 2"
    )
    wide = {table: " ".join(f"{qual}{check}".split()) for table, _, _, qual, check in policies
            if not {one for one in (qual, check) if one} <= OWN}  # fmt: skip
    assert len(policies) > 60
    assert wide == OTHERS


def test_no_policy_reads_what_anybody_could_set(asked):
    settable = asked(
        "select tablename, policyname from pg_policies"
        " where concat(qual, with_check) ~* 'current_setting|session_user'"
    )
    assert settable == []


def test_policies_that_let_all_rows_through_are_those_of_our_own_roles(asked):
    wide = asked(
        "select distinct unnest(roles)::text from pg_policies where schemaname = 'public'"
        " and permissive = 'PERMISSIVE' and (qual = 'true' or with_check = 'true') order by 1"
    )
    assert {role for (role,) in wide} <= {
        "ac_owner", "ac_web", "ac_console", "ac_settle", "ac_recorder", "ac_partner",
    }  # fmt: skip


def test_partitions_of_usage_are_read_through_their_parent_alone(asked):
    direct = asked(
        "select c.relname, r.rolname from pg_class c, pg_roles r where c.relispartition"
        " and (r.rolname ~ '^p_' or r.rolname in ('ac_partner', 'ac_web', 'ac_console'))"
        " and has_any_column_privilege(r.oid, c.oid, 'select, insert, update')"
    )
    assert direct == []


def test_functions_with_their_owners_rights_have_a_fixed_path_and_are_nobodys_to_call(asked):
    functions = asked(
        "select p.proname, coalesce(array_to_string(p.proconfig, ','), ''),"
        " has_function_privilege('public', p.oid, 'execute'), pg_get_userbyid(p.proowner)"
        " from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        f" where p.prosecdef and {OURS % 'p.oid'} order by 1"
    )
    assert len(functions) >= 5
    paths = {path for _name, path, _callable, _owner in functions}
    assert paths <= {"search_path=public", "search_path=pg_catalog, pg_temp"}
    assert {(callable_, owner) for _name, _path, callable_, owner in functions} == {
        (False, "ac_owner")
    }


def test_nothing_of_ours_is_granted_to_everybody(asked):
    """Tables, columns, sequences, schemas and what later ones would be made with."""
    granted = asked(f"""
        select n.nspname || '.' || c.relname from pg_class c
        join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
        where a.grantee = 0 and {OURS % "c.oid"}
        union select n.nspname || '.' || c.relname || '.' || t.attname from pg_attribute t
        join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace,
        aclexplode(t.attacl) a where a.grantee = 0 and {OURS % "c.oid"}
        union select nspname || ' ' || a.privilege_type from pg_namespace n, aclexplode(nspacl) a
        where a.grantee = 0 and (nspname = 'public' or nspname ~ '^p_')
        union select 'default: ' || defaclacl::text from pg_default_acl
    """)
    assert granted == [("public USAGE",)]


def test_there_is_nothing_that_row_security_would_not_reach(asked):
    """Views run with their owner's rights, and materialised ones and large objects have none."""
    besides = asked(
        "select c.relkind::text, c.relname from pg_class c"
        f" join pg_namespace n on n.oid = c.relnamespace where {OURS % 'c.oid'}"
        " and (c.relkind in ('m', 'f') or (c.relkind = 'v' and not"
        " coalesce('security_invoker=true' = any(c.reloptions), false)))"
        " union select 'large object', oid::text from pg_largeobject_metadata"
        " union select 'rule', tablename || ' ' || rulename from pg_rules"
        " where schemaname = 'public' or schemaname ~ '^p_'"
        " union select 'language', lanname from pg_language where lanpltrusted is false"
        " and lanname not in ('internal', 'c')"
        " union select 'foreign server', srvname from pg_foreign_server"
    )
    assert besides == []
    extensions = {name for (name,) in asked("select extname from pg_extension")}
    assert extensions <= {"plpgsql", "btree_gist", "vector"}


def test_roles_are_members_of_what_is_listed_and_nothing_else(asked):
    """(role, member, inherits, may become, may hand on); PostgreSQL's own roles are nobody's."""
    members = asked(
        "select r.rolname, m.rolname, a.inherit_option, a.set_option, a.admin_option"
        " from pg_auth_members a join pg_roles r on r.oid = a.roleid"
        " join pg_roles m on m.oid = a.member where m.rolname ~ '^(ac_|p_)'"
    )
    assert {(named(role), named(member), *may) for role, member, *may in members} == {
        ("ac_partner", "p_*", True, True, False),
        ("p_*", "ac_web", False, True, False),
        ("ac_console", "ac_web", False, True, False),
        ("ac_partner", "ac_owner", False, False, True),
        ("ac_console", "ac_owner", False, False, True),
        ("ac_web", "ac_owner", False, False, True),
        ("p_*", "ac_owner", False, False, True),
    }


def test_roles_may_log_in_and_make_things_as_listed_and_nothing_else(asked):
    """(may log in, inherits, makes roles, makes databases); none is more than that."""
    roles = asked(
        "select rolname, rolcanlogin, rolinherit, rolcreaterole, rolcreatedb, rolsuper,"
        " rolbypassrls, rolreplication from pg_roles where rolname ~ '^(ac_|p_)'"
    )
    assert {(named(name), *may) for name, *may in roles} == {
        ("ac_owner", True, True, True, True, *NOTHING),
        ("ac_web", True, False, False, False, *NOTHING),
        ("ac_recorder", True, False, False, False, *NOTHING),
        ("ac_settle", True, False, False, False, *NOTHING),
        ("ac_partner", False, True, False, False, *NOTHING),
        ("ac_console", False, True, False, False, *NOTHING),
        ("p_*", False, True, False, False, *NOTHING),
    }


NOTHING = (False, False, False)  # superuser, past row security, replication


def test_only_the_owner_can_make_tables_or_functions(asked):
    """A table of one's own in a path that others search is how a name is taken over."""
    makers = asked(
        "select n.nspname, r.rolname from pg_namespace n, pg_roles r"
        " where (n.nspname = 'public' or n.nspname ~ '^p_') and not r.rolsuper"
        " and r.rolname ~ '^(ac_|p_)' and has_schema_privilege(r.oid, n.oid, 'create')"
    )
    assert {role for _schema, role in makers} == {"ac_owner"}


def test_a_partners_role_is_let_into_its_own_schema_alone(asked):
    """And so is nobody but the workers, whatever lies in it."""
    pairs = asked(
        "select n.nspname, r.rolname from pg_namespace n, pg_roles r where n.nspname ~ '^p_'"
        " and r.rolname ~ '^(ac_|p_)' and has_schema_privilege(r.oid, n.oid, 'usage')"
    )
    schemas = {schema for schema, _role in pairs}
    assert len(schemas) >= 2
    assert {role for schema, role in pairs if role != schema} == {
        "ac_owner", "ac_recorder", "ac_settle",
    }  # fmt: skip
    assert {role for schema, role in pairs if role == schema} == schemas
