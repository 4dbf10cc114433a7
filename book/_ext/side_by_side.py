"""Pages run side by side, a process for each core, before Sphinx reads the first one; it runs one after the other.

What they print goes into the cache of jupyter-cache, where Sphinx finds it. Pages that train are left to Sphinx and
have the machine alone: TensorFlow, whose threads wait for each other, is many times slower beside another process.
"""

import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from rerun_cells import trains
from sphinx.errors import ExtensionError
from sphinx.util import logging

MOST = 8  # processes, since each may take a gigabyte
ALONE = "dlnb.run"  # in a command: it trains too
log = logging.getLogger(__name__)


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(app, env, names: list[str]) -> None:
    """Run those of the pages ``names`` that have changed; raises ExtensionError, with all errors, if pages fail."""
    workers = min(app.config.side_by_side or cores(), MOST)
    if workers < 2 or app.config.nb_execution_mode != "cache":
        return
    cache = get_cache(app.config.nb_execution_cache_path)
    paths = [Path(env.doc2path(name)) for name in names]
    pages = {path: nbformat.read(path, 4) for path in paths if path.suffix == ".ipynb"}
    missing = {path: page for path, page in pages.items() if _shared(page) and not _kept(cache, page)}
    options = {"timeout": app.config.nb_execution_timeout, "allow_errors": False}
    failed = []
    with ThreadPoolExecutor(workers) as pool:
        runs = {
            pool.submit(single_nb_execution, page, str(path.parent), **options): path for path, page in missing.items()
        }
        for done in as_completed(runs):
            path = runs[done]
            try:
                result = done.result()
            except Exception as error:  # of a kernel that died
                failed.append(f"{path.name} failed: {error}")
                continue
            log.info(f"ran {path.name} in {result.time:.0f} seconds")
            if result.err:
                failed.append(f"{path.name} failed:\n{result.exc_string}")
                continue
            bundle = CacheBundleIn(missing[path], str(path), data={"execution_seconds": result.time})
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    if failed:
        raise ExtensionError("\n".join(failed))


def _shared(page) -> bool:
    """Whether a page has cells of code, none of which trains."""
    code = [cell.source for cell in page.cells if cell.cell_type == "code"]
    return bool(code) and not any(trains(source) or ALONE in source for source in code)


def _kept(cache, page) -> bool:
    try:
        return cache.match_cache_notebook(page) is not None
    except KeyError:
        return False


def setup(app):
    app.add_config_value("side_by_side", None, "")  # processes; None: as many as there are cores
    app.connect("env-before-read-docs", run)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
