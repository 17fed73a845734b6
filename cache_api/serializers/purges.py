"""Purges in the OpenAPI document."""

from rest_framework import serializers

from cache_api.serializers import EntrySerializer

MODES = ["hard", "soft"]


class PurgeRequestSerializer(serializers.Serializer[object]):
    """What to purge. Different members must all match; unknown members are refused."""

    cache_key = serializers.CharField(required=False, max_length=1024)
    cache_keys = serializers.ListField(
        child=serializers.CharField(max_length=1024), required=False, max_length=100
    )
    original_request = serializers.DictField(required=False)
    tags = serializers.ListField(
        child=serializers.CharField(), required=False, max_length=16, help_text="Any of them."
    )
    model = serializers.CharField(required=False, max_length=200)
    provider = serializers.CharField(required=False, max_length=64)
    customer_id = serializers.CharField(required=False, max_length=200)
    namespace = serializers.CharField(required=False, max_length=100)
    older_than_s = serializers.FloatField(required=False, min_value=0)
    all = serializers.BooleanField(required=False, help_text="true: everything; stands alone.")
    mode = serializers.ChoiceField(
        choices=MODES, required=False, default="hard",
        help_text="soft: may still be served to who asks for stale entries.",
    )  # fmt: skip
    dry_run = serializers.BooleanField(required=False, default=False)


class PurgeSerializer(serializers.Serializer[object]):
    """A purge that is written down."""

    purge_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["pending", "complete"])
    seq = serializers.IntegerField(help_text="The how-manieth purge of this partner.")
    mode = serializers.ChoiceField(choices=MODES)
    livemode = serializers.BooleanField()
    selectors = serializers.DictField()
    removed = serializers.IntegerField(required=False, help_text="Single entries that were there.")


class DryPurgeSerializer(serializers.Serializer[object]):
    """What a purge would do."""

    dry_run = serializers.BooleanField()
    matches = serializers.IntegerField(
        allow_null=True, help_text="Entries under the given keys; null for other selectors."
    )
    entries = EntrySerializer(many=True, required=False, help_text="These, where keys are given.")
    mode = serializers.ChoiceField(choices=MODES)
    livemode = serializers.BooleanField()
    selectors = serializers.DictField()


class PurgeProcessSerializer(serializers.Serializer[object]):
    """One answering process."""

    process = serializers.UUIDField()
    door = serializers.CharField()
    state = serializers.ChoiceField(choices=["seen", "waiting", "lease_expired"])
    ms = serializers.IntegerField(allow_null=True, help_text="After how long it knew.")


class PurgeRegionSerializer(serializers.Serializer[object]):
    """A region and its processes."""

    region = serializers.CharField()
    state = serializers.ChoiceField(choices=["seen", "waiting", "lease_expired"])
    ms = serializers.IntegerField(allow_null=True)
    processes = PurgeProcessSerializer(many=True)


class PurgeStatusSerializer(PurgeSerializer):
    """How far a purge has got."""

    age_ms = serializers.IntegerField()
    regions = PurgeRegionSerializer(many=True)
