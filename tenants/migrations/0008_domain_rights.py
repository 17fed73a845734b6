"""Who may touch claimed hosts, which steps the machines may take, and probes that stay as written.

The step tables are those of `tenants/rules/domain_states.py`; a test walks every pair of both.
"""

from django.db import migrations

from tenants.db.grants import share_table

GUARD = """
CREATE FUNCTION tenants_guard_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.routing <> 'draft' OR NEW.cert <> 'none' THEN
            RAISE EXCEPTION 'a claim begins as a draft' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.partner_id, NEW.host, NEW.target, NEW.token)
        IS DISTINCT FROM (OLD.id, OLD.partner_id, OLD.host, OLD.target, OLD.token) THEN
        RAISE EXCEPTION 'a claim keeps its host, target and token'
            USING ERRCODE = 'check_violation', HINT = 'Release it and make a new one.';
    END IF;
    IF NEW.routing NOT IN ('verified', 'warning') THEN
        NEW.cert := 'none';
    END IF;
    IF NEW.routing <> OLD.routing AND (OLD.routing || '>' || NEW.routing) <> ALL (ARRAY[
        'draft>pending', 'pending>verified', 'verified>warning', 'warning>verified',
        'warning>moved', 'draft>released', 'pending>released', 'verified>released',
        'warning>released', 'moved>released'
    ]) THEN
        RAISE EXCEPTION 'no step from % to %', OLD.routing, NEW.routing
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.cert <> OLD.cert AND (OLD.cert || '>' || NEW.cert) <> ALL (ARRAY[
        'none>allowed', 'allowed>none', 'allowed>issuing', 'allowed>active', 'allowed>renewing',
        'allowed>error', 'issuing>none', 'issuing>active', 'issuing>renewing', 'issuing>error',
        'active>none', 'active>renewing', 'active>error', 'renewing>none', 'renewing>active',
        'renewing>error', 'error>none', 'error>issuing', 'error>active', 'error>renewing'
    ]) THEN
        RAISE EXCEPTION 'no step of the certificate from % to %', OLD.cert, NEW.cert
            USING ERRCODE = 'check_violation';
    END IF;
    -- A partner asks and releases; what DNS says is the checker's to write down.
    IF left(current_user, 2) = 'p_' AND NEW.routing <> OLD.routing
        AND NEW.routing NOT IN ('pending', 'released') THEN
        RAISE EXCEPTION 'a partner may not verify its own host'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER claim_steps BEFORE INSERT OR UPDATE ON tenants_domainclaim
    FOR EACH ROW EXECUTE FUNCTION tenants_guard_claim();
ALTER TABLE tenants_domainclaim ADD CONSTRAINT target_of_one_partner
    EXCLUDE USING gist (target WITH =, partner_id WITH <>);
CREATE TRIGGER probe_is_append_only BEFORE UPDATE OR DELETE ON tenants_domainprobe
    FOR EACH ROW EXECUTE FUNCTION tenants_refuse_change();
CREATE TRIGGER probe_is_never_truncated BEFORE TRUNCATE ON tenants_domainprobe
    FOR EACH STATEMENT EXECUTE FUNCTION tenants_refuse_change();
"""
OWN = "partner_id = substr(current_user::text, 3)::uuid"
MINE = "tenant_id = substr(current_user::text, 3)::uuid"
# A partner leads its visitors to another of its hosts, and takes away what came by a claim. Hosts
# that were set up with it (the fallback among them) stay.
RIGHTS = f"""
GRANT UPDATE (routing, tries, asked_at, next_check_at, share_number, shared_until, ended_at)
    ON tenants_domainclaim TO ac_partner;
CREATE POLICY partner_change ON tenants_domainclaim FOR UPDATE TO ac_partner
    USING ({OWN}) WITH CHECK ({OWN});
GRANT UPDATE (is_primary, redirect_until), DELETE ON tenants_domain TO ac_partner;
CREATE POLICY partner_change ON tenants_domain FOR UPDATE TO ac_partner
    USING ({MINE}) WITH CHECK ({MINE});
CREATE POLICY partner_remove ON tenants_domain FOR DELETE TO ac_partner
    USING ({MINE} AND EXISTS (SELECT 1 FROM tenants_domainclaim c WHERE c.host = domain));
GRANT INSERT, DELETE, UPDATE (is_primary, redirect_until) ON tenants_domain TO ac_settle;
GRANT USAGE ON SEQUENCE tenants_domain_id_seq TO ac_settle;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0007_domain_claims")]

    operations = [
        share_table(
            "tenants_domainclaim", partner="select, insert", console="select",
            settle="select, update",
        ),
        share_table(
            "tenants_domainprobe", partner="select", console="select", settle="select, insert",
        ),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]  # fmt: skip
