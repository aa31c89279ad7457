"""Speculative bounds: stretches run as if no clipping bound acted, and guards prove that none did.

Used for networks with clipping bounds where these cost more than the guards. It imports only
`stretches` and `ort`.
"""
