"""`make soak`: every process is killed at random under mixed traffic and a settlement."""
