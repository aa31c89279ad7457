"""``python -m relcheck_onnx`` is ``relcheck``, also where that command is somebody else's."""

from relcheck_onnx.command import entry

if __name__ == "__main__":
    entry()
