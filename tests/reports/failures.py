"""Failures written by hand."""

from analyzer.reports.failure.record import ErrorPart, Failure


def example_failure() -> Failure:
    return Failure(
        version="0.1.0",
        error=ErrorPart(slug="file-missing", message="there is no file digits.onnx"),
        exit_code=2,
        started="2025-01-02T03:04:05+00:00",
        command="relcheck digits.onnx --json r.json",
        models=["models/digits.onnx"],
    )


FAILURES = {"failure": example_failure}
