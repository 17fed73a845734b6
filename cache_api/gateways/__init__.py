"""What the doors share of the outside: environment, Valkey, the spool, upkeep. No Django."""
