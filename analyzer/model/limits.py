"""Limits of what a model or a data set may ask for.

Files are untrusted input. The lengths, shapes and depths that they state are compared with these
bounds before time or memory is spent on them. The bounds lie far above every model known to the
authors, and below what would stop a workstation. What cannot be foreseen from a file - a graph
that computes without end, or asks for memory when it runs - is bounded by the process in which it
runs (`analyzer.cli.process.isolation`).
"""

MODEL_BYTES = 2**31 - 1
"""A model with its external data: protocol buffers end at 2 GiB."""

NODES = 200_000
"""Nodes, local functions expanded: far more than the largest exported language models have. ONNX
Runtime expands functions, so that a file of a few lines could ask for billions."""

STORED_TENSORS = 100_000
"""Tensors in one file; each costs Python objects and a line of the inventory."""

NESTING = 16
"""Graphs within graphs, and functions that call functions: both are walked recursively, here and
in ONNX Runtime. Nested loops of real models end at three or four."""

NAME_CHARACTERS = 4096
"""Names are printed, and repeated for every fault site in a report."""

HELD_BYTES = 2**31
"""A prepared data set that is held in memory. Of a larger one, batches are made when needed."""

DATA_BYTES = 2**33
"""An array that is unpacked, or a batch: the 50,000 images of ImageNet's validation set as bytes. A
compressed file can promise a thousand times its size."""

PICTURE_BYTES = 2**30
"""The file of one image: four times what the pixels of the largest take."""

IMAGE_PIXELS = 2**26
"""Of one image, decoded or resized: 67 million, more than any camera has that models are fed from,
and fewer than those at which Pillow speaks of a decompression bomb."""

INPUT_ELEMENTS = 2**28
"""Of one input as the model states it: 1 GiB of float32."""

GENERATED_ELEMENTS = 2**27
"""Of all generated inputs together: 1 GiB while they are drawn. Of larger inputs fewer are made."""
