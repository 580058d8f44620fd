"""Stage 4 of 4: measure a trained network, with per-class figures and plots.

    python model_evaluation.py                      the newest weights on the test set
    python model_evaluation.py RUN                  models/RUN.pt on the test set
    python model_evaluation.py RUN_A RUN_B          both, side by side
    python model_evaluation.py RUN --data PATH      on other labelled pictures
    python model_evaluation.py RUN --data DRAWINGS --size
    python model_evaluation.py RUN --every-split    each of the six benchmarks' own question

Writes metrics/<run>_metrics.json, _class_metrics.csv and the plots _class_metrics.png,
_confusion_matrix.png and _reliability.png;
for two runs also metrics/<a>_vs_<b>_metrics.png.
"""

import argparse
import contextlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from tqdm import tqdm

from characters.batches import READING_BATCH, Batches
from characters.devices import choose_device, keep_memory
from characters.errors import CharactersError, run_script
from characters.every_split import FULL_TRAINING_IMAGES, as_table, measure
from characters.files import replacing, save_json
from characters.labelled_sets import load_labelled
from characters.losses import LabelSetLoss
from characters.metrics import answers_of, headline_table, metrics_of
from characters.plots import (
    plot_class_metrics,
    plot_comparison,
    plot_confusion_matrix,
    plot_reliability,
)
from characters.prepared import PROCESSED, LabelledImages, load_images, load_manifest, load_split
from characters.recognizer import (
    PRIORS,
    Recognizer,
    build_network,
    fused,
    log_prior_change,
)
from characters.runs import METRICS_FOLDER, MODELS_FOLDER, RunFiles, find_run, load_weights
from characters.sizes import load_sizes
from characters.stages import announce, finish


def validation_step(
    device: torch.device,
    model: nn.Module,
    batch: tuple[torch.Tensor, torch.Tensor],
    temperature: float = 1.0,
    log_evidence: np.ndarray | None = None,
) -> dict[str, Any]:
    """Loss (sum over the batch) and answers (see `characters.metrics.Answers`) of one batch.

    Not the scores: they would be most of an evaluation's memory. See :func:`evaluate`.
    """
    images, labels = (tensor.to(device) for tensor in batch)
    scores = model(images).float()
    if log_evidence is not None:
        evidence = torch.from_numpy(log_evidence).to(device)
        scores = (scores.double() / temperature).log_softmax(dim=1) + evidence
        temperature = 1.0
    loss = LabelSetLoss().to(device)(scores, labels) * len(labels)
    answers = answers_of(scores.cpu().numpy(), labels.cpu().numpy(), temperature)
    return {"loss": loss.item(), "answers": answers}


def validation_epoch_end(outputs: list[dict[str, Any]]) -> dict[str, Any]:
    """All metrics from the outputs of :func:`validation_step`; see `characters.metrics`."""
    parts = [output["answers"] for output in outputs]
    images = sum(len(part.labels) for part in parts)
    return metrics_of(parts, sum(output["loss"] for output in outputs) / images)


@torch.inference_mode()
def evaluate(
    device: torch.device,
    model: nn.Module,
    val_loader: Batches,
    log_evidence: np.ndarray | None = None,
    temperature: float = 1.0,
) -> dict[str, Any]:
    """Metrics of a network over all batches.

    The ``temperature`` divides the scores where they become probabilities. ``log_evidence``, float
    (N, 62), is what else is known of each image (size, class frequencies); it is added to the
    network's log probabilities.
    """
    model.eval()
    outputs: list[dict[str, Any]] = []
    seen = 0
    with tqdm(total=val_loader.num_images, unit="img", desc="evaluating") as bar:
        for batch in val_loader:
            count = len(batch[1])
            evidence = None if log_evidence is None else log_evidence[seen : seen + count]
            outputs.append(validation_step(device, model, batch, temperature, evidence))
            seen += count
            bar.update(count)
    return validation_epoch_end(outputs)


@dataclass
class Task:
    """What a network is measured on.

    Attributes:
        images: 28x28 pictures with exact labels.
        about: what goes into the metrics file.
        log_evidence: float (N, 62) to add to the network's answer, or ``None``.
    """

    images: LabelledImages
    about: dict[str, Any]
    log_evidence: np.ndarray | None = None


def main(
    modelName: str = "latest",  # noqa: N803 - the owner's name for it
    data: Path | None = None,
    device: str = "auto",
    processed: Path = PROCESSED,
    models: Path = MODELS_FOLDER,
    metrics: Path = METRICS_FOLDER,
    size: bool = False,
    prior: str = "auto",
) -> dict[str, Any]:
    """Evaluate one run, save its figures and plots, and return the figures.

    Raises:
        CharactersError: the models or data folder or file is missing or damaged.
    """
    run = find_run(modelName, models, metrics)
    content = load_weights(run.weights)
    network = fused(build_network(content, run.weights))
    chosen = choose_device(device)
    source = str(data) if data else f"{processed / 'test.pt'}"
    announce(4, reads=f"{run.weights}, {source}", writes=run.metric("*"))
    if data is None:
        task = _test_set_task(processed, content)
    else:
        task = _other_task(data, content, size, prior)
    loader = Batches(task.images.images, task.images.labels, READING_BATCH, chosen)
    temperature = content.get("temperature", 1.0)
    figures = evaluate(chosen, network.to(chosen), loader, task.log_evidence, temperature)
    result = {"run": run.name, "model": content["model"], **task.about, **figures}
    result |= {
        "trained_on_synthetic": content.get("synthetic", False),
        "training_labels": content.get("labels", "unknown"),
        "epoch": content.get("epoch"),
    }
    prefix = f"{data.stem}_{'with_size_' if size else ''}" if data else ""
    _save(run, prefix, result, f"{run.name} on {result['data']}")
    print(headline_table({run.name: result}))
    _print_classes(result)
    return result


def _test_set_task(processed: Path, content: dict[str, Any]) -> Task:
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
    return Task(images, {"data": name, "synthetic": manifest["synthetic"], "same_archive": same})


def _other_task(data: Path, content: dict[str, Any], size: bool, prior: str) -> Task:
    labelled = load_labelled(data)
    if prior == "auto":
        prior = "equal" if data.is_dir() else "emnist"
    if size and labelled.places is None:
        raise CharactersError(f"--size needs pictures of a whole canvas; {data} has 28x28 ones.")
    name = f"{data.name}{' with size' if size else ''}, {prior} prior"
    about = {"data": name, "synthetic": False, "size": size, "prior": prior}
    evidence = np.tile(log_prior_change(content, prior), (len(labelled.images), 1))
    if size:
        sizes = load_sizes()
        pairs = zip(labelled.places, labelled.heights, strict=True)
        evidence += np.array([sizes.on_canvas(place, height) for place, height in pairs])
    neutral = not size and prior == "emnist"
    return Task(labelled.images, about, None if neutral else evidence)


def _save(run: RunFiles, prefix: str, result: dict[str, Any], title: str) -> None:
    names = ("metrics.json", "class_metrics.csv")
    with replacing(*(run.metric(prefix + name) for name in names)) as (figures, table):
        save_json(_for_file(result), figures)
        pd.DataFrame(result["classes"]).to_csv(table, index=False, float_format="%.4f")
    plot_class_metrics(result, title, run.metric(f"{prefix}class_metrics.png"))
    plot_confusion_matrix(result, title, run.metric(f"{prefix}confusion_matrix.png"))
    plot_reliability(result, title, run.metric(f"{prefix}reliability.png"))


def _for_file(result: dict[str, Any]) -> dict[str, Any]:
    """Without the table of classes and the matrix, which have files of their own."""
    return {name: value for name, value in result.items() if name not in ("classes", "confusion")}


def _print_classes(result: dict[str, Any]) -> None:
    print(pd.DataFrame(result["classes"]).to_string(index=False, float_format="%.3f"))
    print("confused most: ", end="")
    print(", ".join(f"{row['pair']} ({row['mistakes']})" for row in result["most_confused"][:10]))


def share_of_images(content: dict[str, Any]) -> float:
    """The part of the training images that a weights file's run has seen, 0..1."""
    used = content["hyperparameters"]
    # A smaller part always lies in a larger one.
    return max(used.get("fraction", 1.0), used.get("start_fraction", 0.0))


def evaluate_every_split(
    name: str, root: Path, processed: Path, models: Path, metrics: Path
) -> dict[str, Any]:
    """Accuracy of one run on each split's unseen test rows; saved, printed and returned.

    Raises:
        CharactersError: the archive is missing, or the run was trained on another one.
    """
    # Here and not above: torchvision takes a second and a half to import.
    from characters.archive import read_archive

    run = find_run(name, models, metrics)
    recognizer = Recognizer(run.weights)
    training, manifest = load_images(processed, "train"), load_manifest(processed)
    announce(4, reads=f"{run.weights}, {root / 'EMNIST' / 'raw'}", writes=run.metric("*"))
    if recognizer.content.get("fingerprint") != manifest["fingerprint"]:
        raise CharactersError(
            f"{run.name} was trained on another archive than the one in {processed}: which rows "
            "it has seen is not known. Run stages 1 and 2 on its archive again."
        )
    _, testing = read_archive(root)
    rows = measure(recognizer.probabilities, training.images.numpy(), testing)
    used = share_of_images(recognizer.content) * len(load_split(processed)["train"])
    result = {
        "run": run.name,
        "synthetic": manifest["synthetic"],
        "training_images": round(used),
        "share_of_full_training_data": round(used / FULL_TRAINING_IMAGES, 4),
        "splits": rows,
    }
    with replacing(run.metric("every_split.json")) as (part,):
        save_json(result, part)
    print(as_table(rows))
    print(f"trained on {used:,.0f} images, {used / FULL_TRAINING_IMAGES:.0%} of the full archive's")
    return result


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
    add(
        "--size",
        action="store_true",
        help="with a folder of pictures of a whole canvas: use also where the ink stood",
    )
    add(
        "--prior",
        choices=("auto", *PRIORS),
        default="auto",
        help="how frequent the characters of --data are: as in EMNIST, or all alike; "
        "auto: alike for a folder of pictures, as in EMNIST for an .npz",
    )
    add(
        "--every-split",
        action="store_true",
        help="accuracy on each of the six splits' own test rows, without those whose image was "
        "trained on",
    )
    add("--root", type=Path, default=Path("data"), help="folder of EMNIST/raw, for --every-split")
    add("--json", action="store_true", help="print the metrics as one JSON object and nothing else")
    add("--device", default="auto", help="auto, cuda, cuda:N or cpu")
    add("--processed", type=Path, default=PROCESSED, help="folder of stages 1 and 2")
    add("--models", type=Path, default=MODELS_FOLDER, help="folder with weights")
    add("--metrics", type=Path, default=METRICS_FOLDER, help="folder for plots and tables")
    return parser


def run_command(args: argparse.Namespace) -> None:
    """Evaluate the runs of the command line."""
    keep_memory()
    if args.data is None and (args.size or args.prior != "auto"):
        raise CharactersError("--size and --prior go with --data.")
    if len(args.runs) > 2:
        get_args_parser().error("give one or two runs")
    with contextlib.redirect_stdout(sys.stderr if args.json else sys.stdout):
        figures = _evaluate_runs(args)
        finish(None)
    if args.json:
        print(json.dumps(figures[0] if len(figures) == 1 else figures))


def _evaluate_runs(args: argparse.Namespace) -> list[dict[str, Any]]:
    folders = {"processed": args.processed, "models": args.models, "metrics": args.metrics}
    if args.every_split:
        return [evaluate_every_split(name, args.root, **folders) for name in args.runs]
    more = folders | {"size": args.size, "prior": args.prior}
    results = [main(name, args.data, args.device, **more) for name in args.runs]
    if len(results) == 2:
        compare(*results, args.metrics)
    return [_for_file(result) for result in results]


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: run_command(get_args_parser().parse_args())))
