"""Findings: what a pipeline is to know of a report, whatever job wrote it.

`record` is the data; `sweep`, `map`, `comparison` and `failure` make it from the record of their
job. The formats of `analyzer.reports.pipeline` render it, and know no job.
"""
