"""Blocks on a Dask cluster: model and data are shipped once per worker, versions checked first."""

import platform
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Any, Self

from analyzer.campaign.blocks import Block, BlockResult
from analyzer.campaign.shipment import digest
from analyzer.campaign.worker import blocks_on_cluster
from analyzer.errors import ClusterError

PACKAGES = ("relcheck-onnx", "onnxruntime", "onnx", "numpy", "scipy")
RETRIES = 3
"""How often the scheduler runs a block again whose worker was lost."""


def versions() -> dict[str, str]:
    """Versions that must agree between this machine and every worker."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "missing"
    return found


class ClusterPool:
    """A pool on a Dask cluster."""

    def __init__(self, address: str, content: bytes) -> None:
        """Connect, compare versions, ship.

        Args:
            address: of the scheduler, e.g. ``tcp://scheduler:8786``.
            content: the shipment.

        Raises:
            ClusterError: no `distributed` package, no scheduler, no worker, other versions.
        """
        self._client = _connect(address)
        try:
            _check_versions(self._client, address)
        except BaseException:
            self._client.close()
            raise
        self._name = digest(content)
        self._content = self._client.scatter(content, broadcast=True, hash=True)
        self._executor: Executor = self._client.get_executor(pure=False, retries=RETRIES)

    @property
    def width(self) -> int:
        """Threads on all workers."""
        return max(1, int(sum(self._client.nthreads().values())))

    def __enter__(self) -> Self:
        """The pool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Leave the cluster to others."""
        self._client.close()

    def submit(self, blocks: Sequence[Block]) -> "Future[list[BlockResult]]":
        """Send ``blocks`` to a worker."""
        return self._executor.submit(blocks_on_cluster, self._name, self._content, blocks)


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            "--cluster needs the package distributed; install relcheck-onnx[distributed]"
        ) from error
    try:
        return Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ClusterError(f"no Dask scheduler answers at {address}") from error


def _check_versions(client: Any, address: str) -> None:
    here = versions()
    found = client.run(versions)
    if not found:
        raise ClusterError(f"the scheduler at {address} has no workers")
    for worker, there in found.items():
        for name, mine in here.items():
            if there.get(name) != mine:
                raise ClusterError(
                    f"worker {worker} has {name} {there.get(name)}, here it is {mine}; results "
                    "would not be comparable"
                )
