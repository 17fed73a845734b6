"""Semantic matching: which requests take part, what a hit must have in common, the error budget.

Pure. `vectors` needs numpy and is loaded only where an embedder is.
"""
