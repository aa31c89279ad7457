"""The report of `relcheck compare`: several models, the first of them the reference."""
