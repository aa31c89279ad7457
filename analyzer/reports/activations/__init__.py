"""Reports on distributions of activations."""
