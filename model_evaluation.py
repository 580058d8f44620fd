"""Stage 4 of 4: evaluate a character model, with per-class metrics and plots.

    python model_evaluation.py                      the newest weights on the test set
    python model_evaluation.py RUN                  models/RUN.pt on the test set
    python model_evaluation.py RUN_A RUN_B          two runs side by side
    python model_evaluation.py RUN --data PATH      on other labelled images
    python model_evaluation.py RUN --data DRAWINGS --size
    python model_evaluation.py RUN --every-split    each of the six splits' own classes

Writes metrics/<run>_metrics.json, the tables _class_metrics.csv and _confusion.csv and the plots
_class_metrics.png, _confusion_matrix.png and _reliability.png; for two runs also
metrics/<a>_vs_<b>_metrics.png. Existing files of the same weights are kept without --overwrite.
"""

import argparse
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import handwriting.python_version  # noqa: F401 - before what an older Python lacks

import torch
import torch.nn.functional as F
from torch import nn
from tqdm import tqdm

from handwriting.cli import announce, finish, make_parser, run_script
from handwriting.compute.devices import DEVICE_HELP, choose_device, keep_memory
from handwriting.datasets.batches import Batch, Batches
from handwriting.datasets.prepared import PROCESSED
from handwriting.errors import HandwritingError
from handwriting.evaluation import report
from handwriting.evaluation.every_split import as_table, evaluate_every_split
from handwriting.evaluation.metrics import epoch_of, headline_table, metrics_of, topk_predictions
from handwriting.files import check_writable, sha256
from handwriting.recognition.recognizer import PRIORS
from handwriting.runs import (
    METRICS_FOLDER,
    MODELS_FOLDER,
    RunFiles,
    build_network,
    find_run,
    load_weights,
    temperature,
)
from models import READING_BATCH, fuse_batch_norm, memory_format


def validation_step(
    device: torch.device,
    model: nn.Module,
    batch: Batch,
    temperature: float = 1.0,
    log_evidence: torch.Tensor | None = None,
) -> dict[str, Any]:
    """Both losses (sums over the batch) and the predictions of one batch; see :func:`evaluate`.

    Logits are left out, because they would take most of an evaluation's memory.
    """
    # In float64 on the CPU, because Apple's GPUs lack it.
    labels = batch.labels.cpu()
    logits = model(batch.images.to(device)).cpu().double()
    log_probs = (logits / temperature).log_softmax(dim=1)
    if log_evidence is not None:
        log_probs = (log_probs + log_evidence).log_softmax(dim=1)
    return {
        "loss": F.cross_entropy(logits, labels, reduction="sum").item(),
        "calibrated_loss": F.nll_loss(log_probs, labels, reduction="sum").item(),
        "predictions": topk_predictions(log_probs, labels),
    }


def validation_epoch_end(outputs: list[dict[str, Any]]) -> dict[str, Any]:
    """All metrics, from the outputs of :func:`validation_step`; see `evaluation.metrics`."""
    parts = [output["predictions"] for output in outputs]
    images = max(sum(len(part.labels) for part in parts), 1)
    loss, calibrated_loss = (
        sum(output[name] for output in outputs) / images for name in ("loss", "calibrated_loss")
    )
    return metrics_of(parts, loss, calibrated_loss)


@torch.inference_mode()
def evaluate(
    device: torch.device,
    model: nn.Module,
    val_loader: Batches,
    temperature: float = 1.0,
    log_evidence: torch.Tensor | None = None,
) -> dict[str, Any]:
    """Metrics of a network over all batches.

    Args:
        device: where the network is.
        model: the network.
        val_loader: the labelled images.
        temperature: divides the logits before the softmax.
        log_evidence: float (N, 62), log-likelihood of what else is known of each image (size,
            class frequencies), added to the network's log-probabilities.
    """
    model.eval()
    outputs: list[dict[str, Any]] = []
    seen = 0
    with tqdm(total=val_loader.num_images, unit="img", desc="evaluating") as bar:
        for batch in val_loader:
            count = len(batch.labels)
            evidence = None if log_evidence is None else log_evidence[seen : seen + count]
            outputs.append(validation_step(device, model, batch, temperature, evidence))
            seen += count
            bar.update(count)
    return validation_epoch_end(outputs)


def main(
    modelName: str = "latest",  # noqa: N803 - the owner's name for it
    args: argparse.Namespace | None = None,
) -> dict[str, Any]:
    """Evaluate one run, save its metrics and plots, and return the metrics.

    Args:
        modelName: name of a run, path of a weights file, or ``latest``.
        args: the other options, their defaults if ``None``.

    Raises:
        HandwritingError: the weights or the data are missing or damaged.
    """
    args = args or get_args_parser().parse_args([])
    run = find_run(modelName, args.models, args.metrics)
    content = load_weights(run.weights)
    device = choose_device(args.device)
    announce(4, f"{run.weights}, {args.data or args.processed / 'test.pt'}", run.metric("*"))
    if args.data is None:
        chosen = report.prepared_test_set(args.processed, content)
    else:
        options = (args.size, args.prior, args.held_out)
        chosen = report.external_set(args.data, content, *options)
    network = fuse_batch_norm(build_network(content, run.weights, chosen.prior))
    network = network.to(device, memory_format=memory_format(device))
    check_writable(args.metrics)
    evidence = None if chosen.log_evidence is None else torch.from_numpy(chosen.log_evidence)
    loader = Batches(chosen.data, READING_BATCH, device)
    figures = evaluate(device, network, loader, temperature(content, chosen.prior), evidence)
    result = {
        "command": _command(run, args),
        "run": run.name,
        "model": content["model"],
        **chosen.about,
        **figures,
        "trained_on_synthetic": content.get("synthetic", False),
        "training_labels": content.get("labels", "unknown"),
        **_epochs(content),
        "weights_sha256": sha256(run.weights),
    }
    report.save_report(run, chosen.prefix, result, args.overwrite)
    print(headline_table({run.name: result}))
    print(_kept_epoch(result))
    report.print_classes(result)
    return result


def _epochs(content: dict[str, Any]) -> dict[str, Any]:
    """The kept epoch of a weights file, the number of epochs, and the validation accuracy of the
    kept and of the last epoch; ``None`` where the file lacks them."""
    used, kept = content.get("hyperparameters", {}), content.get("metrics", {})
    return {
        "epoch": content.get("epoch"),
        "epochs": content.get("epochs", used.get("epochs")),
        "val_accuracy": kept.get("val_accuracy"),
        "last_val_accuracy": content.get("last_metrics", {}).get("val_accuracy"),
    }


def _kept_epoch(result: dict[str, Any]) -> str:
    last, kept = result["last_val_accuracy"], result["val_accuracy"]
    figures = "" if kept is None else f", validation accuracy {kept:.4f}"
    figures += "" if last is None else f" (the last epoch's {last:.4f})"
    return f"epoch {epoch_of(result)}{figures}"


def _command(run: RunFiles, args: argparse.Namespace) -> str:
    elsewhere = run.models != MODELS_FOLDER and not run.models.is_absolute()
    weights = run.weights if elsewhere else run.name
    data = f" --data {args.data.name}" if args.data else ""
    prior = f" --prior {args.prior}" if args.prior != "auto" else ""
    options = " --size" * args.size + " --held-out" * args.held_out
    return f"python model_evaluation.py {weights}{data}{prior}{options}"


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this stage."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("runs", nargs="*", default=["latest"], metavar="RUN", help="one or two runs to evaluate")
    add(
        "--data",
        type=Path,
        default=None,
        help="labelled images instead of the test set: a folder with images and a labels.csv "
        "(columns file and character), a pen archive (.npz of strokes), or an .npz with "
        "x (uint8, N x 28 x 28, upright, white ink on black) and y (0..61)",
    )
    add(
        "--size",
        action="store_true",
        help="with a folder of images of a whole canvas: use the size and position of the ink",
    )
    add(
        "--held-out",
        action="store_true",
        help="evaluate on the held-out writers of --data only",
    )
    add(
        "--prior",
        choices=("auto", *PRIORS),
        default="auto",
        help="class prior for --data: equal is uniform; auto: equal for images and pen strokes, "
        "emnist for an .npz of images",
    )
    add(
        "--every-split",
        action="store_true",
        help="accuracy on the test rows of each of the six splits, without training images",
    )
    add("--root", type=Path, default=Path("data"), help="folder of EMNIST/raw, for --every-split")
    add("--json", action="store_true", help="print the metrics as one JSON object and nothing else")
    add(
        "--overwrite",
        action="store_true",
        help="replace existing metrics and plots of the same weights",
    )
    add("--device", default="auto", help=DEVICE_HELP)
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    add("--metrics", type=Path, default=METRICS_FOLDER, help="folder for metrics and plots")
    return parser


def run_command(args: argparse.Namespace) -> None:
    """Evaluate the runs of the command line."""
    keep_memory()
    if args.data is None and (args.size or args.held_out or args.prior != "auto"):
        raise HandwritingError("--size, --prior and --held-out require --data.")
    if len(args.runs) > 2:
        get_args_parser().error("give one or two runs")
    with contextlib.redirect_stdout(sys.stderr if args.json else sys.stdout):
        figures = _evaluate_runs(args)
        finish(None)
    if args.json:
        print(json.dumps(figures[0] if len(figures) == 1 else figures))


def _evaluate_runs(args: argparse.Namespace) -> list[dict[str, Any]]:
    if args.every_split:
        return [_every_split(name, args) for name in args.runs]
    results = [main(name, args) for name in args.runs]
    if len(results) == 2:
        report.compare(*results, args.metrics, args.overwrite)
    return [report.for_file(result) for result in results]


def _every_split(name: str, args: argparse.Namespace) -> dict[str, Any]:
    run = find_run(name, args.models, args.metrics)
    announce(4, f"{run.weights}, {args.root / 'EMNIST' / 'raw'}", run.metric("every_split.json"))
    check_writable(args.metrics)
    result = evaluate_every_split(run, args.root, args.processed)
    report.save_every_split(run, result, args.overwrite)
    print(as_table(result))
    return result


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: run_command(get_args_parser().parse_args())))
