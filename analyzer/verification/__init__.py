"""Checks of the engine on a user's own model, by running it in two ways.

`selftest` compares live weights with the oracle, bit for bit; `two_devices` compares the outcomes
on two devices.
"""
