"""Recompiled subgraphs: patterns that decide which operators run, without loading the whole file.

Used for quantized models, when patterns hit scales or zero points often. It imports `oracle`,
`partial`, `prepacked_weights`, `weights`, `layout`, `stretches` and `ort`.
"""
