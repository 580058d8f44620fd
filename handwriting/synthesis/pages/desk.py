"""What every scene is given: a random generator, sources and the size of its sheet."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from handwriting.synthesis.pages.sheet import Sheet
from handwriting.synthesis.pages.sources import PageSources

PAPERS = ("white", "white", "white", "yellowed", "kraft", "whiteboard", "blackboard")


@dataclass(frozen=True)
class Desk:
    """Where a scene is composed.

    Attributes:
        rng: random generator.
        sources: hands and typefaces.
        shape: rows and columns of the sheet.
    """

    rng: np.random.Generator
    sources: PageSources
    shape: tuple[int, int]

    @property
    def short(self) -> int:
        """The sheet's shorter side, in pixels."""
        return min(self.shape)

    def between(self, low: float, high: float) -> float:
        """A random number, each ratio as likely as any other."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def chance(self, probability: float) -> bool:
        """Whether something happens."""
        return bool(self.rng.random() < probability)

    def paper(self, core: float) -> Sheet:
        """An empty sheet, mostly of white paper."""
        ground = PAPERS[self.rng.choice(len(PAPERS), p=[0.3, 0.3, 0.14, 0.14, 0.04, 0.04, 0.04])]
        return Sheet.of(ground, self.shape, core, self.rng)


Scene = Callable[[Desk], Sheet]
