"""Webhooks: endpoints, events kept from facts, deliveries."""
