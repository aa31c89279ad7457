"""Distributions of the activations of a model, without faults and at bit error rates.

`site.py` is what is counted at one activation, `golden.py` the run without faults, `rate.py` the
trials of one bit error rate, and `result.py` what was found.
"""
