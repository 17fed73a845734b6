"""One stored response as JSON and as a stream: each provider's own events, read and written."""
