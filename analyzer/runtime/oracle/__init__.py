"""The oracle: edit the file's bytes, load the file, run. It defines the right answer.

Live executors are compared with it, and fall back on it for patterns that nothing faster can run.
So its fault arithmetic is its own: of `analyzer.runtime` it imports only `ort` and the protocol in
`executor`.
"""
