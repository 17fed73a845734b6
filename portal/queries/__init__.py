"""Reads of the portal: everything one page shows, in one call with a constant query count."""
