"""The settings of a training run: all that decides which weights come out, in one frozen object."""

import argparse
import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from handwriting.errors import HandwritingError
from handwriting.runs import current_names
from handwriting.training.optim import checked_alpha
from handwriting.training.recipes import SEED, Ranges, Recipe, changed, check_ranges
from models import MODELS

_RANGES: Ranges = SEED | {
    "init_fraction": (float, 0, 1),
    "extra_variants": (int, 0, 100),
    "heads": (int, 1, 2),
}


@dataclass(frozen=True)
class Settings:
    """The settings of one run.

    Attributes:
        model: name in `models.MODELS`.
        recipe: how it is trained.
        seed: of the first weights and the order of images.
        fraction: part of the training images to use, in 0..1.
        init_from: the run whose weights to go on from.
        init_fraction: the part of the training images that that run has seen.
        alpha: how far to go from that run's weights to the new ones, in 0..1.
        extra_data: where images from elsewhere are, as `datasets.external.load_external` takes it.
        extra_fraction: of them in each batch, in 0..1.
        extra_weights: how often each of them is drawn, in any unit; nothing for the square roots
            of their images.
        extra_held_out: part of their hands that is left out, to measure on, in 0..1.
        heads: 2 with a second head for any hand, else 1.
        extra_variants: how often each sample of pen archives is drawn anew, its strokes changed.
        device: kind of device that the run began on.
        precision: ``fp32`` or ``bf16``.
        compile: whether the network is compiled.
        fingerprint: of the prepared archive.
        synthetic: whether that was generated.
        labels: how its labels were standardised.
    """

    model: str
    recipe: Recipe
    seed: int = 42
    fraction: float = 1.0
    init_from: str | None = None
    init_fraction: float = 0.0
    alpha: float = 1.0
    extra_data: tuple[str, ...] = ()
    extra_fraction: float = 0.0
    extra_weights: tuple[float, ...] = ()
    extra_variants: int = 0
    extra_held_out: float = 0.0
    heads: int = 1
    device: str = "cpu"
    precision: str = "fp32"
    compile: bool = False
    fingerprint: str = ""
    synthetic: bool = False
    labels: str = "exact"

    def __post_init__(self) -> None:
        """Check that a run can be made of these values.

        Raises:
            HandwritingError: one of them is unknown or out of its range.
        """
        if self.model not in MODELS:
            raise HandwritingError(f"--model must be one of {', '.join(MODELS)}.")
        if not 0 < self.fraction <= 1:
            raise HandwritingError("--fraction must be greater than 0 and at most 1.")
        if not 0 <= self.extra_held_out < 1:
            raise HandwritingError("--extra-held-out must be 0 or more and less than 1.")
        if any(not 0 < weight < math.inf for weight in self.extra_weights):
            raise HandwritingError("--extra-weights must be greater than 0.")
        checked_alpha(self.alpha)
        check_ranges(self, _RANGES)

    @property
    def command(self) -> str:
        """The command of such a run, without the options that hold by default."""
        further = f" --init-from {self.init_from} --extra-data …" if self.init_from else ""
        return f"python model_training.py --model {self.model}{further}"

    def hyperparameters(self) -> dict[str, Any]:
        """What a weights file says of its training: the recipe's values and the others, flat."""
        values = self.as_dict()
        for name in ("model", "fingerprint", "synthetic", "labels"):
            del values[name]
        return values.pop("recipe") | values

    def as_dict(self) -> dict[str, Any]:
        """All values, as a checkpoint keeps them and :meth:`from_dict` takes them."""
        lists = {name: list(getattr(self, name)) for name in ("extra_data", "extra_weights")}
        return dataclasses.asdict(self) | lists

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Settings":
        """The settings in a checkpoint, of an earlier version too.

        Raises:
            HandwritingError: they are not this project's.
        """
        try:
            values = current_names(values)
            recipe = changed(Recipe(), values.pop("recipe"))
            lists = {name: tuple(values.pop(name, ())) for name in ("extra_data", "extra_weights")}
            return cls(recipe=recipe, **lists, **values)
        except (KeyError, TypeError, AttributeError) as error:
            raise HandwritingError(f"these are no settings of a run: {error}") from error


def choose_settings(args: argparse.Namespace, **others: Any) -> Settings:
    """The settings of the command line of stage 3.

    Args:
        args: the options.
        others: what they leave open: recipe, device, precision, what the run goes on from, and the
            facts of the archive.

    Raises:
        HandwritingError: options do not fit each other, or a value is out of its range.
    """
    if args.extra_data and not args.init_from:
        raise HandwritingError(
            "--extra-data goes with --init-from: first train without, then go on with it."
        )
    if not 0 < args.extra_fraction < 1:
        raise HandwritingError("--extra-fraction must lie between 0 and 1.")
    if args.extra_weights and len(args.extra_weights) != len(args.extra_data):
        raise HandwritingError("--extra-weights takes one number for each of the --extra-data.")
    alpha = checked_alpha(args.alpha)
    return Settings(
        model=args.model,
        seed=args.seed,
        fraction=args.fraction,
        init_from=args.init_from,
        alpha=alpha if args.init_from else 1.0,
        extra_data=tuple(str(path) for path in args.extra_data),
        extra_fraction=args.extra_fraction if args.extra_data else 0.0,
        extra_weights=tuple(args.extra_weights),
        extra_variants=args.extra_variants if args.extra_data else 0,
        extra_held_out=args.extra_held_out if args.extra_data else 0.0,
        heads=2 if args.extra_data else 1,
        compile=args.compile,
        **others,
    )
