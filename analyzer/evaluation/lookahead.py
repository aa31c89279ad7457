"""Work done a little ahead, in threads, so that a stream of any length takes bounded memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def map_ahead(
    function: Callable[[Given], Made], items: Iterable[Given], threads: int, name: str
) -> Generator[Made]:
    """The results of ``function`` in the order of ``items``.

    At most twice as many as there are threads wait to be taken. Close the generator where it may
    be left early.

    Args:
        function: called in a thread.
        items: taken in this thread, one by one.
        threads: how many work at the same time, 1 or more.
        name: of the threads.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
    waiting: deque[Future[Made]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
