"""Feedback in the OpenAPI document."""

from rest_framework import serializers


class FeedbackRequestSerializer(serializers.Serializer[object]):
    """A hit that was wrong (`entry_id`, key or request say what to evict), or not used."""

    event_id = serializers.UUIDField(help_text="The hit's `billing.event_id`.")
    correct = serializers.BooleanField(
        required=False, help_text="false, of a hit that was wrong; left out of an unused one."
    )
    reason = serializers.ChoiceField(
        ["wrong", "unused"],
        default="wrong",
        help_text="`unused`: nobody had a use for it, as when it came too late.",
    )
    entry_id = serializers.CharField(required=False, help_text="The hit's `entry.id`.")
    cache_key = serializers.CharField(required=False, max_length=1024)
    original_request = serializers.DictField(required=False)
    customer_id = serializers.CharField(
        required=False, max_length=200, help_text="As in the lookup that hit."
    )
    namespace = serializers.CharField(required=False, max_length=100)


class FeedbackResponseSerializer(serializers.Serializer[object]):
    """Taken down; the bill follows within seconds."""

    accepted = serializers.BooleanField()
    event_id = serializers.UUIDField()
    evicted = serializers.IntegerField(help_text="Entries that were there and are gone.")
    correction_id = serializers.UUIDField(help_text="The usage event of this feedback.")
