"""Stretches of the optimized graph: where it can be cut, and each part as a session of its own.

Partial re-execution, speculative bounds, prepacked weights and recompiled subgraphs all run the
graph in such parts. This folder imports only `ort`.
"""
