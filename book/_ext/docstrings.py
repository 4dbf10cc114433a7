"""Docstrings on the page *api*: what is listed in them as lines that begin with a name and a colon becomes a list."""

import re

PARAMETER = re.compile(r"(\w+): (.*)")


def listed(app, what, name, thing, options, lines: list[str]) -> None:
    """Change the lines of a docstring in place."""
    found, within = [], False
    for line in lines:
        match = PARAMETER.fullmatch(line)
        if match and (within or not found or not found[-1]) and match[1] not in ("Raises", "Returns"):
            found.append(f"- ``{match[1]}``: {match[2]}")
            within = True
        elif within and line.startswith("    "):
            found.append(f"  {line.strip()}")
        else:
            within = False
            found.append(line)
    lines[:] = found


def setup(app):
    app.connect("autodoc-process-docstring", listed)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
