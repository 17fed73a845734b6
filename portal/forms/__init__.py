"""What people type into pages, read and judged: one file a subject."""
