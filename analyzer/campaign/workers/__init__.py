"""Pools that run blocks: in this process, in worker processes of this machine, on a Dask cluster.

Every pool has the shape of `analyzer.campaign.runner.Pool`:

- `inline_pool`: the process of the command itself.
- `local_pool`: worker processes, each behind a `handle` that replaces it when it dies.
- `dask_pool`: the workers of a cluster.

`processes` starts worker processes, `payload` is the file from which they read the campaign, and
`worker` is the code that runs in them.
"""
