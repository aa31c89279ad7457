"""The report of `relcheck run`: figures at each bit error rate, and the gate."""
