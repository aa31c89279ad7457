"""An independent audit of relcheck: brute force in ordinary sessions against the command's figures.

Shares no code with `analyzer` or `exporters`; `tests/test_audit.py` parses the imports. It knows
relcheck only as a command that writes JSON.
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before onnxruntime is loaded
