"""``python -m analyzer`` is ``relcheck``."""

from analyzer.cli.guard import entry

if __name__ == "__main__":
    entry()
