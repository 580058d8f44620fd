"""Fill the figures of metrics/ into README.md and docs/: `python -m docs.render`.

A document marks in two ways what this script writes:

- A block, from ``<!-- table: NAME -->`` to ``<!-- end -->``, is the template NAME of
  docs/tables.txt.
- A figure in prose stands before a comment that names its source, as in
  ``8.2%<!--line_reading[sets][words][greedy][cer]:.1%-->``.

Sources are the JSON files of metrics/ by their names, the runs of RUNS by their models, and what
DERIVED works out of these. After a new training only RUNS changes.
"""

import argparse
import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

from handwriting.cli import make_parser, run_script
from handwriting.errors import HandwritingError
from handwriting.files import replacing
from handwriting.runs import RunFiles
from models import MODELS

ROOT = Path(__file__).parent.parent
METRICS = ROOT / "metrics"
TEMPLATES = ROOT / "docs" / "tables.txt"
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
RUNS = {
    "compactcnn": "compactcnn_2026_November24_06_38",
    "emnist_only": "compactcnn_2026_November23_14_35",
    "customcnn": "customcnn_2026_November28_06_42",
    "resnet34": "resnet34_2026_November28_06_42",
}
"""The runs that the project ships; not the newest ones, which may be a reader's own."""

BLOCK = re.compile(r"(<!-- table: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_FIGURE = re.compile(r"[\d.,]*\d%?<!--(\S[^>]*\S)-->")


class Figures(dict[str, Any]):
    """Sources of figures by name, read or worked out when first asked for."""

    def __missing__(self, name: str) -> Any:
        self[name] = DERIVED[name](self) if name in DERIVED else _read(name)
        return self[name]


def _read(name: str) -> Any:
    """A run's figures on the test set, or a file of metrics/, its subfolders included."""
    if name in RUNS:
        name = f"{RUNS[name]}_metrics"
    for path in METRICS.rglob(f"{name}.json"):
        return json.loads(path.read_text(encoding="utf-8"))
    raise KeyError(name)


def rendered(text: str, templates: dict[str, str], figures: Figures) -> str:
    """Return a document with its blocks and figures filled in.

    Raises:
        HandwritingError: a block or a figure that no template or source has.
    """

    def block(found: re.Match[str]) -> str:
        if found[2] not in templates:
            raise HandwritingError(f"{TEMPLATES} has no table {found[2]!r}. Write it there.")
        return found[1] + _fill(templates[found[2]], figures) + found[4]

    text = BLOCK.sub(block, text)
    return _FIGURE.sub(lambda f: f"{_fill(f'{{{f[1]}}}', figures)}<!--{f[1]}-->", text)


def _fill(template: str, figures: Figures) -> str:
    try:
        return template.format_map(figures)
    except (LookupError, ValueError, TypeError) as error:
        raise HandwritingError(
            f"metrics/ lacks a figure of {template!r:.200} ({error!r}). Correct its source."
        ) from error


def read_templates() -> dict[str, str]:
    """The templates of docs/tables.txt by name."""
    return {found[2]: found[3] for found in BLOCK.finditer(TEMPLATES.read_text(encoding="utf-8"))}


def mean_and_spread(values: list[float]) -> str:
    """As "mean ± half the distance between the best and the worst", of one value the value."""
    spread = f" ± {(max(values) - min(values)) / 2:.4f}" if len(values) > 1 else ""
    return f"{fmean(values):.4f}{spread}"


def of_seeds(runs: dict[str, dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Runs named "variant / seed" by variant."""
    variants: dict[str, list[dict[str, Any]]] = {}
    for name, found in runs.items():
        variants.setdefault(name.rpartition(" / ")[0], []).append(found)
    return variants


def histories(_: Figures) -> dict[str, dict[str, Any]]:
    """By run: number of epochs, the best one by validation accuracy, and the last one."""
    found = {}
    for model in MODELS:
        with RunFiles(RUNS[model], metrics=METRICS).metric("history.csv").open() as file:
            rows = [{key: float(row[key]) for key in row} for row in csv.DictReader(file)]
        best = max(rows, key=lambda row: row["val_accuracy"])
        found[model] = {"epochs": len(rows), "best": best, "last": rows[-1]}
    return found


def networks(figures: Figures) -> dict[str, dict[str, float]]:
    """By model: weights, megabytes of their file, minutes an epoch at the speed measured."""
    images = figures["every_split"]["training_images"]
    speeds = {n: figures["roofline"][n]["training"]["images_per_second"] for n in MODELS}
    return {
        name: {
            "weights": sum(p.numel() for p in make().parameters()),
            "megabytes": (ROOT / "models" / f"{RUNS[name]}.pt").stat().st_size / 1e6,
            "minutes": images / speeds[name] / 60,
        }
        for name, make in MODELS.items()
    }


def leaked(figures: Figures) -> dict[str, float]:
    """Share of the test rows that are training images where labels are mapped by name."""
    manifests = {
        "real": figures["stage1_by-name_manifest"],
        "generated": figures["stage1_synthetic_by-name_manifest"],
    }
    return {n: m["test_rows_in_training"] / m["test_images"] for n, m in manifests.items()}


def errors(figures: Figures) -> dict[str, int]:
    """CompactCNN's on the test set, and those between 0 and O, 1 and l, 1 and I."""
    found = figures["compactcnn"]
    pairs = {row["pair"]: row["mistakes"] for row in found["most_confused"]}
    return {
        "all": round(found["images"] * (1 - found["accuracy"])),
        "lookalikes": sum(pairs[pair] for pair in ("0 O", "1 l", "1 I")),
    }


def ablation(figures: Figures) -> dict[str, dict[str, str]]:
    """By variant and what was measured, mean and spread over the seeds."""
    names = ("validation", "val_loss", "drawings", "photographs")
    return {
        variant: {name: mean_and_spread([seed[name] for seed in seeds]) for name in names}
        for variant, seeds in of_seeds(figures["ablations"]["runs"]).items()
    }


def hands(figures: Figures) -> dict[str, dict[str, Any]]:
    """By out-of-domain set: its size, and CompactCNN's figures before and after fine-tuning."""
    return {
        name: {**found, "before": found[RUNS["emnist_only"]], "after": found[RUNS["compactcnn"]]}
        for name, found in figures["other_hands"]["sets"].items()
    }


def collections(figures: Figures) -> dict[str, Any]:
    """The study of collections left out: means by recipe and alpha, and a row for each."""
    study = figures["left_out_collections"]
    before, shipped = study["before"], study["recipes"]["shipped"]["1.0"]
    means = {
        recipe: {alpha: found["mean"] for alpha, found in by_alpha.items()}
        for recipe, by_alpha in study["recipes"].items()
    }
    rows = [
        f"| {name.replace('characters', 'UNIPEN')} | {row['images']:,} | "
        f"{_two(before['left_out'][name])} | {_two(row)} | {row['calibration_error']:.4f} |"
        for name, row in shipped["left_out"].items()
    ]
    return {**means, "before": before["mean"], "count": len(rows), "rows": "\n".join(rows)}


def _two(row: dict[str, float]) -> str:
    return f"{row['accuracy']:.4f} ({row['accuracy_without_case']:.4f})"


def by_labels(figures: Figures) -> dict[str, dict[str, float]]:
    """By kind of labels trained with, mean accuracy over the seeds."""
    return {
        kind: {name: fmean(seed[name] for seed in seeds) for name in seeds[0]}
        for kind, seeds in of_seeds(figures["lower_case"]["labels"]).items()
    }


def own_documents(figures: Figures) -> dict[str, dict[int, dict[str, Any]]]:
    """The study of fine-tuning on own pages, by set and lines given."""
    return {
        name: {
            int(lines): found
            | {
                "count": len(found["writers"]),
                "minutes": found["seconds"] / 60,
                "gone": 1 - found["alpha 0.75"] / found["before"],
            }
            for lines, found in study["lines"].items()
        }
        for name, study in figures["own_documents"]["sets"].items()
    }


def found_lines(figures: Figures) -> dict[str, str]:
    """By set with annotated lines, how many of them the layout network finds."""
    sets = figures["line_reading"]["sets"]
    pages = {n: s["greedy"]["pages"] for n, s in sets.items() if "pages" in s.get("greedy", {})}
    return {n: f"{round(p['lines_found'] * p['lines'])} of {p['lines']}" for n, p in pages.items()}


DERIVED: dict[str, Callable[[Figures], Any]] = {
    "run": lambda _: RUNS,
    "every_split": lambda _: _read(f"{RUNS['compactcnn']}_every_split"),
    "histories": histories,
    "networks": networks,
    "leaked": leaked,
    "errors": errors,
    "ablation": ablation,
    "hands": hands,
    "collections": collections,
    "by_labels": by_labels,
    "own": own_documents,
    "found_lines": found_lines,
}


def get_args_parser() -> argparse.ArgumentParser:
    """Return the command line, which has no options."""
    return make_parser(__doc__)


def main(_: argparse.Namespace) -> None:
    """Write each document whose figures have changed."""
    templates, figures = read_templates(), Figures()
    for path in DOCUMENTS:
        before = path.read_text(encoding="utf-8")
        after = rendered(before, templates, figures)
        if after != before:
            with replacing(path) as (part,):
                part.write_text(after, encoding="utf-8", newline="\n")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
