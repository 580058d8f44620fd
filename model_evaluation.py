"""Stage 4 of 4: measure a trained network, with per-class figures and plots.

    python model_evaluation.py                      the newest weights on the test set
    python model_evaluation.py RUN                  models/RUN.pt on the test set
    python model_evaluation.py RUN_A RUN_B          both, side by side
    python model_evaluation.py RUN --data PATH      on other labelled pictures

Writes metrics/<run>_metrics.json, _class_metrics.csv, _class_metrics.png, _confusion_matrix.png;
for two runs also metrics/<a>_vs_<b>_metrics.png.
"""

import argparse
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn
from tqdm import tqdm

from characters.batches import Batches
from characters.devices import choose_device
from characters.errors import run_script
from characters.files import replacing, save_json
from characters.labelled_sets import load_labelled
from characters.losses import LabelSetLoss
from characters.metrics import headline_table, summarise
from characters.plots import plot_class_metrics, plot_comparison, plot_confusion_matrix
from characters.prepared import PROCESSED, LabelledImages, load_images, load_manifest
from characters.recognizer import build_network
from characters.runs import METRICS_FOLDER, MODELS_FOLDER, RunFiles, find_run, load_weights
from characters.stages import announce, finish

BATCH_SIZE = 500


def validation_step(
    device: torch.device, model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Loss (sum over the batch), scores (B, 62) and labels (B,) of one batch, on the CPU."""
    images, labels = (tensor.to(device) for tensor in batch)
    scores = model(images).float()
    loss = LabelSetLoss().to(device)(scores, labels) * len(labels)
    return {"loss": loss.cpu(), "scores": scores.cpu(), "labels": labels.cpu()}


def validation_epoch_end(outputs: list[dict[str, torch.Tensor]]) -> dict[str, Any]:
    """All metrics from the outputs of :func:`validation_step`; see `characters.metrics`."""
    scores = torch.cat([output["scores"] for output in outputs]).numpy()
    labels = torch.cat([output["labels"] for output in outputs]).numpy()
    loss = sum(output["loss"].item() for output in outputs) / len(labels)
    return summarise(scores, labels, loss)


@torch.inference_mode()
def evaluate(device: torch.device, model: nn.Module, val_loader: Batches) -> dict[str, Any]:
    """Metrics of a network over all batches."""
    model.eval()
    outputs = []
    with tqdm(total=val_loader.num_images, unit="img", desc="evaluating") as bar:
        for batch in val_loader:
            outputs.append(validation_step(device, model, batch))
            bar.update(len(batch[1]))
    return validation_epoch_end(outputs)


def main(
    modelName: str = "latest",  # noqa: N803 - the owner's name for it
    data: Path | None = None,
    device: str = "auto",
    processed: Path = PROCESSED,
    models: Path = MODELS_FOLDER,
    metrics: Path = METRICS_FOLDER,
) -> dict[str, Any]:
    """Evaluate one run, save its figures and plots, and return the figures.

    Raises:
        CharactersError: the models or data folder or file is missing or damaged.
    """
    run = find_run(modelName, models, metrics)
    content = load_weights(run.weights)
    network = build_network(content, run.weights)
    chosen = choose_device(device)
    source = str(data) if data else f"{processed / 'test.pt'}"
    announce(4, reads=f"{run.weights}, {source}", writes=run.metric("*"))
    images, about = _labelled_images(data, processed, content)
    loader = Batches(images.images, images.labels, BATCH_SIZE, chosen)
    figures = evaluate(chosen, network.to(chosen), loader)
    result = {"run": run.name, "model": content["model"], **about, **figures}
    title = f"{run.name} on {result['data']}"
    _save(run, f"{data.stem}_" if data else "", result, title)
    print(headline_table({run.name: result}))
    _print_classes(result)
    return result


def _labelled_images(
    data: Path | None, processed: Path, content: dict[str, Any]
) -> tuple[LabelledImages, dict[str, Any]]:
    """The images to evaluate on, and what must be known about them."""
    trained_on = {
        "trained_on_synthetic": content.get("synthetic", False),
        "training_labels": content.get("labels", "unknown"),
        "epoch": content.get("epoch"),
    }
    if data is not None:
        return load_labelled(data), {"data": data.name, "synthetic": False, **trained_on}
    images, manifest = load_images(processed, "test"), load_manifest(processed)
    if manifest["labels"] == "by-name":
        name = "the mixed, leaking test sets of the six splits"
    else:
        name = "the byclass test set"
    if manifest["synthetic"]:
        name += " of a synthetic archive"
        print("  the images are synthetic: the figures say nothing about handwriting")
    same = content.get("fingerprint") == manifest["fingerprint"]
    if not same:
        print("  note: the weights were trained on another archive than this test set is from")
    about = {"data": name, "synthetic": manifest["synthetic"], "same_archive": same}
    return images, about | trained_on


def _save(run: RunFiles, prefix: str, result: dict[str, Any], title: str) -> None:
    names = ("metrics.json", "class_metrics.csv")
    with replacing(*(run.metric(prefix + name) for name in names)) as (figures, table):
        save_json(_for_file(result), figures)
        pd.DataFrame(result["classes"]).to_csv(table, index=False, float_format="%.4f")
    plot_class_metrics(result, title, run.metric(f"{prefix}class_metrics.png"))
    plot_confusion_matrix(result, title, run.metric(f"{prefix}confusion_matrix.png"))


def _for_file(result: dict[str, Any]) -> dict[str, Any]:
    """Without the table of classes and the matrix, which have files of their own."""
    return {name: value for name, value in result.items() if name not in ("classes", "confusion")}


def _print_classes(result: dict[str, Any]) -> None:
    print(pd.DataFrame(result["classes"]).to_string(index=False, float_format="%.3f"))
    print("confused most: ", end="")
    print(", ".join(f"{row['pair']} ({row['mistakes']})" for row in result["most_confused"][:10]))


def compare(first: dict[str, Any], second: dict[str, Any], metrics: Path) -> None:
    """Print two runs side by side and plot them."""
    path = metrics / f"{first['run']}_vs_{second['run']}_metrics.png"
    plot_comparison(first, second, path)
    print(headline_table({first["run"]: first, second["run"]: second}))
    print(f"wrote {path}")


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this stage."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("runs", nargs="*", default=["latest"], metavar="RUN", help="one or two runs to evaluate")
    add(
        "--data",
        type=Path,
        default=None,
        help="other labelled pictures than the test set: an .npz with x (uint8, N x 28 x 28, "
        "upright, white ink on black) and y (0..61), or a folder with picture files and a "
        "labels.csv (columns file and character)",
    )
    add("--json", action="store_true", help="print the metrics as one JSON object and nothing else")
    add("--device", default="auto", help="auto, cuda, cuda:N or cpu")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    add("--metrics", type=Path, default=METRICS_FOLDER, help="folder for plots and tables")
    return parser


def run_command(args: argparse.Namespace) -> None:
    """Evaluate the runs of the command line."""
    if len(args.runs) > 2:
        get_args_parser().error("give one or two runs")
    folders = {"processed": args.processed, "models": args.models, "metrics": args.metrics}
    report_to = sys.stderr if args.json else sys.stdout
    with contextlib.redirect_stdout(report_to):
        results = [main(name, args.data, args.device, **folders) for name in args.runs]
        if len(results) == 2:
            compare(*results, args.metrics)
        finish(None)
    if args.json:
        figures = [_for_file(result) for result in results]
        print(json.dumps(figures[0] if len(figures) == 1 else figures))


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: run_command(get_args_parser().parse_args())))
