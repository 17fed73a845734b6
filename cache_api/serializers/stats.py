"""Usage numbers in the OpenAPI document."""

from rest_framework import serializers

from cache_api.rules.stats_request import BY, GRANULARITIES


class MeasuresSerializer(serializers.Serializer[object]):
    """What every row counts."""

    lookups = serializers.IntegerField()
    hits = serializers.IntegerField(help_text="Those that feedback did not take back.")
    semantic_hits = serializers.IntegerField(help_text="Of the hits, those by meaning.")
    misses = serializers.IntegerField()
    stores = serializers.IntegerField()
    hit_rate = serializers.FloatField(allow_null=True, help_text="0 to 1; null without lookups.")
    bytes_served = serializers.IntegerField()
    tokens_saved = serializers.IntegerField()
    cost_saved = serializers.FloatField(help_text="US dollars at list prices.")


class PointSerializer(MeasuresSerializer):
    """One hour or day."""

    at = serializers.DateTimeField(help_text="Its start, UTC.")


class SliceSerializer(MeasuresSerializer):
    """One model, customer, region, provider or outcome."""

    value = serializers.CharField(allow_blank=True, help_text="Empty where none was given.")


class LatencySerializer(serializers.Serializer[object]):
    """Of the hits, in milliseconds; null where nothing was timed."""

    p50 = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)
    p99 = serializers.FloatField(allow_null=True)


class PromptCachingSerializer(serializers.Serializer[object]):
    """What the providers' own prompt caching would have saved beside what hits did."""

    repeated_tokens = serializers.IntegerField(
        help_text="Prompt tokens, estimated, that repeated a beginning of the five minutes before."
    )
    could_save = serializers.FloatField(help_text="US dollars at list prices, less writing.")


class StatsSerializer(serializers.Serializer[object]):
    """Usage of a period [start, end)."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    granularity = serializers.ChoiceField(choices=GRANULARITIES)
    livemode = serializers.BooleanField()
    customer = serializers.CharField(allow_null=True, help_text="As asked for.")
    totals = MeasuresSerializer()
    latency_ms = LatencySerializer()
    series = PointSerializer(many=True)
    prompt_caching = PromptCachingSerializer()
    by = serializers.ChoiceField(choices=BY)
    breakdown = SliceSerializer(many=True, help_text="Most lookups first, 100 at most.")
