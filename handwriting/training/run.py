"""One training run: its network, optimiser, history, checkpoint and weights file.

`start_run` starts or resumes a run for `model_training.py`; `unsaved_run` starts one for a
measurement. `model_training.train` trains either.
"""

import argparse
import contextlib
import copy
import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from handwriting.compute.devices import choose_device, choose_precision, compiled
from handwriting.compute.distributed import (
    broadcast_object,
    convert_sync_batchnorm,
    own_device,
    world_size,
    wrap_ddp,
)
from handwriting.datasets.batches import subsample
from handwriting.datasets.prepared import LabelledImages
from handwriting.errors import HandwritingError
from handwriting.evaluation.every_split import training_fraction
from handwriting.evaluation.metrics import accuracy
from handwriting.files import load_torch, replacing, save_torch
from handwriting.labels import NUM_CLASSES
from handwriting.recognition.recognizer import log_prior_change
from handwriting.runs import (
    RunFiles,
    build_network,
    find_run,
    half_precision,
    load_weights,
    run_name,
    save_weights,
    temperature,
)
from handwriting.training.calibration import fit_calibration, fit_temperature
from handwriting.training.checkpoints import (
    START_ANEW,
    check_shapes,
    checked_history,
    restore_optimizer,
    restoring,
)
from handwriting.training.claims import (
    check_renamed,
    check_unused,
    claimed,
    files_to_resume,
)
from handwriting.training.losses import PartialLabelLoss
from handwriting.training.optim import (
    interpolate_weights,
    make_average,
    make_optimizer,
    make_schedule,
)
from handwriting.training.plots import plot_accuracy, plot_loss
from handwriting.training.recipes import RECIPES, changed, choose_recipe
from handwriting.training.settings import Settings, choose_settings
from models import MODELS, last_linear, memory_format, predict_logits, select_outputs

_FIGURES = ("train_loss", "val_loss", "val_accuracy", "learning_rate")


class DivergedError(HandwritingError):
    """The training loss is not a number."""


class Run:
    """One training run.

    Args:
        settings: of the run.
        files: where its files go.
        device: to compute on.
        rows: usable rows of the training images, int64.

    Attributes:
        network: the weights that are trained.
        trained: the module to call in training, with the same weights.
        history: one row per epoch.
        kept_weights: of the epoch to keep, in half precision; ``None`` if there is none yet, or if
            an earlier version stored it in the weights file.
    """

    def __init__(
        self, settings: Settings, files: RunFiles, device: torch.device, rows: torch.Tensor
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.files, self.device = settings, files, device
        self.recipe = settings.recipe
        self.rows = subsample(rows, settings.fraction)
        self.start: dict[str, torch.Tensor] = {}
        frequencies = None
        network = _new_network(settings)
        if settings.init_from is not None:
            content = broadcast_object(lambda: load_init(settings, files.models))
            network.load_state_dict(_first_weights(settings, content))
            self.start = {name: tensor.clone() for name, tensor in network.state_dict().items()}
            frequencies = content.get("training_frequencies", content.get("frequencies"))
        network = network.to(device, memory_format=memory_format(device))
        self.network = convert_sync_batchnorm(network)
        self.average = make_average(self.recipe, self.network) if self.recipe.ema_decay else None
        self.trained = wrap_ddp(
            compiled(self.network, device) if settings.compile else self.network
        )
        self.loss_fn = PartialLabelLoss(frequencies).to(device)
        self.optimizer = make_optimizer(self.recipe, self.network)
        steps = -(-len(self.rows) // self.recipe.batch_size)
        self.scheduler = make_schedule(self.recipe, self.optimizer, steps, self.recipe.epochs)
        self.history: list[dict[str, float]] = []
        self.kept_weights: dict[str, torch.Tensor] | None = None

    @property
    def final_network(self) -> nn.Module:
        """The network to evaluate: averaged where the recipe averages, interpolated if
        fine-tuned."""
        network = self.average.module if self.average else self.network
        return (
            interpolate_weights(self.start, network, self.settings.alpha) if self.start else network
        )

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next step."""
        return self.scheduler.get_last_lr()[0]

    @property
    def best(self) -> dict[str, float]:
        """The history's row to keep: the earliest with the best validation accuracy.

        With additional images it is the last row, because the validation images are EMNIST's alone.
        """
        if self.settings.extra_data:
            return self.history[-1]
        return max(self.history, key=lambda row: row["val_accuracy"])

    def after_step(self) -> None:
        """Update the learning rate and the weight average."""
        self.scheduler.step()
        if self.average:
            self.average.update_parameters(self.network)

    def record(self, row: dict[str, float], network: nn.Module) -> None:
        """Add an epoch to the history, and keep its weights if it is the best so far."""
        self.history.append(row)
        if self.best is row:
            self.kept_weights = half_precision(network.state_dict())

    def hands_accuracy(self, data: LabelledImages) -> float:
        """Accuracy of the out-of-domain head, or the only head, on additional images."""
        network = copy.deepcopy(self.final_network)
        first = NUM_CLASSES * (self.settings.heads - 1)
        return accuracy(select_outputs(network, first, NUM_CLASSES), data)

    def report(self) -> None:
        """Print the last epoch in one line."""
        row = self.history[-1]
        held_out = ""
        if "held_out_accuracy" in row:
            held_out = f"held_out_accuracy {row['held_out_accuracy']:.4f} "
        print(
            f"epoch {row['epoch']}/{self.recipe.epochs} "
            f"train_loss {row['train_loss']:.4f} val_loss {row['val_loss']:.4f} "
            f"val_accuracy {row['val_accuracy']:.4f} {held_out}lr {row['learning_rate']:.6f} "
            f"seconds {row['seconds']:.0f} images/s {row['images_per_second']:.0f}",
            flush=True,
        )

    def save(self) -> None:
        """Write the history, its plots, and the checkpoint."""
        with replacing(self.files.metric("history.csv")) as (part,):
            pd.DataFrame(self.history).to_csv(part, index=False)
        title = f"{self.files.name}{' (synthetic data)' if self.settings.synthetic else ''}"
        for plot, ending in ((plot_loss, "loss_metrics.png"), (plot_accuracy, "acc_metrics.png")):
            plot(self.history, title, self.files.metric(ending), self.settings.command)
        state = {
            "name": self.files.name,
            "settings": self.settings.as_dict(),
            "history": self.history,
            "kept_weights": self.kept_weights,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "average": self.average.state_dict() if self.average else {},
        }
        with replacing(self.files.checkpoint) as (part,):
            save_torch(state, part)

    def restore(self, state: dict[str, Any]) -> None:
        """Restore the state after the last saved epoch.

        Raises:
            HandwritingError: its parts do not fit the run or each other.
        """
        with restoring(self.files.checkpoint):
            self.network.load_state_dict(state["network"])
            restore_optimizer(self.optimizer, state["optimizer"])
            self.scheduler.load_state_dict(state["scheduler"])
            if self.average:
                self.average.load_state_dict(state["average"])
            self.history = checked_history(state["history"], _FIGURES)
            self.kept_weights = state["kept_weights"]
            if self.kept_weights is not None:
                check_shapes(self.kept_weights, self.network.state_dict())

    def calibrated(
        self,
        validation: LabelledImages,
        counts: Sequence[int],
        held_out: LabelledImages | None = None,
    ) -> dict[str, Any]:
        """The content of a weights file: the kept epoch, calibrated on validation images.

        Args:
            validation: images outside the training set.
            counts: images per class in `byclass`'s training rows.
            held_out: images of held-out writers to calibrate the out-of-domain head on; without
                them it gets the first head's temperature.
        """
        settings, row = self.settings, self.best
        content = {
            "model": settings.model,
            "weights": self.kept_weights,
            "fingerprint": settings.fingerprint,
            "synthetic": settings.synthetic,
            "labels": settings.labels,
            "hyperparameters": settings.hyperparameters(),
            "epoch": row["epoch"],
            "epochs": len(self.history),
            "metrics": dict(row),
            "last_metrics": dict(self.history[-1]),
        }
        network = _new_network(settings)
        network.load_state_dict({name: t.float() for name, t in self.kept_weights.items()})
        network = network.to(self.device, memory_format=memory_format(self.device))
        logits = predict_logits(network, validation.images)[:, :NUM_CLASSES]
        calibration = fit_calibration(network, logits, validation.labels.long(), counts)
        if settings.heads == 2:
            calibration["hands_temperature"] = calibration["temperature"]
            if held_out is not None:
                logits = predict_logits(network, held_out.images)[:, NUM_CLASSES:]
                found = fit_temperature(logits, held_out.labels.long())
                calibration["hands_temperature"] = found
        return content | {"weights": half_precision(network.state_dict())} | calibration

    def save_weights(
        self,
        validation: LabelledImages,
        counts: Sequence[int],
        held_out: LabelledImages | None = None,
    ) -> None:
        """Write the weights file; the arguments are those of :meth:`calibrated`."""
        if self.kept_weights is not None:
            content = self.calibrated(validation, counts, held_out)
            save_weights(self.files.weights, content.pop("weights"), content)


def _new_network(settings: Settings) -> nn.Module:
    return MODELS[settings.model](num_classes=settings.heads * NUM_CLASSES)


def _first_weights(settings: Settings, content: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The weights of the run to fine-tune, with its single head duplicated if two are needed."""
    path = Path(settings.init_from)
    network = build_network(content, path)
    state = network.state_dict()
    if settings.heads == 2:
        hands = last_linear(build_network(content, path, "equal"))
        change = temperature(content, "emnist") * log_prior_change(content, "equal")
        last = next(name for name, m in network.named_modules() if m is last_linear(network))
        bias = hands.bias.detach() + torch.from_numpy(change).float()
        state[f"{last}.weight"] = torch.cat((state[f"{last}.weight"], hands.weight.detach()))
        state[f"{last}.bias"] = torch.cat((state[f"{last}.bias"], bias))
    return state


@contextlib.contextmanager
def start_run(
    args: argparse.Namespace, manifest: dict[str, Any], rows: torch.Tensor
) -> Iterator[Run]:
    """A new run with the given options, or the run to resume, on rows of the training images.

    This process holds the run's name within the context. Rank 0 decides and reads for all ranks;
    each rank has its own copy of the prepared data.

    Raises:
        HandwritingError: options or files do not fit each other, or another process trains the same
            run.
    """
    device = own_device(choose_device(args.device))
    files = broadcast_object(lambda: _files(args))
    with claimed(files):
        state = broadcast_object(lambda: _first_state(args, files, manifest, device))
        settings = Settings.from_dict(state["settings"])
        if hasattr(args, "epochs"):
            recipe = dataclasses.replace(settings.recipe, epochs=args.epochs)
            settings = dataclasses.replace(settings, recipe=recipe)
        if settings.fingerprint != manifest["fingerprint"]:
            raise HandwritingError(
                f"the run {files.name} was trained on another archive than the one in "
                f"{args.processed}. Run stages 1 and 2 on that archive again, or start a new run."
            )
        run = Run(settings, files, device, rows)
        _check_batch_size(settings.recipe.batch_size, len(run.rows))
        if "network" in state:
            run.restore(state)
        yield run


def _files(args: argparse.Namespace) -> RunFiles:
    if args.resume is not None:
        return files_to_resume(args.resume, args.models, args.metrics)
    name = run_name(args.model, datetime.now()) if args.name is None else args.name
    return RunFiles(name, args.models, args.metrics)


def _check_batch_size(batch_size: int, images: int) -> None:
    least = 2 * world_size()
    if world_size() > 1 and batch_size < least:
        raise HandwritingError(
            f"batches of {batch_size} are too small for {world_size()} ranks. "
            f"Give --batch-size {least} or more, or fewer ranks."
        )
    if batch_size > images:
        print(
            f"  note: a batch of {batch_size} is larger than the {images} training images, so an "
            "epoch is a single step. Give a smaller --batch-size."
        )


def _first_state(
    args: argparse.Namespace, files: RunFiles, manifest: dict[str, Any], device: torch.device
) -> dict[str, Any]:
    """The settings of a new run, or the content of the checkpoint to resume."""
    if args.resume is not None:
        return load_checkpoint(files)
    check_unused(files, files.weights, files.checkpoint, files.metric("history.csv"))
    settings = choose_settings(
        args,
        recipe=choose_recipe(args),
        device=device.type,
        precision=choose_precision(args.precision, device),
        **{name: manifest[name] for name in ("fingerprint", "synthetic", "labels")},
    )
    if settings.init_from is not None:
        seen = training_fraction(load_init(settings, args.models))
        settings = dataclasses.replace(settings, init_fraction=seen)
    return {"settings": settings.as_dict()}


def load_init(settings: Settings, models: Path) -> dict[str, Any]:
    """The weights file of the run to fine-tune.

    Raises:
        HandwritingError: the file is missing, damaged, or of another network.
    """
    path = find_run(settings.init_from, models).weights
    content = load_weights(path)
    if content["model"] != settings.model:
        raise HandwritingError(f"--init-from {path} is a {content['model']}. Give --model for it.")
    return content


def load_checkpoint(files: RunFiles) -> dict[str, Any]:
    """The checkpoint of a run.

    Raises:
        HandwritingError: it is missing or damaged, or it is a copy of another run's checkpoint
            under a name that is taken.
    """
    state = load_torch(files.checkpoint, START_ANEW)
    parts = {"name", "settings", "history", "network", "optimizer", "scheduler", "average"}
    if not parts <= set(state):
        raise HandwritingError(
            f"{files.checkpoint} is not a checkpoint of this project. {START_ANEW}"
        )
    check_renamed(files, state["name"])
    if "kept_weights" not in state:
        state["kept_weights"] = _weights_of_earlier_version(files)
    return state


def _weights_of_earlier_version(files: RunFiles) -> dict[str, torch.Tensor] | None:
    """The best epoch's weights, which earlier versions kept in an uncalibrated weights file."""
    content = load_weights(files.weights) if files.weights.is_file() else {"temperature": None}
    return None if "temperature" in content else content["weights"]


def unsaved_run(
    model: str,
    values: dict[str, Any],
    rows: torch.Tensor,
    *,
    device: str = "auto",
    precision: str = "auto",
    **settings: Any,
) -> Run:
    """A run for a measurement, with some values of the modern recipe changed.

    Args:
        model: name in `models.MODELS`.
        values: as `training.recipes.changed` takes them.
        rows: rows of the training images, int64.
        device: as for the option.
        precision: as for the option.
        settings: other settings, such as ``seed``, ``fraction``, ``init_from`` and ``alpha``.
    """
    chosen = choose_device(device)
    recipe = changed(RECIPES["modern"], values)
    precision = choose_precision(precision, chosen)
    return Run(
        Settings(model, recipe, precision=precision, **settings), RunFiles("unsaved"), chosen, rows
    )
