"""Monitors of a pretraining: a k-nearest-neighbour probe, and the spread of the embeddings."""
