"""The overflow pipeline, without I/O: bytes and facts in, steps and answers out.

A door (the edge, the DRF view) asks `plan`, does the reads it is told to, and asks `conclude` until
it holds an Answer. Nothing here opens a socket or a file, reads a clock or knows Django.
"""
