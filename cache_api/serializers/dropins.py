"""Providers' own APIs in the OpenAPI document: as much of them as matters here."""

from rest_framework import serializers


class ProviderRequestSerializer(serializers.Serializer[object]):
    """The provider's request, with all its other members."""

    model = serializers.CharField(min_length=1, max_length=200)
    stream = serializers.BooleanField(required=False, help_text="Answer as the provider streams.")


class ChatRequestSerializer(ProviderRequestSerializer):
    """OpenAI's POST /v1/chat/completions."""

    messages = serializers.ListField(child=serializers.DictField())
    stream_options = serializers.DictField(required=False)


class ResponsesRequestSerializer(ProviderRequestSerializer):
    """OpenAI's POST /v1/responses."""

    input = serializers.JSONField(help_text="A string, or a list of items.")


class MessagesRequestSerializer(ProviderRequestSerializer):
    """Anthropic's POST /v1/messages."""

    messages = serializers.ListField(child=serializers.DictField())
    max_tokens = serializers.IntegerField()


class OpenAIFaultSerializer(serializers.Serializer[object]):
    """What is wrong, in OpenAI's words."""

    message = serializers.CharField()
    type = serializers.CharField()
    param = serializers.CharField(allow_null=True, help_text="The faulty member.")
    code = serializers.CharField(help_text="Stable: program against this. A miss: cache_miss.")


class OpenAIErrorSerializer(serializers.Serializer[object]):
    """OpenAI's error."""

    error = OpenAIFaultSerializer()


class AnthropicFaultSerializer(serializers.Serializer[object]):
    """What is wrong, in Anthropic's words."""

    type = serializers.CharField()
    message = serializers.CharField()
    code = serializers.CharField(help_text="Stable: program against this. A miss: cache_miss.")


class AnthropicErrorSerializer(serializers.Serializer[object]):
    """Anthropic's error."""

    type = serializers.ChoiceField(choices=["error"])
    error = AnthropicFaultSerializer()
