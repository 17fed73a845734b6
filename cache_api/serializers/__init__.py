"""The overflow API's contract for the OpenAPI document. Nothing is parsed or rendered with these:
the doors take raw bytes and give raw bytes, so that a stored response stays what it was.
"""

from rest_framework import serializers


class MetadataSerializer(serializers.Serializer[object]):
    """Why the caller came to us. Unknown members are ignored."""

    redis_latency = serializers.FloatField(
        required=False, help_text="Milliseconds the primary cache took."
    )
    region = serializers.CharField(required=False, help_text="Where the caller is.")
    reason = serializers.ChoiceField(choices=["miss", "slow", "error", "capacity"], required=False)
    primary = serializers.CharField(required=False, help_text="redis, memcached, dragonfly, …")
    sdk = serializers.CharField(required=False)


class LookupRequestSerializer(serializers.Serializer[object]):
    """`original_request`, `cache_key`, or both. Unknown members are ignored."""

    provider = serializers.CharField(required=False, help_text="The primary cache.")
    customer_id = serializers.CharField(
        required=False, max_length=200, help_text="The partner's own name for its customer."
    )
    cache_key = serializers.CharField(
        required=False,
        max_length=1024,
        help_text="Your own key, or the request's digest; alone or beside `original_request`.",
    )
    original_request = serializers.DictField(
        required=False, help_text="The provider request, with `provider` and `model`."
    )
    semantic_key = serializers.CharField(
        required=False,
        max_length=1024,
        help_text="Your name for what is meant, matched exactly whatever the wording; with "
        "`original_request` for its provider and model only.",
    )
    namespace = serializers.CharField(
        required=False, max_length=100, help_text="Keeps entries of one customer apart."
    )
    request_id = serializers.CharField(
        required=False, help_text="A UUIDv7 of the last 15 minutes makes a retry one usage event."
    )
    allow_stale = serializers.JSONField(
        required=False,
        help_text="Lookup: true, or for how many seconds after its expiry an entry is welcome.",
    )
    lease = serializers.BooleanField(
        required=False, help_text="Lookup: of many who miss the same at once, make one the leader."
    )
    response_format = serializers.ChoiceField(
        choices=["json", "sse"],
        required=False,
        help_text="`sse`: `response` is the provider's stream of events, as one string.",
    )
    metadata = MetadataSerializer(
        required=False, help_text="Why you came: the primary's latency in ms, region, reason."
    )


class StoreRequestSerializer(LookupRequestSerializer):
    """A lookup's members and the provider's response."""

    response = serializers.JSONField(
        help_text="Kept byte for byte, up to 8 MiB; a stream as the response its events make up."
    )
    ttl = serializers.FloatField(required=False, help_text="Seconds; capped by partner, platform.")
    max_stale = serializers.FloatField(
        required=False, help_text="Seconds the entry is kept after its expiry for `allow_stale`."
    )
    lease_id = serializers.CharField(
        required=False, help_text="The lease that the lookup gave you; it ends with this."
    )
    tags = serializers.ListField(child=serializers.CharField(), required=False, max_length=16)
    usage = serializers.DictField(
        required=False, help_text="The provider's usage object, when the response has none."
    )


class BillingSerializer(serializers.Serializer[object]):
    """Whose traffic this is."""

    partner_id = serializers.CharField()
    revenue_share = serializers.FloatField(
        required=False, help_text="The partner's share as a fraction. Not told to customers' keys."
    )
    currency = serializers.CharField()
    event_id = serializers.UUIDField()


class EntrySerializer(serializers.Serializer[object]):
    """The entry that answered."""

    id = serializers.CharField(help_text="Names the entry in feedback.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class LeaseSerializer(serializers.Serializer[object]):
    """Whether you are the one who asks the provider. Advisory: nobody is blocked."""

    role = serializers.ChoiceField(choices=["leader", "follower"])
    id = serializers.CharField(required=False, help_text="The leader's; store with it.")
    ttl_ms = serializers.IntegerField(required=False, help_text="How long the lease lasts.")
    wait_ms = serializers.IntegerField(required=False, help_text="How long a follower may wait.")


class LookupResponseSerializer(serializers.Serializer[object]):
    """A hit or a miss; both are 200."""

    hit = serializers.BooleanField(help_text="Whether `response` holds an answer.")
    response = serializers.JSONField(
        allow_null=True, help_text="As stored, byte for byte; or as a stream."
    )
    latency = serializers.FloatField(help_text="Milliseconds spent here.")
    source = serializers.CharField()  # type: ignore[assignment]
    cost_saved = serializers.FloatField(help_text="US dollars.")
    status = serializers.ChoiceField(choices=["hit", "semantic_hit", "stale", "miss"])
    similarity = serializers.FloatField(
        required=False, help_text="Of a semantic hit: how near the stored question is, up to 1."
    )
    reason = serializers.CharField(required=False, help_text="Why it is a miss.")
    region = serializers.CharField(required=False)
    request_id = serializers.CharField(required=False)
    entry = EntrySerializer(required=False)
    lease = LeaseSerializer(
        required=False, allow_null=True, help_text="With `lease` only; null: nobody could say."
    )
    billing = BillingSerializer(help_text="Whose traffic this is, and the usage event's id.")


class StoreResponseSerializer(serializers.Serializer[object]):
    """201 for a new entry, 200 for the same again, or where the caller asked to store nothing."""

    stored = serializers.BooleanField()
    status = serializers.ChoiceField(choices=["stored", "unchanged", "bypass"])
    reason = serializers.CharField(required=False, help_text="Why nothing was stored.")
    cache_key = serializers.CharField(
        required=False, help_text="The request's digest, or the caller's own key."
    )
    expires_at = serializers.DateTimeField(required=False)
    ttl = serializers.IntegerField(required=False, help_text="Seconds left.")
    bytes = serializers.IntegerField(required=False)
    region = serializers.CharField(required=False)
    request_id = serializers.CharField(required=False)
    billing = BillingSerializer(required=False)


class FaultSerializer(serializers.Serializer[object]):
    """A faulty member."""

    pointer = serializers.CharField(help_text="JSON pointer into the request body.")
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[object]):
    """RFC 9457 problem details."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable: program against this.")
    retryable = serializers.BooleanField()
    reason = serializers.CharField(required=False)
    request_id = serializers.CharField(required=False)
    errors = FaultSerializer(many=True, required=False)  # type: ignore[assignment]


class HealthSerializer(serializers.Serializer[object]):
    """What answers right now."""

    status = serializers.ChoiceField(
        choices=["ok", "degraded", "drained"],
        help_text="drained: an operator wants traffic to leave this region.",
    )
    region = serializers.CharField()
    cache = serializers.ChoiceField(choices=["ok", "unavailable"])
    metering = serializers.ChoiceField(choices=["ok", "unavailable"])
    semantic = serializers.ChoiceField(
        choices=["ok", "idle", "off"], help_text="The model of semantic matching; idle: not loaded."
    )
