"""``python -m relcheck_onnx`` is ``relcheck``, also where somebody else has a command of that name."""

from relcheck_onnx.command import entry

if __name__ == "__main__":
    entry()
