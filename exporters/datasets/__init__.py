"""Data sets as files that ``--data`` takes: CIFAR-10 fetched and packed, and noise.

`cifar10` takes the published folders as `analyzer.evaluation.sources` reads them, or fetches them;
`archives` reads and writes ``.npz`` files, `noise` draws images to try commands on, and `images` is
the record of all of them.
"""
