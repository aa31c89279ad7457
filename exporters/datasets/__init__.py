"""Data sets as files that ``--data`` takes: CIFAR-10 as its authors publish it, and noise.

`cifar10` reads the published folders (`pickles` without running them), `archives` reads and writes
``.npz`` files, `noise` draws images to try commands on, and `images` is the record of all of them.
"""
