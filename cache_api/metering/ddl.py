"""The SQL that Django cannot express: the partitioned event table, its immutability, its days."""

EVENT_TABLE = """
CREATE TABLE usage_event (
    event_id uuid NOT NULL,
    partner_id uuid NOT NULL,
    customer text NOT NULL,
    batch_id uuid,
    boot_id uuid,
    seq bigint,
    quantity bigint NOT NULL CHECK (quantity > 0),
    livemode boolean NOT NULL,
    key_id text NOT NULL,
    kind text NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    tokens_in bigint NOT NULL CHECK (tokens_in >= 0),
    tokens_out bigint NOT NULL CHECK (tokens_out >= 0),
    bytes bigint NOT NULL CHECK (bytes >= 0),
    byte_seconds bigint NOT NULL CHECK (byte_seconds >= 0),
    namespace text NOT NULL,
    tags jsonb,
    primary_cache text NOT NULL,
    overflow_reason text NOT NULL,
    primary_latency_us bigint,
    latency_us bigint,
    cost_saved_micros bigint NOT NULL,
    price_version text NOT NULL,
    region text NOT NULL,
    sdk text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_batch bigint NOT NULL,
    CONSTRAINT usage_event_outcome CHECK (
        (kind = 'lookup' AND outcome IN ('hit', 'semantic_hit', 'miss'))
        OR (kind = 'store' AND outcome IN ('stored', 'unchanged'))
    ),
    PRIMARY KEY (event_id)
) PARTITION BY RANGE (event_id)
"""

# Event ids begin with their time, so this one index serves "this partner, from then to then".
EVENT_INDEX = "CREATE INDEX usage_event_partner_time ON usage_event (partner_id, event_id)"

REFUSE_CHANGE = """
CREATE FUNCTION metering_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'usage events are never changed or deleted: record a correcting event instead'
        USING ERRCODE = 'restrict_violation';
END $$
"""

IMMUTABLE = [
    "CREATE TRIGGER usage_event_immutable BEFORE UPDATE OR DELETE ON usage_event"
    " FOR EACH ROW EXECUTE FUNCTION metering_refuse_change()",
    "CREATE TRIGGER usage_event_kept BEFORE TRUNCATE ON usage_event"
    " FOR EACH STATEMENT EXECUTE FUNCTION metering_refuse_change()",
]

# The recorder may not create tables; it may ask for days. Attaching (instead of creating in place)
# leaves readers of the event table undisturbed, and the advisory lock makes two askers take turns.
ENSURE_DAYS = """
CREATE FUNCTION metering_ensure_days(first_day date, last_day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    day date := first_day;
    part text;
    made integer := 0;
BEGIN
    IF last_day - first_day > 3660 THEN
        RAISE EXCEPTION 'asked for more than ten years of event partitions: % to %',
            first_day, last_day;
    END IF;
    WHILE day <= last_day LOOP
        part := 'usage_event_' || to_char(day, 'YYYYMMDD');
        IF to_regclass('public.' || part) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtextextended('metering_ensure_days', 0));
            -- A query, because to_regclass may remember the answer from before the wait.
            IF NOT EXISTS (SELECT FROM pg_class WHERE relname = part
                    AND relnamespace = 'public'::regnamespace) THEN
                PERFORM public.metering_make_day(part, day);
                made := made + 1;
            END IF;
        END IF;
        day := day + 1;
    END LOOP;
    RETURN made;
END $$
"""

MAKE_DAY = """
CREATE FUNCTION metering_make_day(part text, day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TABLE public.%I (LIKE public.usage_event INCLUDING ALL)', part);
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', part);
    EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', part);
    EXECUTE format(
        'CREATE POLICY owner_all ON public.%I TO ac_owner USING (true) WITH CHECK (true)', part);
    EXECUTE format(
        'ALTER TABLE public.usage_event ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
        part, public.metering_day_id(day), public.metering_day_id(day + 1));
    EXECUTE format('CREATE TRIGGER usage_event_kept BEFORE TRUNCATE ON public.%I FOR EACH STATEMENT'
        ' EXECUTE FUNCTION public.metering_refuse_change()', part);
END $$
"""

# The smallest event id of a UTC day: 48 bits of milliseconds, then zeros.
DAY_ID = """
CREATE FUNCTION metering_day_id(day date) RETURNS uuid
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (lpad(to_hex((day - date '1970-01-01')::bigint * 86400000), 12, '0')
        || repeat('0', 20))::uuid
$$
"""

FUNCTION_RIGHTS = [
    "REVOKE ALL ON FUNCTION metering_ensure_days(date, date) FROM PUBLIC",
    "REVOKE ALL ON FUNCTION metering_make_day(text, date) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION metering_ensure_days(date, date) TO ac_recorder",
]

CREATE_EVENTS = [EVENT_TABLE, EVENT_INDEX, REFUSE_CHANGE, *IMMUTABLE]
CREATE_FUNCTIONS = [DAY_ID, MAKE_DAY, ENSURE_DAYS, *FUNCTION_RIGHTS]
DROP_FUNCTIONS = [
    "DROP FUNCTION metering_ensure_days(date, date)",
    "DROP FUNCTION metering_make_day(text, date)",
    "DROP FUNCTION metering_day_id(date)",
]
DROP_EVENTS = ["DROP TABLE usage_event", "DROP FUNCTION metering_refuse_change()"]
