"""Webhooks: which events there are, how they are signed, when they are tried, where they may go."""
