"""The live weights: one block of memory, the address of every bit in it, and patterns as writes.

Used by executors that change weights where sessions read them. It imports `layout`, `stretches` and
`ort`, and the protocol in `executor`.
"""
