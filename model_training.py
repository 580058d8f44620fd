"""Stage 3 of 4: train a network on the prepared images.

    python model_training.py                        CustomCNN by the reference recipe
    python model_training.py --model resnet34
    python model_training.py --model compactcnn     by the modern recipe
    python model_training.py --resume               go on with the newest unfinished run
    python model_training.py --start RUN --extra FOLDER… --epochs 1 --lr 0.001
                                                    go on from a run's weights, with more pictures
    torchrun --nproc_per_node=2 model_training.py   any of these on two processes or GPUs

Writes models/<run>.pt (the epoch that is kept, in half precision), metrics/<run>_history.csv and
the loss and accuracy plots after every epoch, and models/checkpoints/<run>.pt to resume from.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn
from torchsummary import summary
from tqdm import tqdm

from characters.batches import READING_BATCH, Batches, Extra
from characters.calibration import fit_calibration
from characters.devices import (
    PRECISIONS,
    autocast,
    choose_device,
    choose_precision,
    compiled,
    keep_memory,
)
from characters.distributed import (
    copy_statistics,
    from_first_rank,
    is_first_rank,
    joined_ranks,
    own_device,
    rank,
    spread,
    sum_over_ranks,
    with_common_statistics,
    world_size,
)
from characters.errors import CharactersError, run_script
from characters.files import replacing, save_torch
from characters.labelled_sets import load_extra
from characters.losses import LabelSetLoss, is_correct
from characters.plots import plot_accuracy, plot_loss
from characters.prepared import PROCESSED, LabelledImages, load_images, load_manifest, load_split
from characters.recipes import (
    RECIPES,
    Recipe,
    blended,
    changed,
    make_average,
    make_optimizer,
    make_schedule,
    read_params,
)
from characters.recognizer import build_network, scores_of
from characters.runs import (
    METRICS_FOLDER,
    MODELS_FOLDER,
    RunFiles,
    find_run,
    load_checkpoint,
    load_weights,
    run_name,
    save_weights,
)
from characters.stages import announce, finish
from models import MODELS, RECIPE_NAMES, REFERENCE_EPOCHS

RECIPE_OPTIONS = {
    "epochs": (int, "times through the training images"),
    "batch_size": (int, "images per optimiser step, over all ranks"),
    "lr": (float, "highest learning rate"),
    "gamma": (float, "factor on the learning rate after each epoch, of the exponential schedule"),
}

HISTORY = (
    "epoch",
    "train_loss",
    "val_loss",
    "val_accuracy",
    "learning_rate",
    "seconds",
    "images_per_second",
)


def training_loop(
    device: torch.device,
    model: nn.Module,
    epoch: int,
    train_loader: Batches,
    x_epoch: list[int],
    loss_fn: nn.Module,
    optimizer: torch.optim.Optimizer,
    y_loss: dict[str, list[float]],
    precision: str = "fp32",
    after_step: Callable[[], None] = lambda: None,
) -> None:
    """Train for one epoch; append ``epoch`` to ``x_epoch`` and its loss to ``y_loss["train"]``.

    ``after_step`` is called after each step of the optimiser. Of several ranks each trains on its
    part of the batches; loss and gradients are those of the whole batches.
    """
    model.train()
    total = torch.zeros((), device=device)
    with tqdm(
        total=train_loader.num_images,
        unit="img",
        desc=f"epoch {epoch}",
        disable=not is_first_rank(),
    ) as bar:
        for (images, labels), size in zip(train_loader, train_loader.sizes(), strict=True):
            with autocast(device, precision):
                scores = model(images)
            loss = loss_fn(scores.float(), labels)
            share = train_loader.share(len(labels), size)
            optimizer.zero_grad()
            # The ranks' gradients are averaged as if their parts of the batch were equally large.
            (loss * (share * world_size())).backward()
            optimizer.step()
            after_step()
            total += loss.detach() * (share * size)
            bar.update(size)
    (total_loss,) = sum_over_ranks(total)
    mean_loss = total_loss / max(train_loader.num_images, 1)
    if mean_loss != mean_loss:
        raise CharactersError(
            f"the loss of epoch {epoch} is not a number. Lower --lr, or use --precision fp32; "
            "the run's earlier epochs are saved."
        )
    x_epoch.append(epoch)
    y_loss["train"].append(mean_loss)


@torch.inference_mode()
def evaluation_loop(
    device: torch.device,
    model: nn.Module,
    val_loader: Batches,
    loss_fn: nn.Module,
    y_loss: dict[str, list[float]],
    accuracy_vals: list[float],
    precision: str = "fp32",
) -> None:
    """Append the validation loss to ``y_loss["val"]`` and the accuracy to ``accuracy_vals``.

    A prediction is right where the label allows it: for a letter known in either case, both cases.
    Both figures are those of the images of all ranks.
    """
    model.eval()
    total = torch.zeros((), device=device)
    right = torch.zeros((), device=device)
    for images, labels in val_loader:
        with autocast(device, precision):
            scores = model(images)
        total += loss_fn(scores.float(), labels) * len(labels)
        right += is_correct(scores.argmax(dim=1), labels).sum()
    total_loss, all_right, images_seen = sum_over_ranks(total, right, val_loader.num_images)
    y_loss["val"].append(total_loss / images_seen)
    accuracy_vals.append(all_right / images_seen)


class Run:
    """One training run: its network, optimiser, history and files."""

    def __init__(
        self, settings: dict[str, Any], files: RunFiles, device: torch.device, rows: torch.Tensor
    ) -> None:
        torch.manual_seed(settings["seed"])
        self.settings, self.files, self.device = settings, files, device
        self.recipe = changed(Recipe(), settings["recipe"])
        self.rows = some_rows(rows, settings["fraction"])
        self.network = MODELS[settings["model"]]()
        self.start: dict[str, torch.Tensor] = {}
        frequencies = self._start() if settings.get("start") else None
        self.network = self.network.to(device, memory_format=torch.channels_last)
        self.network = with_common_statistics(self.network)
        self.average = make_average(self.recipe, self.network) if self.recipe.averaging else None
        compile_it = settings.get("compile", False)
        self.trained = spread(compiled(self.network, device) if compile_it else self.network)
        self.loss_fn = LabelSetLoss(frequencies).to(device)
        self.optimizer = make_optimizer(self.recipe, self.network)
        steps = -(-len(self.rows) // self.recipe.batch_size)
        self.scheduler = make_schedule(self.recipe, self.optimizer, steps, self.recipe.epochs)
        self.x_epoch: list[int] = []
        self.y_loss: dict[str, list[float]] = {"train": [], "val": []}
        self.accuracy_vals: list[float] = []
        self.history: list[dict[str, float]] = []

    def _start(self) -> list[float] | None:
        """Take the weights of a finished run; returns the class frequencies it was trained with."""
        run = from_first_rank(lambda: find_run(self.settings["start"], self.files.models))
        path = run.weights
        content = from_first_rank(lambda: load_weights(path))
        if content["model"] != self.settings["model"]:
            raise CharactersError(f"--start {path} is a {content['model']}. Give --model for it.")
        self.network = build_network(content, path).train()
        self.settings["start_fraction"] = content.get("hyperparameters", {}).get("fraction", 1.0)
        self.start = {name: tensor.clone() for name, tensor in self.network.state_dict().items()}
        return content.get("training_frequencies", content.get("frequencies"))

    @property
    def best_network(self) -> nn.Module:
        """The averaged network where the recipe averages, else the trained one; with ``--start``
        between it and the network that was started from."""
        network = self.average.module if self.average else self.network
        return blended(self.start, network, self.settings["blend"]) if self.start else network

    def after_step(self) -> None:
        """Move the learning rate and the average on."""
        self.scheduler.step()
        if self.average:
            self.average.update_parameters(self.network)

    def epoch(self, train_loader: Batches, val_loader: Batches) -> None:
        """Train and validate once more."""
        number = len(self.history) + 1
        start = time.perf_counter()
        learning_rate = self.scheduler.get_last_lr()[0]
        train_loader.set_epoch(number)
        torch.manual_seed(self.settings["seed"] + number)
        training_loop(
            self.device,
            self.trained,
            number,
            train_loader,
            self.x_epoch,
            self.loss_fn,
            self.optimizer,
            self.y_loss,
            self.settings["precision"],
            self.after_step,
        )
        seconds = time.perf_counter() - start
        best_network = self.best_network
        copy_statistics(best_network)
        evaluation_loop(
            self.device,
            best_network,
            val_loader,
            self.loss_fn,
            self.y_loss,
            self.accuracy_vals,
            self.settings["precision"],
        )
        figures = (
            number,
            self.y_loss["train"][-1],
            self.y_loss["val"][-1],
            self.accuracy_vals[-1],
            learning_rate,
            round(seconds, 1),
            round(train_loader.num_images / seconds, 1),
        )
        self.history.append(dict(zip(HISTORY, figures, strict=True)))

    @property
    def best(self) -> dict[str, float]:
        """The history's row to keep: the earliest of the best validation accuracy, but with
        ``--extra`` the last one, for the validation images are of EMNIST alone."""
        if self.settings.get("extra"):
            return self.history[-1]
        return max(self.history, key=lambda row: row["val_accuracy"])

    def report(self) -> None:
        """Print the last epoch in one line."""
        row = self.history[-1]
        print(
            f"epoch {row['epoch']}/{self.recipe.epochs} "
            f"train_loss {row['train_loss']:.4f} val_loss {row['val_loss']:.4f} "
            f"val_accuracy {row['val_accuracy']:.4f} lr {row['learning_rate']:.6f} "
            f"seconds {row['seconds']:.0f} images/s {row['images_per_second']:.0f}",
            flush=True,
        )

    def save(self) -> None:
        """Write the history, its plots, the checkpoint and, if the last epoch is the best so far,
        the weights."""
        if self.best is self.history[-1]:
            save_weights(self.files.weights, self.best_network.state_dict(), self._facts())
        with replacing(self.files.metric("history.csv")) as (part,):
            pd.DataFrame(self.history).to_csv(part, index=False)
        title = f"{self.files.name}{' (synthetic data)' if self.settings['synthetic'] else ''}"
        plot_loss(self.history, title, self.files.metric("loss_metrics.png"))
        plot_accuracy(self.history, title, self.files.metric("acc_metrics.png"))
        self._save_checkpoint()

    def _facts(self) -> dict[str, Any]:
        facts = dict(self.settings)
        own = {key: facts.pop(key) for key in ("model", "fingerprint", "synthetic", "labels")}
        recipe = facts.pop("recipe")
        row = self.history[-1]
        return {
            **own,
            "hyperparameters": recipe | facts,
            "epoch": row["epoch"],
            "metrics": dict(row),
        }

    def _save_checkpoint(self) -> None:
        state = {
            "name": self.files.name,
            "settings": self.settings,
            "history": self.history,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "average": self.average.state_dict() if self.average else {},
        }
        with replacing(self.files.checkpoint) as (part,):
            save_torch(state, part)

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to the state after the last saved epoch."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        if self.average:
            self.average.load_state_dict(state["average"])
        self.history = state["history"]
        self.x_epoch = [row["epoch"] for row in self.history]
        self.y_loss["train"] = [row["train_loss"] for row in self.history]
        self.y_loss["val"] = [row["val_loss"] for row in self.history]
        self.accuracy_vals = [row["val_accuracy"] for row in self.history]


def train(
    run: Run, data: LabelledImages, validation: torch.Tensor, extra: Extra | None = None
) -> Iterator[dict[str, float]]:
    """Train until the recipe's last epoch; yields the history's row after each.

    Each rank trains and validates on its part.

    Args:
        run: new or restored.
        data: the prepared training images.
        validation: rows to validate on, int64.
        extra: pictures from elsewhere to mix in.
    """
    recipe = run.recipe
    train_loader = Batches(
        data.images,
        data.labels,
        recipe.batch_size,
        run.device,
        run.rows,
        run.settings["seed"],
        recipe.augmentation,
        extra,
        rank(),
        world_size(),
    )
    own = validation[rank() :: world_size()]
    val_loader = Batches(data.images, data.labels, READING_BATCH, run.device, own)
    while len(run.history) < recipe.epochs:
        run.epoch(train_loader, val_loader)
        yield run.history[-1]


def calibrate(
    run: Run, images: torch.Tensor, labels: torch.Tensor, byclass_counts: Sequence[int]
) -> None:
    """Fit the temperature on the validation set, move the weights file to `byclass`'s frequencies.

    See `characters.calibration`.
    """
    path = run.files.weights
    content = load_weights(path)
    if "temperature" in content:  # a resumed run had no better epoch: this was done
        return
    network = build_network(content, path).to(run.device)
    scores = scores_of(network, images)
    bias, facts = fit_calibration(network, scores, labels.long(), byclass_counts)
    content["weights"] |= bias
    content |= facts
    with replacing(path) as (part,):
        save_torch(content, part)


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this stage."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--model", choices=list(MODELS), default="customcnn", help="network to train")
    add(
        "--recipe",
        choices=list(RECIPES),
        default=argparse.SUPPRESS,
        help="how to train (default: modern for compactcnn, reference for the others)",
    )
    add(
        "--params",
        type=Path,
        default=None,
        metavar="FILE",
        help="JSON with values that replace the recipe's, as hyperparameter_tuning.py writes it",
    )
    for name, (kind, words) in RECIPE_OPTIONS.items():
        option = f"--{name.replace('_', '-')}"
        add(option, type=kind, default=argparse.SUPPRESS, help=f"{words} (default: the recipe's)")
    add(
        "--fraction",
        type=float,
        default=1.0,
        help="part of the training images to use, chosen once by chance",
    )
    add("--start", default=None, metavar="RUN", help="go on from this run's weights")
    add(
        "--extra",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="with --start: folders of labelled pictures (as for model_evaluation.py --data) "
        "whose characters are about equally frequent, to train on as well",
    )
    add("--share", type=float, default=0.3, help="of the --extra pictures in each batch")
    add(
        "--blend",
        type=float,
        default=0.5,
        help="with --start: how far from that run's weights to the new ones, in 0..1; between them "
        "little is forgotten",
    )
    add("--seed", type=int, default=42, help="seed of the first weights and the order of images")
    add("--device", default="auto", help="auto, cuda, cuda:N or cpu")
    add(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="auto takes bf16 where the processor computes in it",
    )
    add(
        "--compile",
        action="store_true",
        help="compile the network before training, where a compiler is at hand: up to a minute "
        "that long trainings on GPUs gain back (on CPUs see benchmarks/roofline.py)",
    )
    add(
        "--resume",
        nargs="?",
        const="latest",
        metavar="RUN",
        default=None,
        help="go on with a run that was stopped (its options hold, but for --epochs)",
    )
    add("--name", default=None, help="name of the run instead of <model>_<date>_<time>")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder for weights")
    add("--metrics", type=Path, default=METRICS_FOLDER, help="folder for plots and tables")
    return parser


def some_rows(rows: torch.Tensor, fraction: float) -> torch.Tensor:
    """A part of the training rows, always the same one; a smaller part lies in a larger one."""
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
    return rows if fraction == 1 else rows[order[: max(1, round(fraction * len(rows)))]]


def start_run(args: argparse.Namespace, manifest: dict[str, Any], rows: torch.Tensor) -> Run:
    """A new run with the options given, or the one to resume, on rows of the training images.

    Rank 0 decides and reads for all; each rank has prepared data of its own.
    """
    device = own_device(choose_device(args.device))
    state = from_first_rank(lambda: _first_state(args, manifest, device))
    name, settings = state["name"], state["settings"]
    if hasattr(args, "epochs"):
        settings["recipe"]["epochs"] = args.epochs
    if settings["fingerprint"] != manifest["fingerprint"]:
        raise CharactersError(
            f"the run {name} was trained on another archive than the one in "
            f"{args.processed}. Run stages 1 and 2 on that archive again, or start a new run."
        )
    batch_size, least = settings["recipe"]["batch_size"], 2 * world_size()
    if world_size() > 1 and batch_size < least:
        raise CharactersError(
            f"batches of {batch_size} are too small for {world_size()} ranks. "
            f"Give --batch-size {least} or more, or fewer ranks."
        )
    run = Run(settings, RunFiles(name, args.models, args.metrics), device, rows)
    if "network" in state:
        run.restore(state)
    return run


def _first_state(
    args: argparse.Namespace, manifest: dict[str, Any], device: torch.device
) -> dict[str, Any]:
    """Name and settings of a new run, or all that the checkpoint to resume holds."""
    if args.resume is not None:
        return load_checkpoint(args.resume, args.models)
    name = args.name or run_name(args.model, datetime.now())
    weights = RunFiles(name, args.models, args.metrics).weights
    settings = _settings(args, manifest, device)
    if weights.exists():
        raise CharactersError(f"{weights} exists already. Wait a minute or give another --name.")
    return {"name": name, "settings": settings}


def unsaved_run(
    model: str,
    values: dict[str, Any],
    rows: torch.Tensor,
    *,
    fraction: float = 1.0,
    seed: int = 42,
    device: str = "auto",
    precision: str = "auto",
    **settings: Any,
) -> Run:
    """A run for a measurement, by the modern recipe with some values changed; for :func:`train`.

    Args:
        model: name in `models.MODELS`.
        values: as `characters.recipes.changed` takes them.
        rows: rows of the training images, int64.
        fraction: part of the rows to use, in 0..1.
        seed: of the first weights and the order of images.
        device: as in the option.
        precision: as in the option.
        settings: further ones, as ``start`` and ``blend``.
    """
    chosen = choose_device(device)
    settings |= {
        "model": model,
        "recipe": changed(RECIPES["modern"], values).as_dict(),
        "fraction": fraction,
        "seed": seed,
        "precision": choose_precision(precision, chosen),
    }
    return Run(settings, RunFiles("unsaved"), chosen, rows)


def choose_recipe(args: argparse.Namespace) -> Recipe:
    """The recipe of the command line: by name, changed by ``--params`` and by single options."""
    name = getattr(args, "recipe", RECIPE_NAMES[args.model])
    recipe = RECIPES[name]
    if args.params is not None:
        recipe = changed(recipe, read_params(args.params))
    recipe = changed(recipe, {k: getattr(args, k) for k in RECIPE_OPTIONS if hasattr(args, k)})
    return changed(recipe, {"epochs": recipe.epochs or REFERENCE_EPOCHS[args.model]})


def _settings(
    args: argparse.Namespace, manifest: dict[str, Any], device: torch.device
) -> dict[str, Any]:
    if not 0 < args.fraction <= 1:
        raise CharactersError("--fraction must be greater than 0 and at most 1.")
    if args.extra and not args.start:
        raise CharactersError("--extra goes with --start: first train without, then go on with it.")
    if not 0 < args.blend <= 1:
        raise CharactersError("--blend must be greater than 0 and at most 1.")
    if not 0 < args.share < 1:
        raise CharactersError("--share must lie between 0 and 1.")
    return {
        "model": args.model,
        "recipe": choose_recipe(args).as_dict(),
        "fraction": args.fraction,
        "start": args.start,
        "extra": [str(folder) for folder in args.extra],
        "share": args.share if args.extra else 0.0,
        "blend": args.blend if args.start else 1.0,
        "seed": args.seed,
        "device": device.type,
        "precision": choose_precision(args.precision, device),
        "compile": args.compile,
        "fingerprint": manifest["fingerprint"],
        "synthetic": manifest["synthetic"],
        "labels": manifest["labels"],
    }


@joined_ranks()
def main(args: argparse.Namespace) -> None:
    """Load the data, train epoch by epoch, save after each."""
    keep_memory()
    manifest = load_manifest(args.processed)
    data = load_images(args.processed, "train")
    split = load_split(args.processed)
    run = start_run(args, manifest, split["train"])
    settings, device = run.settings, run.device
    announce(3, reads=args.processed, writes=run.files.weights)
    if manifest["synthetic"]:
        print("  the images are synthetic: the figures say nothing about handwriting")
    ranks = f", {world_size()} ranks" if world_size() > 1 else ""
    print(f"  {run.files.name}: {device.type}, {settings['precision']}{ranks}", flush=True)
    summary(MODELS[settings["model"]](), (1, 28, 28), device="cpu")
    extra = from_first_rank(lambda: load_extra(settings["extra"], settings["share"]))
    for _ in train(run, data, split["validation"], extra):
        if is_first_rank():
            run.save()
        run.report()
    if is_first_rank():
        rows, counts = split["validation"], list(manifest["byclass_class_counts"].values())
        calibrate(run, data.images[rows], data.labels[rows], counts)
    print(f"best epoch {run.best['epoch']:.0f}: val_accuracy {run.best['val_accuracy']:.4f}")
    finish(f"python model_evaluation.py {run.files.name}")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
