"""The command line: the composition root. It may call anything and contains no policy."""
