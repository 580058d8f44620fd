"""The settings of a training run: all choices that determine its weights, in one frozen object."""

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
        recipe: the training recipe.
        seed: of the initial weights and the order of images.
        fraction: fraction of the training images to use, in 0..1.
        init_from: the run to fine-tune.
        init_fraction: the fraction of the training images that this run has seen.
        alpha: weight interpolation from that run's weights (0) to the new ones (1).
        extra_data: paths of additional images, as `datasets.external.load_external` takes them.
        extra_fraction: their fraction of each batch, in 0..1.
        extra_weights: sampling weight of each path, in any unit; by default the square root of its
            number of images.
        extra_held_out: fraction of their writers held out for validation, in 0..1.
        heads: 2 with an out-of-domain head, else 1.
        extra_variants: number of times each pen sample is re-rendered with augmented strokes.
        device: kind of device that the run started on.
        precision: ``fp32`` or ``bf16``.
        compile: whether the network is compiled.
        fingerprint: of the prepared archive.
        synthetic: whether the archive was generated.
        labels: how the archive's labels were standardised.
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
        """Check every value.

        Raises:
            HandwritingError: a value is unknown or out of range.
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
        """The command of such a run, without options at their defaults."""
        further = f" --init-from {self.init_from} --extra-data …" if self.init_from else ""
        return f"python model_training.py --model {self.model}{further}"

    def hyperparameters(self) -> dict[str, Any]:
        """The training entries of a weights file: recipe and other settings in one flat
        dictionary."""
        values = self.as_dict()
        for name in ("model", "fingerprint", "synthetic", "labels"):
            del values[name]
        return values.pop("recipe") | values

    def as_dict(self) -> dict[str, Any]:
        """All values, as checkpoints store them and :meth:`from_dict` takes them."""
        lists = {name: list(getattr(self, name)) for name in ("extra_data", "extra_weights")}
        return dataclasses.asdict(self) | lists

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Settings":
        """The settings in a checkpoint of this or an earlier version.

        Raises:
            HandwritingError: the values are not settings of this project.
        """
        try:
            values = current_names(values)
            recipe = changed(Recipe(), values.pop("recipe"))
            lists = {name: tuple(values.pop(name, ())) for name in ("extra_data", "extra_weights")}
            return cls(recipe=recipe, **lists, **values)
        except (KeyError, TypeError, AttributeError) as error:
            raise HandwritingError(f"these are not the settings of a run: {error}") from error


def choose_settings(args: argparse.Namespace, **others: Any) -> Settings:
    """The settings given on stage 3's command line.

    Args:
        args: the parsed options.
        others: settings without options of their own: recipe, device, precision, the run to
            fine-tune, and the facts of the archive.

    Raises:
        HandwritingError: options contradict each other, or a value is out of range.
    """
    if args.extra_data and not args.init_from:
        raise HandwritingError(
            "--extra-data needs --init-from: first train without it, then fine-tune."
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
