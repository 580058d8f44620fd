"""Stage 3 of 4: train a network on the prepared images.

    python model_training.py                        CustomCNN by the reference recipe
    python model_training.py --model resnet34
    python model_training.py --resume               go on with the newest unfinished run

Writes models/<run>.pt (the best validation epoch, half precision), metrics/<run>_history.csv and
the loss and accuracy plots after every epoch, and models/checkpoints/<run>.pt to resume from.
"""

import argparse
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn
from torch.optim.lr_scheduler import ExponentialLR
from torchsummary import summary
from tqdm import tqdm

from characters.batches import Batches
from characters.calibration import class_frequencies, fit_temperature
from characters.devices import PRECISIONS, autocast, choose_device, choose_precision
from characters.errors import CharactersError, run_script
from characters.files import load_torch, replacing, save_torch
from characters.losses import LabelSetLoss, is_correct
from characters.plots import plot_accuracy, plot_loss
from characters.prepared import PROCESSED, load_images, load_manifest, load_split
from characters.recognizer import build_network
from characters.runs import (
    METRICS_FOLDER,
    MODELS_FOLDER,
    RunFiles,
    load_weights,
    run_name,
    save_weights,
)
from characters.stages import announce, finish
from models import MODELS, REFERENCE_EPOCHS

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
) -> None:
    """Train for one epoch; append ``epoch`` to ``x_epoch`` and its loss to ``y_loss["train"]``."""
    model.train()
    total = torch.zeros((), device=device)
    images_seen = 0
    with tqdm(total=train_loader.num_images, unit="img", desc=f"epoch {epoch}") as bar:
        for images, labels in train_loader:
            with autocast(device, precision):
                scores = model(images)
            loss = loss_fn(scores.float(), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(labels)
            images_seen += len(labels)
            bar.update(len(labels))
    mean_loss = total.item() / max(images_seen, 1)
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
    """
    model.eval()
    total = torch.zeros((), device=device)
    right = torch.zeros((), device=device)
    for images, labels in val_loader:
        with autocast(device, precision):
            scores = model(images)
        total += loss_fn(scores.float(), labels) * len(labels)
        right += is_correct(scores.argmax(dim=1), labels).sum()
    y_loss["val"].append(total.item() / val_loader.num_images)
    accuracy_vals.append(right.item() / val_loader.num_images)


class Run:
    """One training run: its network, optimiser, history and files."""

    def __init__(self, settings: dict[str, Any], files: RunFiles, device: torch.device) -> None:
        torch.manual_seed(settings["seed"])
        self.settings, self.files, self.device = settings, files, device
        self.network = MODELS[settings["model"]]()
        self.network = self.network.to(device, memory_format=torch.channels_last)
        self.loss_fn = LabelSetLoss().to(device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=settings["lr"], fused=True)
        self.scheduler = ExponentialLR(self.optimizer, settings["gamma"])
        self.x_epoch: list[int] = []
        self.y_loss: dict[str, list[float]] = {"train": [], "val": []}
        self.accuracy_vals: list[float] = []
        self.history: list[dict[str, float]] = []

    def epoch(self, train_loader: Batches, val_loader: Batches) -> None:
        """Train and validate once more, then save everything."""
        number = len(self.history) + 1
        start = time.perf_counter()
        learning_rate = self.scheduler.get_last_lr()[0]
        train_loader.set_epoch(number)
        torch.manual_seed(self.settings["seed"] + number)
        training_loop(
            self.device,
            self.network,
            number,
            train_loader,
            self.x_epoch,
            self.loss_fn,
            self.optimizer,
            self.y_loss,
            self.settings["precision"],
        )
        seconds = time.perf_counter() - start
        evaluation_loop(
            self.device,
            self.network,
            val_loader,
            self.loss_fn,
            self.y_loss,
            self.accuracy_vals,
            self.settings["precision"],
        )
        self.scheduler.step()
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
        self._save()
        self._report()

    @property
    def best(self) -> dict[str, float]:
        """The history's row of the best validation accuracy; the earliest where several are."""
        return max(self.history, key=lambda row: row["val_accuracy"])

    def _report(self) -> None:
        row = self.history[-1]
        print(
            f"epoch {row['epoch']}/{self.settings['epochs']} "
            f"train_loss {row['train_loss']:.4f} val_loss {row['val_loss']:.4f} "
            f"val_accuracy {row['val_accuracy']:.4f} lr {row['learning_rate']:.6f} "
            f"seconds {row['seconds']:.0f} images/s {row['images_per_second']:.0f}",
            flush=True,
        )

    def _save(self) -> None:
        if self.best is self.history[-1]:
            save_weights(self.files.weights, self.network.state_dict(), self._facts())
        with replacing(self.files.metric("history.csv")) as (part,):
            pd.DataFrame(self.history).to_csv(part, index=False)
        title = f"{self.files.name}{' (synthetic data)' if self.settings['synthetic'] else ''}"
        plot_loss(self.history, title, self.files.metric("loss_metrics.png"))
        plot_accuracy(self.history, title, self.files.metric("acc_metrics.png"))
        self._save_checkpoint()

    def _facts(self) -> dict[str, Any]:
        facts = dict(self.settings)
        own = {key: facts.pop(key) for key in ("model", "fingerprint", "synthetic", "labels")}
        row = self.history[-1]
        return {**own, "hyperparameters": facts, "epoch": row["epoch"], "metrics": dict(row)}

    def _save_checkpoint(self) -> None:
        state = {
            "name": self.files.name,
            "settings": self.settings,
            "history": self.history,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
        }
        with replacing(self.files.checkpoint) as (part,):
            save_torch(state, part)

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to the state after the last saved epoch."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.history = state["history"]
        self.x_epoch = [row["epoch"] for row in self.history]
        self.y_loss["train"] = [row["train_loss"] for row in self.history]
        self.y_loss["val"] = [row["val_loss"] for row in self.history]
        self.accuracy_vals = [row["val_accuracy"] for row in self.history]


@torch.inference_mode()
def calibrate(run: Run, val_loader: Batches) -> None:
    """Fit temperature and class frequencies on the validation set, add them to the weights file."""
    path = run.files.weights
    content = load_weights(path)
    network = build_network(content, path).to(run.device)
    outputs = [(network(images).cpu(), labels.cpu()) for images, labels in val_loader]
    scores, labels = (torch.cat(column) for column in zip(*outputs, strict=True))
    content["temperature"] = fit_temperature(scores, labels)
    content["frequencies"] = class_frequencies(scores, content["temperature"])
    with replacing(path) as (part,):
        save_torch(content, part)


def load_checkpoint(name: str, models: Path) -> dict[str, Any]:
    """The saved state of a run; of the newest one for ``latest``.

    Raises:
        CharactersError: there is none, or it is damaged.
    """
    folder = models / "checkpoints"
    if name == "latest":
        found = sorted(folder.glob("*.pt"), key=lambda file: file.stat().st_mtime)
        if not found:
            raise CharactersError(f"{folder} holds no run to resume. Start one without --resume.")
        path = found[-1]
    else:
        path = folder / f"{Path(name).stem}.pt"
    state = load_torch(path, "Start the run anew without --resume.")
    if not {"name", "settings", "history", "network", "optimizer", "scheduler"} <= set(state):
        raise CharactersError(
            f"{path} is not a checkpoint of this project. Start the run anew without --resume."
        )
    return state


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this stage."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--model", choices=list(MODELS), default="customcnn", help="network to train")
    add(
        "--epochs",
        type=int,
        default=argparse.SUPPRESS,
        help="times through the training images (default: 20 for customcnn, 15 for resnet34)",
    )
    add("--batch-size", type=int, default=128, help="images per optimiser step")
    add("--lr", type=float, default=0.001, help="Adam's learning rate in the first epoch")
    add("--gamma", type=float, default=0.999, help="factor on the learning rate after each epoch")
    add("--seed", type=int, default=42, help="seed of the first weights and the order of images")
    add("--device", default="auto", help="auto, cuda, cuda:N or cpu")
    add(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="auto takes bf16 where the processor computes in it",
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


def start_run(args: argparse.Namespace, manifest: dict[str, Any]) -> Run:
    """A new run with the options given, or the one to resume."""
    device = choose_device(args.device)
    if args.resume is None:
        settings = _settings(args, manifest, device)
        name = args.name or run_name(args.model, datetime.now())
        files = RunFiles(name, args.models, args.metrics)
        if files.weights.exists():
            raise CharactersError(
                f"{files.weights} exists already. Wait a minute or give another --name."
            )
        return Run(settings, files, device)
    state = load_checkpoint(args.resume, args.models)
    settings = state["settings"]
    settings["epochs"] = getattr(args, "epochs", settings["epochs"])
    if settings["fingerprint"] != manifest["fingerprint"]:
        raise CharactersError(
            f"the run {state['name']} was trained on another archive than the one in "
            f"{args.processed}. Run stages 1 and 2 on that archive again, or start a new run."
        )
    run = Run(settings, RunFiles(state["name"], args.models, args.metrics), device)
    run.restore(state)
    return run


def _settings(
    args: argparse.Namespace, manifest: dict[str, Any], device: torch.device
) -> dict[str, Any]:
    for option, smallest in (("epochs", 1), ("batch_size", 1)):
        if getattr(args, option, smallest) < smallest:
            raise CharactersError(f"--{option.replace('_', '-')} must be at least {smallest}.")
    if not args.lr > 0 or not args.gamma > 0:
        raise CharactersError("--lr and --gamma must be greater than 0.")
    return {
        "model": args.model,
        "epochs": getattr(args, "epochs", REFERENCE_EPOCHS[args.model]),
        "batch_size": args.batch_size,
        "optimizer": "Adam",
        "lr": args.lr,
        "scheduler": "ExponentialLR",
        "gamma": args.gamma,
        "seed": args.seed,
        "device": device.type,
        "precision": choose_precision(args.precision, device),
        "fingerprint": manifest["fingerprint"],
        "synthetic": manifest["synthetic"],
        "labels": manifest["labels"],
    }


def main(args: argparse.Namespace) -> None:
    """Load the data, train epoch by epoch, save after each."""
    manifest = load_manifest(args.processed)
    data = load_images(args.processed, "train")
    split = load_split(args.processed)
    run = start_run(args, manifest)
    announce(3, reads=args.processed, writes=run.files.weights)
    if manifest["synthetic"]:
        print("  the images are synthetic: the figures say nothing about handwriting")
    settings, device = run.settings, run.device
    print(f"  {run.files.name}: {device.type}, {settings['precision']}", flush=True)
    summary(MODELS[settings["model"]](), (1, 28, 28), device="cpu")
    size = settings["batch_size"]
    train_loader = Batches(
        data.images, data.labels, size, device, split["train"], seed=settings["seed"]
    )
    val_loader = Batches(data.images, data.labels, 1000, device, split["validation"])
    while len(run.history) < settings["epochs"]:
        run.epoch(train_loader, val_loader)
    calibrate(run, val_loader)
    print(f"best epoch {run.best['epoch']:.0f}: val_accuracy {run.best['val_accuracy']:.4f}")
    finish(f"python model_evaluation.py {run.files.name}")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
