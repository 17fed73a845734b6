"""Batches in the OpenAPI document."""

from rest_framework import serializers

from cache_api.serializers import ProblemSerializer, StoreRequestSerializer


class BatchItemSerializer(StoreRequestSerializer):
    """A lookup's or a store's members, and which it is."""

    op = serializers.ChoiceField(choices=["lookup", "store"])
    response = serializers.JSONField(required=False, help_text="Of a store.")


class BatchRequestSerializer(serializers.Serializer[object]):
    """1 to 100 items in at most 8 MiB and 400,000 values."""

    items = serializers.ListField(child=BatchItemSerializer(), min_length=1, max_length=100)


class BatchResultSerializer(serializers.Serializer[object]):
    """What the item would have got alone."""

    status = serializers.IntegerField()
    body = serializers.DictField(required=False, help_text="The answer of a lookup or a store.")
    problem = ProblemSerializer(required=False)


class BatchResponseSerializer(serializers.Serializer[object]):
    """A result for each item, in their order."""

    items = BatchResultSerializer(many=True)
