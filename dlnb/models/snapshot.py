"""What a function that watches a training is given: the losses so far, and the model when it asks for one."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from dlnb.models.model import Model


@dataclass
class Snapshot:
    """A run between two updates, as ``train`` gives it to ``watch``.

    - ``updates``: how many are done; ``steps``: how many there will be.
    - ``seconds``: of training so far, those before an interruption included and those of ``watch`` not.
    - ``history``: the losses so far, as in ``Model``: each float32 [updates], in nats per image.
    """

    updates: int
    steps: int
    seconds: float
    history: dict[str, np.ndarray]
    _make: Callable[[], Model] | None = field(repr=False)

    def model(self) -> Model:
        """The model after these updates, as ``train`` would return it with ``steps=updates``: bit for bit.

        It is made when it is asked for, which takes a tenth of a second, and has networks of its own, so that it stays
        as it is while training goes on. Raises ValueError after ``watch`` has returned, since the weights have changed.
        """
        if self._make is None:
            raise ValueError(f"the run has gone on since update {self.updates:,}: ask for its model within watch")
        return self._make()

    def close(self) -> None:
        """From now on there is no model: ``train`` calls this when ``watch`` has returned."""
        self._make = None
