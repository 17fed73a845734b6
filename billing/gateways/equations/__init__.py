"""The money equations as SQL. Each statement's rows are (partner id or NULL, what is wrong)."""
