"""``python -m tests.fuzz``. Worker processes import the work from a module that is not main."""

import sys

from tests.fuzz.long_run import main

if __name__ == "__main__":
    sys.exit(main())
