"""A record of what a reader registered in this process, so that it can be repeated in worker processes."""

from collections.abc import Callable, Iterable

Addition = tuple[Callable, tuple]  # a ``register`` function and its arguments
_additions: dict[tuple[str, str], Addition] = {}


def name_of(name: str, what: str, own: Iterable[str]) -> str:
    """``name`` if a reader may use it for a ``what``, such as "method"; ``own``: the names of the package."""
    if not isinstance(name, str) or not name.isidentifier():
        why = ", which begins with a digit" if isinstance(name, str) and name[:1].isdigit() else ""
        raise ValueError(f"the name of a {what} must be one word of letters, digits and underscores, not {name!r}{why}")
    if name in own:
        raise ValueError(f"{name} is a {what} of the package: choose another name")
    return name


def remember(what: str, name: str, register: Callable, *arguments) -> None:
    """Record a call of ``register(name, *arguments)`` for a ``what``, such as "method"; a name's last call counts."""
    _additions[what, name] = register, (name, *arguments)


def additions() -> tuple[Addition, ...]:
    """All recorded calls, in order."""
    return tuple(_additions.values())


def repeat(added: Iterable[Addition]) -> None:
    """Make the calls that another process recorded."""
    for register, arguments in added:
        register(*arguments)
