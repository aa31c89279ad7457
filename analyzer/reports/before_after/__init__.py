"""Reports of commands that make a model of another: export, harden, quantize."""
