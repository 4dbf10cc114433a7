"""What a reader added to the registries in this process, so that a worker's process can be given the same."""

from collections.abc import Callable, Iterable

Addition = tuple[Callable, tuple]  # a ``register`` function and its arguments
_additions: dict[tuple[str, str], Addition] = {}


def name_of(name: str, what: str, own: Iterable[str]) -> str:
    """``name`` if a reader may give it to a ``what``, such as "method"; ``own`` are those of the package."""
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"the name of a {what} must be one word of letters, digits and underscores, not {name!r}")
    if name in own:
        raise ValueError(f"{name} is a {what} of the package: give yours another name")
    return name


def remember(what: str, name: str, register: Callable, *arguments) -> None:
    """Keep a call of ``register(name, *arguments)`` for a ``what``, such as "method"; of one name the last."""
    _additions[what, name] = register, (name, *arguments)


def additions() -> tuple[Addition, ...]:
    """All that was added, in order."""
    return tuple(_additions.values())


def repeat(added: Iterable[Addition]) -> None:
    """Add what another process has."""
    for register, arguments in added:
        register(*arguments)
