"""Without torch, networks that tests share cannot even be imported: they are left alone."""

from importlib.util import find_spec

collect_ignore: list[str] = []
if find_spec("torch") is None:
    collect_ignore += ["fit_nets.py", "published.py", "qat_nets.py", "ssl_nets.py"]
