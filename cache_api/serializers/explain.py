"""Explanations in the OpenAPI document."""

from rest_framework import serializers

from cache_api.rules.explain import KINDS


class ExplainRequestSerializer(serializers.Serializer[object]):
    """Two provider requests, each as in `original_request`."""

    left = serializers.DictField()
    right = serializers.DictField()


class ShapeSerializer(serializers.Serializer[object]):
    """What a value is like: never the value itself."""

    type = serializers.CharField()
    length = serializers.IntegerField(allow_null=True)
    hash = serializers.CharField(
        allow_null=True, help_text="The start of its SHA-256: equal values, equal hashes."
    )


class FieldSerializer(serializers.Serializer[object]):
    """One place in the requests."""

    pointer = serializers.CharField(help_text="A JSON pointer (RFC 6901).")
    kind = serializers.ChoiceField(choices=list(KINDS))
    left = ShapeSerializer(allow_null=True)
    right = ShapeSerializer(allow_null=True)


class SideSerializer(serializers.Serializer[object]):
    """How one request was understood."""

    api = serializers.CharField()
    digest = serializers.CharField(allow_null=True, help_text="null: it has no canonical form.")


class ExplanationSerializer(serializers.Serializer[object]):
    """Real differences first, at most 100 fields."""

    same = serializers.BooleanField()
    left = SideSerializer()
    right = SideSerializer()
    fields = FieldSerializer(many=True)  # type: ignore[assignment]
    left_out = serializers.IntegerField()
