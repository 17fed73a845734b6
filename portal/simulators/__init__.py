"""Stand-ins for outside services, used by the demo and by the tests; never by a real install."""
