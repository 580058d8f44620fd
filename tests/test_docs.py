"""README.md and docs/ say nothing that is not so: their figures, links, files and commands.

`snippets` lists what stands in which document. A snippet is filled in from the files of figures
(SOURCES) and from what is worked out of them (WORKED_OUT), and must then stand in the document,
line breaks aside. After a new measurement only its file and the text need be changed. All numbers
with four decimals lie in snippets; those that come from elsewhere are in `NOT_MEASURED_HERE`, with
the reason.
"""

import importlib
import importlib.util
import json
import re
import shlex
import tomllib
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from statistics import fmean
from typing import Any

import pytest

from handwriting.web.picture_reading import MOST_PIXELS
from models import MODELS
from studies.colour_or_contrast import FRONTS
from studies.hands_ablations import in_words
from studies.line_media import WRITTEN
from studies.page_views import VIEWS
from tests.support import PROJECT

DOCUMENTS = ("README.md", *sorted(f"docs/{path.name}" for path in PROJECT.glob("docs/*.md")))
FOUR_DECIMALS = re.compile(r"(?<![\d.])\d\.\d{4}(?!\d)")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

COMPACT = "compactcnn_2026_November24_06_38"
EMNIST_ONLY = "compactcnn_2026_November23_14_35"
NETWORKS = {"CompactCNN": "compactcnn", "CustomCNN": "customcnn", "ResNet34": "resnet34"}
BOARDS = ("whiteboard", "blackboard")
METRICS = PROJECT / "metrics"
SOURCES = {
    **{path.stem: path for path in METRICS.glob("benchmarks/*.json")},
    **{path.stem: path for path in METRICS.glob("studies/*.json")},
    "compactcnn": METRICS / f"{COMPACT}_metrics.json",
    "customcnn": METRICS / "customcnn_2026_November23_04_06_metrics.json",
    "resnet34": METRICS / "resnet34_2026_November23_04_06_metrics.json",
    "every_split": METRICS / f"{COMPACT}_every_split.json",
    "exact": METRICS / "studies" / "stage1_exact_manifest.json",
    "by_name": METRICS / "studies" / "stage1_by-name_manifest.json",
    "synthetic": METRICS / "studies" / "stage1_synthetic_by-name_manifest.json",
}
"""The files of figures, by the names that snippets call them."""


class Figures(dict[str, Any]):
    """Files of figures, and what is worked out of them, by name; read when first asked for."""

    def __missing__(self, name: str) -> Any:
        if name in WORKED_OUT:
            self[name] = WORKED_OUT[name](self)
        else:
            self[name] = json.loads(SOURCES[name].read_text(encoding="utf-8"))
        return self[name]


FIGURES = Figures()


def leaked_share(figures: Figures) -> dict[str, float]:
    """The part of the test rows that the usual recipe has trained on."""
    names = ("by_name", "synthetic")
    return {n: figures[n]["test_rows_in_training"] / figures[n]["test_images"] for n in names}


def on_paper(figures: Figures) -> dict[str, float]:
    """Mean error rate over the kinds of paper, by what the network sees."""
    grounds = {front: figures["colour_or_contrast"][front]["grounds"] for front in FRONTS}
    return {
        front: fmean(cer for ground, cer in found.items() if ground not in BOARDS)
        for front, found in grounds.items()
    }


def minutes_an_epoch(figures: Figures) -> dict[str, float]:
    """By network, at the speed measured."""
    images = figures["every_split"]["training_images"]
    speeds = {n: figures["roofline"][n]["training"]["images_per_second"] for n in MODELS}
    return {name: images / speed / 60 for name, speed in speeds.items()}


def weights(_: Figures) -> dict[str, int]:
    """Numbers that each network learns."""
    return {n: sum(p.numel() for p in make().parameters()) for n, make in MODELS.items()}


def megabytes(figures: Figures) -> dict[str, float]:
    """Of each network's weights file."""
    files = {n: PROJECT / "models" / f"{figures[n]['run']}.pt" for n in MODELS}
    return {name: file.stat().st_size / 1e6 for name, file in files.items()}


def mistakes(figures: Figures) -> dict[str, int]:
    """CompactCNN's on the test set, and those between the lookalikes of digits."""
    found = figures["compactcnn"]
    pairs = {row["pair"]: row["mistakes"] for row in found["most_confused"]}
    return {
        "all": round(found["images"] * (1 - found["accuracy"])),
        "lookalikes": pairs["0 O"] + pairs["1 l"] + pairs["1 I"],
    }


def hands_means(figures: Figures) -> dict[str, dict[str, dict[str, str]]]:
    """By study, variant and what it was measured on, as "mean ± half the distance"."""
    return {
        study: {
            name: {
                on: in_words(rows, on, "" if on == "emnist_validation" else "accuracy")
                for on in rows[0]
            }
            for name, rows in figures[study]["runs"].items()
        }
        for study in ("hands_ablations", "label_noise")
    }


def suspected(figures: Figures) -> dict[str, int]:
    """Labels read and suspected, of all providers."""
    counts = figures["label_noise"]["providers"].values()
    return {name: sum(count[name] for count in counts) for name in ("read", "suspected")}


def full_data(figures: Figures) -> dict[str, float]:
    """Mean over the seeds that saw all training images."""
    runs = figures["data_size"]["runs"]
    most = [run for run in runs if run["images"] == max(run["images"] for run in runs)]
    return {name: fmean(run[name] for run in most) for name in most[0] if name != "seed"}


def variants(figures: Figures) -> dict[str, dict[str, str]]:
    """By variant, as "mean ± half the distance between the best and the worst seed"."""
    by_variant: dict[str, list[dict[str, float]]] = {}
    for run, found in figures["ablations"]["runs"].items():
        by_variant.setdefault(run.rpartition(" / ")[0], []).append(found)
    return {
        variant: {
            name: _with_spread([found[name] for found in seeds])
            for name in ("validation", "val_loss", "drawings", "photographs")
        }
        for variant, seeds in by_variant.items()
    }


def ablation_means(figures: Figures) -> dict[str, dict[str, float]]:
    """By variant, without the spread."""
    return {
        variant: {name: float(words.partition(" ")[0]) for name, words in found.items()}
        for variant, found in figures["variants"].items()
    }


def points(figures: Figures) -> dict[str, float]:
    """Differences in hundredths, as the text tells them."""
    ours = figures["ablation_means"]["modern recipe"]["validation"]
    size = figures["lower_case"]["size"]
    sizes = [size[way]["the 15 that look like their capital"] for way in size]
    runs = [run["accuracy"] for run in figures["data_size"]["runs"]]
    pairs = {
        "label sets": (figures["ablation_means"]["exact labels only"]["validation"], ours),
        "one-cycle": (
            figures["ablation_means"]["exponential schedule, lr 0.001"]["validation"],
            ours,
        ),
        "size": sizes,
        "twice the images": runs[3:5],
        "over CustomCNN": (figures["customcnn"]["accuracy"], figures["full_data"]["accuracy"]),
    }
    return {name: 100 * (after - before) for name, (before, after) in pairs.items()}


def _with_spread(values: list[float]) -> str:
    return f"{fmean(values):.4f} ± {(max(values) - min(values)) / 2:.4f}"


def by_labels(figures: Figures) -> dict[str, dict[str, float]]:
    """Share of right answers, mean of the seeds, by the kind of labels that were trained with."""
    by_kind: dict[str, list[dict[str, float]]] = {}
    for run, found in figures["lower_case"]["labels"].items():
        by_kind.setdefault(run.rpartition(" / ")[0], []).append(found)
    return {
        kind: {name: fmean(seed[name] for seed in seeds) for name in seeds[0]}
        for kind, seeds in by_kind.items()
    }


def ceilings(figures: Figures) -> dict[str, float]:
    """Lowest and highest speed of the matrix product, in GFLOP/s."""
    found = [figures["roofline"][n]["ceilings"]["bf16_operations_per_second"] / 1e9 for n in MODELS]
    return {"lowest": min(found), "highest": max(found)}


def optimiser_share(figures: Figures) -> float:
    """Of a training step of ResNet34."""
    parts = figures["roofline"]["resnet34"]["training"]["milliseconds"]
    return parts["step"] / sum(parts.values())


def keeping(figures: Figures) -> dict[str, float]:
    """Seconds that stage 1 takes for the fingerprint and for saving."""
    names = ("preprocessing_full", "preprocessing_shared")
    profiles = {name: figures[name]["profile"] for name in names}
    return {name: profile["fingerprint"] + profile["saving"] for name, profile in profiles.items()}


def expected(figures: Figures) -> dict[str, list[dict[str, Any]]]:
    """The model's rows of each network: two of GPUs, two of machines."""
    rows = figures["scaling"]["model"]["rows"]
    return {name: [row for row in rows if row["model"] == name] for name in MODELS}


WORKED_OUT: dict[str, Callable[[Figures], Any]] = {
    "on_paper": on_paper,
    "leaked_share": leaked_share,
    "minutes_an_epoch": minutes_an_epoch,
    "weights": weights,
    "megabytes": megabytes,
    "mistakes": mistakes,
    "full_data": full_data,
    "variants": variants,
    "ablation_means": ablation_means,
    "by_labels": by_labels,
    "points": points,
    "hands_means": hands_means,
    "suspected": suspected,
    "ceilings": ceilings,
    "optimiser_share": optimiser_share,
    "keeping": keeping,
    "expected": expected,
}


def row(*cells: str) -> str:
    """A row of a table, or the first cells of one."""
    return f"| {' | '.join(cells)} |"


def of_networks(title: str, template: str, bold: str = "") -> str:
    """A row with a value of each network, the first one ``bold``; `NET` stands for its name."""
    first, *others = (template.replace("NET", name) for name in NETWORKS.values())
    return row(title, f"{bold}{first}{bold}", *others)


def readme() -> Iterator[str]:
    """Snippets of README.md."""
    yield (
        "{leaked_share[synthetic]:.1%} of the test rows of a generated archive with the official "
        "overlaps, {leaked_share[by_name]:.1%} ({by_name[test_rows_in_training]:,} of "
        "{by_name[test_images]:,}) on the third of EMNIST"
    )
    yield "on the {compactcnn[images]:,} `byclass` test images at hand"
    yield (
        "Of writers that it never saw it gets "
        "**{line_reading[sets][words][greedy][cer]:.4f}** of the characters of UNIPEN's words "
        "wrong ({line_reading[sets][words][language][cer]:.4f} with a language model), reads "
        "**{line_reading[sets][numbers][greedy][exact]:.4f}** of the numbers in forms' cells "
        "wholly right, and of the letters and digits on photographed pages of code gets "
        "**{line_reading[sets][pages][greedy][cer_alphanumeric]:.4f}** wrong "
        "({line_reading[sets][pages][programs][cer_alphanumeric]:.4f} with a language model of "
        "programs)."
    )
    titles = {
        "compactcnn": "**CompactCNN**",
        "customcnn": "CustomCNN, {customcnn[epoch]} epochs",
        "resnet34": "ResNet34, {resnet34[epoch]} epochs",
    }
    for name, title in titles.items():
        cells = ("{NET[loss]:.4f}", "**{NET[accuracy]:.4f}**", "{NET[precision_weighted]:.4f}")
        cells += ("{NET[recall_weighted]:.4f}", "{NET[f1_weighted]:.4f}")
        yield row(title, *(cell.replace("NET", name) for cell in cells))
    yield "all networks here had {every_split[training_images]:,}."
    yield (
        "CompactCNN, {megabytes[compactcnn]:.2f} MB, reads other hands as well. Of writers that "
        f"its training left out it reads **{{{hands('characters')}[accuracy]:.4f}}** of the "
        f"characters written with pens on tablets (without case "
        f"{{{hands('characters')}[accuracy_without_case]:.4f}}), "
        f"**{{{hands('drawings', 'shape and size')}[accuracy]:.4f}}** of tablet drawings with "
        f"their size and **{{{hands('photographs')}[accuracy]:.4f}}** of photographed characters"
    )
    yield "in `data/EMNIST/processed/` | {preprocessing_shared[ours_seconds]:.0f} s |"
    yield "row numbers, no copies | {preprocessing_shared[stage_2_seconds]:.0f} s |"
    yield (
        "CompactCNN {minutes_an_epoch[compactcnn]:.1f} min an epoch, CustomCNN "
        "{minutes_an_epoch[customcnn]:.1f} min, ResNet34 {minutes_an_epoch[resnet34]:.1f} min"
    )
    yield "confusion matrix in `metrics/` | {evaluation[sizes][0][seconds]:.0f} s |"
    yield "there {web_latency[pen_up_to_answer_median_ms]:.0f} ms after the pen is lifted"


def dataset() -> Iterator[str]:
    """Snippets of docs/dataset.md."""
    yield row("rows in the six splits", "{exact[total_rows]:,}", "{by_name[total_rows]:,}")
    yield row(
        "training set",
        "{exact[train_images]:,} images, each once",
        "{by_name[train_images]:,} rows",
    )
    yield row("of these with an exact label", "{exact[train_images_with_exact_label]:,}")
    yield row("known as a letter in either case", "{exact[train_images_known_in_either_case]:,}")
    yield row(
        "wrong or contradictory rows",
        "{exact[contradictory_images]}",
        "{by_name[by_name_wrong_or_contradictory_rows]:,}",
    )
    yield row(
        "images with different labels",
        "{exact[contradictory_images]}",
        "{by_name[by_name_images_with_different_labels]:,}",
    )
    yield row(
        "test set",
        "{exact[test_images]:,} images (official `byclass` test)",
        "{by_name[test_images]:,} rows",
    )
    yield row(
        "test images in training",
        "**{exact[test_rows_in_training]}** ({exact[test_images_removed_from_training]:,} were "
        "taken out)",
        "**{by_name[test_rows_in_training]:,} ({leaked_share[by_name]:.1%})**",
    )
    yield "with the official overlaps, {leaked_share[synthetic]:.1%} of the test rows"
    yield "({every_split[training_images]:,} of the {exact[train_images]:,} images)"


def training() -> Iterator[str]:
    """Snippets of docs/training.md."""
    yield of_networks("weights", "{weights[NET]:,}")
    yield (
        "{megabytes[compactcnn]:.2f} MB | {megabytes[customcnn]:.1f} MB | "
        "{megabytes[resnet34]:.1f} MB"
    )
    yield of_networks(
        "images per second in training, batch 128",
        "{roofline[NET][training][images_per_second]:,.0f}",
    )
    yield of_networks(
        "images per second in reading, batch 128",
        "{roofline[NET][reading][images_per_second]:,.0f}",
    )
    yield of_networks(
        "one picture, one core", "{roofline[NET][one_image_milliseconds][NET]:.1f} ms"
    )
    yield "{customcnn[epoch]} | {resnet34[epoch]} |"
    yield of_networks("accuracy, 62 classes", "{NET[accuracy]:.4f}", "**")
    yield of_networks("accuracy without case, 36 classes", "{NET[accuracy_without_case]:.4f}", "**")
    yield (
        "label sets {points[label sets]:.1f} points against exact labels alone; one-cycle "
        "{points[one-cycle]:.1f};"
    )
    yield "calibration error on the test set {compactcnn[calibration_error]:.4f}"
    yield (
        "({lower_case[frequency][the training images' frequencies][all]:.4f} to "
        "{lower_case[frequency][byclass's frequencies][all]:.4f} in"
    )
    yield (
        "({compactcnn_tuning[trials]} trials of {compactcnn_tuning[epochs]} epochs on a twentieth "
        "of the images; best validation loss {compactcnn_tuning[best_val_loss]:.4f})"
    )
    yield "{drawings[drawings]:,} tablet drawings of {drawings[writers]} writers"
    yield (
        "Stage 1 takes {preprocessing_full[ours_seconds]:.1f} s and "
        "{preprocessing_full[ours_gib]:.2f} GiB there, stage 2 "
        "{preprocessing_full[stage_2_seconds]:.1f} s, stage 4 {evaluation[sizes][1][seconds]:.1f} s"
    )


def results() -> Iterator[str]:
    """Snippets of docs/results.md."""
    yield "{every_split[training_images]:,} training images, {compactcnn[images]:,} test images"
    for title, key in {
        "loss": "loss",
        "loss, calibrated": "calibrated_loss",
        "accuracy, 62 classes": "accuracy",
        "accuracy, EMNIST's 47 merged classes": "accuracy_47_classes",
        "accuracy without case, 36 classes": "accuracy_without_case",
        "top-2 accuracy": "top2_accuracy",
        "top-3 accuracy": "top3_accuracy",
        "precision, weighted": "precision_weighted",
        "recall, weighted": "recall_weighted",
        "F1, weighted": "f1_weighted",
        "precision, macro": "precision_macro",
        "recall, macro": "recall_macro",
        "F1, macro": "f1_macro",
        "calibration error": "calibration_error",
    }.items():
        yield of_networks(title, f"{{NET[{key}]:.4f}}")
    yield "CompactCNN makes {mistakes[all]:,} mistakes; {mistakes[lookalikes]} of them are between"
    yield from results_of_splits()
    yield from results_of_more_images()
    yield from results_of_other_hands()
    yield from results_of_lower_case()
    yield "{ablations[training_images]:,} training images seen {ablations[epochs]} times, 2 seeds"
    for variant in FIGURES["variants"]:
        names = ("validation", "val_loss", "drawings", "photographs")
        yield row(variant, *(f"{{variants[{variant}][{name}]}}" for name in names))


def results_of_splits() -> Iterator[str]:
    """The same network on six benchmarks."""
    yield "{every_split[share_of_full_training_data]:.0%} of the full training data"
    for place, found in enumerate(FIGURES["every_split"]["splits"]):
        split = f"every_split[splits][{place}]"
        published = f"{{{split}[published]:.4f}} " if found["published"] else ""
        yield (
            f"| {{{split}[split]}} | {{{split}[classes]}} | {{{split}[unseen_rows]:,}} | "
            f"{{{split}[accuracy]:.4f}} | {{{split}[interval][0]:.3f}} to "
            f"{{{split}[interval][1]:.3f}} | {published}|"
        )


def results_of_more_images() -> Iterator[str]:
    """Accuracy against training images."""
    for place in range(len(FIGURES["data_size"]["runs"])):
        run = f"data_size[runs][{place}]"
        yield row(
            f"{{{run}[images]:,}}",
            f"{{{run}[seed]}}",
            f"{{{run}[accuracy]:.4f}}",
            f"{{{run}[accuracy_without_case]:.4f}}",
        )
    yield (
        "that is {full_data[accuracy]:.4f} over 62 classes and "
        "{full_data[accuracy_without_case]:.4f} without case. For the full archive the curve "
        "promises {data_size[forecast][accuracy]:.3f}, between "
        "{data_size[forecast][interval_80][0]:.3f} and {data_size[forecast][interval_80][1]:.3f} in"
    )


def hands(name: str, way: str = "shape", run: str = COMPACT) -> str:
    """Where the figures of a set of other hands stand."""
    return f"other_hands[sets][{name}][{run}][{way}]"


def results_of_other_hands() -> Iterator[str]:
    """Writers who were left out."""
    for title, name, way, bold in (
        ("pens of {COUNT} writers, shape alone", "characters", "shape", "**"),
        ("drawings of {COUNT} writers, shape alone", "drawings", "shape", ""),
        ("drawings of {COUNT} writers, shape and size", "drawings", "shape and size", "**"),
        ("photographs", "photographs", "shape", "**"),
    ):
        before, after = hands(name, way, EMNIST_ONLY), hands(name, way)
        yield row(
            title.replace("COUNT", f"other_hands[sets][{name}][hands]"),
            f"{{other_hands[sets][{name}][images]:,}}",
            f"{{{before}[accuracy]:.4f}} ({{{before}[accuracy_without_case]:.4f}})",
            f"{bold}{{{after}[accuracy]:.4f}}{bold} ({{{after}[accuracy_without_case]:.4f}})",
        )
    size, photographs = hands("drawings", "shape and size"), hands("photographs")
    yield (
        f"are {{{size}[interval][0]:.3f}} to {{{size}[interval][1]:.3f}} and "
        f"{{{photographs}[interval][0]:.3f}} to {{{photographs}[interval][1]:.3f}}"
    )
    for title, kind in (("digits", "digits"), ("capitals", "capitals"), ("small letters", "small")):
        runs = (hands("characters", run=run) for run in (EMNIST_ONLY, COMPACT))
        yield row(title, *(f"{{{run}[accuracy_within][{kind}]:.4f}}" for run in runs))
    for title, name, bold in (
        ("pens, shape alone", "characters", ""),
        ("drawings, shape alone", "drawings", ""),
        ("drawings, shape and size", "drawings with size", "**"),
        ("photographs", "photographs", "**"),
    ):
        before, after = (f"left_out_writers[{time}][{name}]" for time in ("before", "after"))
        yield row(
            title,
            f"{{{before}[accuracy]:.4f}} ({{{before}[accuracy_without_case]:.4f}})",
            f"{bold}{{{after}[accuracy]:.4f}}{bold} ({{{after}[accuracy_without_case]:.4f}})",
        )
    yield row(
        "10,000 validation images of EMNIST",
        "{left_out_writers[before][emnist_validation]:.4f}",
        "{left_out_writers[after][emnist_validation]:.4f}",
    )
    weights = "left_out_writers[after][by_weight_of_size][drawings]"
    yield f"{{{weights}[1.0]:.4f}} if it counts in full and {{{weights}[0.7]:.4f}} if it counts 0.7"
    yield from results_of_hands_ablations()
    yield from results_of_label_noise()
    yield from results_of_remaining_mistakes()


MEASURED_ON = ("emnist_validation", "characters", "drawings", "drawings with size", "photographs")


def results_of_hands_ablations() -> Iterator[str]:
    """What each part of the training for any hand is worth, and accuracy against writers."""
    for study in ("hands_ablations", "label_noise"):
        for name in FIGURES[study]["runs"]:
            yield row(name, *(f"{{hands_means[{study}][{name}][{on}]}}" for on in MEASURED_ON))
    curve = "hands_ablations[against_writers]"
    for place in range(len(FIGURES["hands_ablations"]["against_writers"]["writers"])):
        yield row(
            f"{{{curve}[writers][{place}]}}",
            f"{{{curve}[accuracy][{place}]:.4f}}",
            f"{{{curve}[accuracy_without_case][{place}]:.4f}}",
        )
    yield (
        f"for {{{curve}[forecast_writers][0]}} writers {{{curve}[accuracy_forecast][0]:.3f}} "
        f"({{{curve}[accuracy_without_case_forecast][0]:.3f}} without case), for "
        f"{{{curve}[forecast_writers][1]}} {{{curve}[accuracy_forecast][1]:.3f}} "
        f"({{{curve}[accuracy_without_case_forecast][1]:.3f}})"
    )


def results_of_label_noise() -> Iterator[str]:
    """How many labels are suspected."""
    yield "{suspected[suspected]:,} of {suspected[read]:,} labels are suspected"


def results_of_remaining_mistakes() -> Iterator[str]:
    """What several networks miss in common."""
    for name in ("characters", "drawings", "photographs"):
        found = FIGURES["remaining_mistakes"]["sets"][name]
        where = f"remaining_mistakes[sets][{name}]"
        yield row(
            {"characters": "pens"}.get(name, name),
            f"{{{where}[images]:,}}",
            *(f"{{{where}[missed][{run}]:,}}" for run in found["missed"]),
            f"{{{where}[missed_by_the_mean]:,}}",
            f"{{{where}[missed_by_all]:,}}",
            f"{{{where}[missed_by_all_as_lookalike]:,}}",
        )


def results_of_lower_case() -> Iterator[str]:
    """Where the error on small letters comes from."""
    yield "on {lower_case[training_images]:,} images ({lower_case[epochs]} epochs, mean of"
    parts = ("all", "small letters", "the 15 that look like their capital", "the other 11")
    for title, found in {
        "labels by name": "by_labels[by name]",
        "exact labels alone": "by_labels[exact ones alone]",
        "label sets": "by_labels[label sets]",
        "frequencies of the training images": (
            "lower_case[frequency][the training images' frequencies]"
        ),
        "frequencies of `byclass`": "lower_case[frequency][byclass's frequencies]",
        "all characters alike": "lower_case[frequency][all characters alike]",
        "by shape": "lower_case[size][by shape]",
        "by shape and size": "lower_case[size][by shape and size]",
    }.items():
        yield row(title, *(f"{{{found}[{part}]:.4f}}" for part in parts))
    alike = parts[2]
    yield (
        f"({{by_labels[by name][{alike}]:.0%}} to {{by_labels[label sets][{alike}]:.0%}}), fair "
        f"frequencies lift it to {{lower_case[frequency][all characters alike][{alike}]:.0%}} at"
    )
    yield "their size is worth {points[size]:.0f} points on drawings"
    yield (
        "Of the network's {lower_case[frequency][mistakes][all]:,} mistakes on the test images "
        "{lower_case[frequency][mistakes][only the case]} are only the case, "
        "{lower_case[frequency][mistakes][another character of the same shape]} another character "
        "of the same shape (0 and O, 1 and l, 5 and S), and "
        "{lower_case[frequency][mistakes][the rest]} anything else"
    )


def speed() -> Iterator[str]:
    """Snippets of docs/speed.md."""
    yield "{roofline[customcnn][training_before][page_faults_per_step]:,.0f} page faults"
    for network in ("CustomCNN", "ResNet34"):
        for batch, ending in ((128, ""), (512, "_batch512")):
            found = f"training_{NETWORKS[network]}{ending}"
            yield row(
                f"{network}, batch {batch}",
                f"{{{found}[baseline_images_per_second]:,.0f}}",
                f"{{{found}[ours_images_per_second]:,.0f}}",
                f"{{{found}[ratio]:.1f}}",
            )
    yield from speed_of_processor()
    yield from speed_at_the_same_accuracy()
    yield from speed_of_processes()
    yield from speed_of_stages()
    yield (
        "{web_latency[pen_up_to_answer_median_ms]:.0f} ms from the pen's lifting to the answer, "
        "{web_latency[start_to_first_answer_median_s]:.1f} s from the start"
    )


def speed_of_processor() -> Iterator[str]:
    """Training and reading, and what the processor could do."""
    yield "product, {ceilings[lowest]:.0f} to {ceilings[highest]:.0f} GFLOP/s"
    for title, name in NETWORKS.items():
        found, now = f"roofline[{name}]", f"roofline[{name}][training]"
        yield row(
            title,
            f"{{{found}[training_before][images_per_second]:,.0f}}",
            f"{{{now}[images_per_second]:,.0f}}",
            f"{{{now}[fraction_of_operations_ceiling]:.0%}}",
            f"{{{now}[milliseconds][backward]:.0f}} ms",
            f"{{{now}[milliseconds][step]:.0f}} ms",
            f"{{{found}[training_compiled][images_per_second]:,.0f}}, "
            f"{{{found}[training_compiled][seconds_of_first_steps]:.0f}} s",
        )
        yield row(
            title,
            f"{{{found}[reading][images_per_second]:,.0f}}",
            f"{{{found}[reading][fraction_of_operations_ceiling]:.0%}}",
            f"{{{found}[one_image_milliseconds][{name}]:.1f}} ms",
        )
    before, now = (
        f"roofline[resnet34][{way}][operators_milliseconds]"
        for way in ("training_before", "training")
    )
    yield (
        f"took {{{before}[aten::convolution_backward]:.0f}} ms and takes "
        f"{{{now}[aten::convolution_backward]:.0f}} ms, beside {{{now}[aten::mm]:.0f}} ms of"
    )
    yield "21 million weights, {roofline[resnet34][training][milliseconds][step]:.0f} ms, is now"
    yield "{roofline[compactcnn][training][feeding_share_of_step]:.1%} of a CompactCNN step"


def speed_at_the_same_accuracy() -> Iterator[str]:
    """The fast way against the plain one, and against the clock."""
    for title in ("CustomCNN", "ResNet34"):
        for name in ("accuracy", "loss"):
            found = f"same_accuracy[{NETWORKS[title]}][summary][{name}]"
            yield row(
                f"{title}, {name}",
                *(
                    f"{{{found}[{way}][mean]:.4f}} ± {{{found}[{way}][sd]:.4f}}"
                    for way in ("baseline", "ours", "ours - baseline")
                ),
            )
    yield " and ".join(
        f"{{same_accuracy[{name}][summary][accuracy][large][mean]:.4f}} ± "
        f"{{same_accuracy[{name}][summary][accuracy][large][sd]:.4f}}"
        for name in ("customcnn", "resnet34")
    )
    yield (
        "reads {time_to_accuracy[compactcnn][0][test_accuracy]:.4f}, "
        "{time_to_accuracy[compactcnn][1][test_accuracy]:.4f} and "
        "{time_to_accuracy[compactcnn][2][test_accuracy]:.4f} of the test images after "
        "{time_to_accuracy[compactcnn][0][seconds]:.1f}, "
        "{time_to_accuracy[compactcnn][1][seconds]:.1f} and "
        "{time_to_accuracy[compactcnn][2][seconds]:.1f} s (three seeds), more than the "
        "{time_to_accuracy[goal][test_accuracy]:.4f} of CustomCNN. That needs "
        "{time_to_accuracy[ratios][ours, reference_recipe]:.1f} times as long for the "
        "{time_to_accuracy[customcnn_epochs][reference_recipe]} epochs of its recipe, and "
        "{time_to_accuracy[ratios][baseline, reference_recipe]:.0f} times fed the usual way; for "
        "the {time_to_accuracy[customcnn_epochs][as_trained]} epochs of the committed one, "
        "{time_to_accuracy[ratios][ours, as_trained]:.1f} and "
        "{time_to_accuracy[ratios][baseline, as_trained]:.1f} times"
    )


def speed_of_processes() -> Iterator[str]:
    """One process and two, measured; more of them, calculated."""
    for title, name in NETWORKS.items():
        found = f"scaling[measured][networks][{name}]"
        yield row(
            title,
            f"{{{found}[images_per_second_1_rank]:,.0f}}",
            f"{{{found}[images_per_second_2_ranks]:,.0f}}",
            f"{{{found}[speed_up_2_ranks]:.2f}}",
        )
        places = range(len(FIGURES["expected"][name]))
        yield row(title, *(f"{{expected[{name}][{place}][speed_up]:.1f}}" for place in places))
    yield "{scaling[model][gpu_images_per_second]:,} images/s of one GPU assumed"


def speed_of_stages() -> Iterator[str]:
    """Whole processes of the other stages."""
    archives = ("preprocessing_full", "preprocessing_shared")
    for title, template in {
        "stage 1": "{ARCHIVE[ours_seconds]:.1f} s, {ARCHIVE[ours_gib]:.2f} GiB",
        "&nbsp; start and imports": "{ARCHIVE[profile][start and imports]:.1f} s",
        "&nbsp; reading and unpacking": (
            "{ARCHIVE[profile][reading, unpacking, turning upright]:.1f} s"
        ),
        "&nbsp; combining, with matching by pixels": "{ARCHIVE[profile][combining]:.1f} s",
        "&nbsp; fingerprint and saving": "{keeping[ARCHIVE]:.1f} s",
        "stage 2": "{ARCHIVE[stage_2_seconds]:.1f} s",
        "usual recipe for stage 1, without matching": (
            "{ARCHIVE[baseline_seconds]:.1f} s, {ARCHIVE[baseline_gib]:.2f} GiB"
        ),
    }.items():
        yield row(title, *(template.replace("ARCHIVE", archive) for archive in archives))
    for place, words in enumerate(("at hand", "the official number", "twice as many")):
        found = f"evaluation[sizes][{place}]"
        yield row(
            f"{{{found}[rows]:,}}, {words}",
            f"{{{found}[seconds]:.1f}} s",
            f"{{{found}[gib]:.2f}} GiB",
        )


def page() -> Iterator[str]:
    """Snippets of docs/page.md."""
    changed = "drawings[changed_answers]"
    yield (
        f"{{{changed}[half the size]:.1%}} of the answers change when the picture is halved, "
        f"{{{changed}[a third larger]:.1%}} when it is a third larger, "
        f"{{{changed}[pen 8 pixels thicker]:.1%}} and {{{changed}[pen 8 pixels thinner]:.1%}} with"
    )
    yield "on {drawings[drawings]:,} tablet drawings of {drawings[writers]} writers"
    for title, name in {
        "whole canvas shrunk to 28x28": "shrunk",
        "converter, network alone (EMNIST frequencies)": "network_alone",
        "converter, all characters alike": "converted",
        "converter and size, all characters alike": "converted_and_size",
    }.items():
        keys = ("accuracy", "accuracy_without_case")
        yield row(title, *(f"{{drawings[{name}][{key}]:.4f}}" for key in keys))
    for name in ("aga", "art", "ced", "drawings"):
        models = ("drawings alone", "pens alone", "mixture")
        yield row(name, *(f"{{pen_sizes[models][{name}][{m}][log_loss]:.4f}}" for m in models))
    yield from taught_hand()
    before, after = (hands("drawings", "shape and size", run) for run in (EMNIST_ONLY, COMPACT))
    yield f"drawings too, reads {{{after}[accuracy]:.4f}} of the drawings of three writers"
    yield f"alone reads {{{before}[accuracy]:.4f}} of these"
    yield "drawing to the answer: {drawings[median_milliseconds]:.1f} ms on one core"
    yield (
        "Of {page_or_line[page][samples]} cells with a number of writers left out, with the "
        "language model, {page_or_line[page][exact]:.4f} are wholly right when they are read as "
        "pages, {page_or_line[found_out][exact]:.4f} when it is found out, "
        "{page_or_line[line][exact]:.4f} when one says that each is a line"
    )
    yield (
        "there {web_latency[pen_up_to_answer_median_ms]:.0f} ms after the pen is lifted (median; "
        "{web_latency[pen_up_to_answer_90th_percentile_ms]:.0f} ms for nine of ten), of which the "
        "converter takes {web_latency[converter_median_ms]:.1f} ms and the network "
        "{web_latency[network_median_ms]:.1f} ms; from `streamlit run` to the first answer it "
        "takes {web_latency[start_to_first_answer_median_s]:.1f} s. After the last stroke of a "
        "word of ten characters it is there in "
        "{web_latency[word_of_ten_characters_median_ms]:.0f} ms"
    )


def taught_hand() -> Iterator[str]:
    """What a taught hand is worth."""
    left_out = "taught_hand[left_out]"
    by_part = f"{left_out}[shape_by_what_was_written]"
    for title, place in {
        "shape, height and place, as on the page": f"{left_out}[shape_and_size]",
        "shape, height and place, ten characters taught": f"{left_out}[shape_and_size_few]",
        "shape, height and place, of characters not taught": f"{left_out}[shape_and_size_untaught]",
        "shape, height and place, a tenth misnamed": f"{left_out}[shape_and_size_misnamed]",
        "shape and height": f"{left_out}[shape_and_height]",
        "shape and height, a tenth misnamed": f"{left_out}[shape_and_height_misnamed]",
        "shape alone": f"{left_out}[shape]",
        "shape alone, of these: digits and capitals": f"{by_part}[digits and capitals]",
        "shape alone, a tenth misnamed": f"{left_out}[shape_misnamed]",
    }.items():
        cells = (
            f"{{{place}[62_classes][{key}]:{style}}} ({{{place}[without_case][{key}]:{style}}})"
            for key, style in (
                ("accuracy_before", ".4f"),
                ("accuracy_after", ".4f"),
                ("mistakes_removed", ".1%"),
            )
        )
        yield row(title, f"{{{place}[writers]}}", *cells)
    draws = f"{left_out}[shape_and_size][62_classes][range_over_draws]"
    yield f"the draws lie between {{{draws}[0]:.1%}} and {{{draws}[1]:.1%}}"
    yield (
        f"{{{left_out}[shape][writers_worse_by_a_point]}} of {{{left_out}[shape][writers]}} "
        "writers lose more than a point"
    )


def log() -> Iterator[str]:
    """Snippets of docs/log.md."""
    yield "the modern recipe having {variants[modern recipe][validation]}."
    yield "{by_labels[by name][all]:.4f} of the test images after a short training, "
    yield "short training, {by_labels[label sets][all]:.4f} with label sets"
    yield (
        "{by_labels[exact ones alone][all]:.4f} there, and "
        "{variants[exact labels only][validation]} in the ablations"
    )
    yield (
        "half are worth {points[twice the images]:.1f} points "
        "({data_size[runs][3][accuracy]:.4f} to {data_size[runs][4][accuracy]:.4f}), and the full "
        "archive, 2.5 times as many, promises no more than {data_size[forecast][accuracy]:.3f}"
    )
    yield "{variants[no augmentation][validation]} without any"
    yield (
        "({ablation_means[modern recipe][drawings]:.4f} with, "
        "{ablation_means[no augmentation][drawings]:.4f} without) and photographs "
        "({ablation_means[modern recipe][photographs]:.4f}, "
        "{ablation_means[no augmentation][photographs]:.4f})"
    )
    yield "shift: {variants[no rotation, scale, shear, shift][validation]} without"
    yield "Elastic changes: {variants[no elastic change][validation]} without."
    yield "stroke's width: {variants[no change of stroke][validation]} without."
    yield "Gaps in the strokes: {variants[with gaps][validation]} with."
    yield "Noise: {variants[with noise][validation]} with."
    yield (
        "Weight decay: {variants[Adam without weight decay][validation]} without it, and drawings "
        "{ablation_means[Adam without weight decay][drawings]:.4f} instead of "
        "{ablation_means[modern recipe][drawings]:.4f}."
    )
    yield "Averaging the weights: {variants[no averaging of weights][validation]} without."
    ours, other = (
        f"ablation_means[{v}]" for v in ("modern recipe", "exponential schedule, lr 0.001")
    )
    yield (
        f"({{{other}[validation]:.4f}}), but drawings {{{ours}[drawings]:.4f}} instead of "
        f"{{{other}[drawings]:.4f}} and photographs {{{ours}[photographs]:.4f}} instead of "
        f"{{{other}[photographs]:.4f}}"
    )
    yield "{compactcnn_tuning[trials]} trials, best validation loss"
    yield "best validation loss {compactcnn_tuning[best_val_loss]:.4f}, all values"
    for name, title in (("customcnn", "CustomCNN"), ("resnet34", "ResNet34")):
        found = f"same_accuracy[{name}][summary][accuracy]"
        yield (
            f"{title} {{{found}[large][mean]:.4f}} ± {{{found}[large][sd]:.4f}} instead of "
            f"{{{found}[ours][mean]:.4f}} ± {{{found}[ours][sd]:.4f}}"
        )
    yield (
        "{drawings[shrunk][accuracy]:.4f} of the drawings, with the converter "
        "{drawings[converted][accuracy]:.4f}"
    )
    yield (
        "{drawings[network_alone][accuracy]:.4f}, all characters alike "
        "{drawings[converted][accuracy]:.4f}"
    )
    yield (
        "{lower_case[frequency][all characters alike][all]:.4f} of the test images, with "
        "`byclass`'s frequencies {lower_case[frequency][byclass's frequencies][all]:.4f}"
    )
    yield from log_of_hands()
    yield from log_of_speed()
    yield from log_of_aims()


def log_of_hands() -> Iterator[str]:
    """What did not help with other hands."""
    ways = "reading_ways[sets]"
    views = (
        "as it is",
        "two views, turned by 6 degrees either way",
        "three views, upright and slanted either way",
        "three views, as it is, smaller and larger",
    )
    pens, photographs = (
        [f"{{{ways}[{name}][{view}][accuracy]:.4f}}" for view in views]
        for name in ("characters", "photographs")
    )
    yield (
        f"pens {pens[0]} as they are, {pens[1]} turned either way, {pens[2]} slanted, {pens[3]} "
        f"smaller and larger; photographs {photographs[0]}, {photographs[1]}, {photographs[2]} and "
        f"{photographs[3]}"
    )
    own = "batch norm of the set"
    yield (
        f"of each set: pens {{{ways}[characters][{own}][accuracy]:.4f}}, drawings "
        f"{{{ways}[drawings][{own}][accuracy]:.4f}} instead of "
        f"{{{ways}[drawings][as it is][accuracy]:.4f}}, photographs "
        f"{{{ways}[photographs][{own}][accuracy]:.4f}}"
    )
    noise = "hands_means[label_noise]"
    yield (
        f"pens {{{noise}[suspected ones left out][characters]}} and "
        f"{{{noise}[suspected ones seldom][characters]}}, with all labels "
        f"{{{noise}[all labels][characters]}}"
    )
    sizes = "pen_sizes[models][drawings]"
    yield (
        f"{{{sizes}[pens alone][log_loss]:.4f}} nats on the drawings' look-alikes, from drawings "
        f"{{{sizes}[drawings alone][log_loss]:.4f}}"
    )


def log_of_speed() -> Iterator[str]:
    """What made nothing faster."""
    yield "`--compile`, images/s: " + ", ".join(
        f"{title} {{roofline[{name}][training][images_per_second]:,.0f}} to "
        f"{{roofline[{name}][training_compiled][images_per_second]:,.0f}}"
        for title, name in NETWORKS.items()
    )
    yield "so as well {training_resnet34[ratio]:.1f} times"
    yield (
        "{roofline[customcnn][training][feeding_share_of_step]:.1%} of a step of CustomCNN and "
        "{roofline[resnet34][training][feeding_share_of_step]:.1%} of ResNet34"
    )
    measured = "scaling[measured][networks][customcnn]"
    yield f"one machine: CustomCNN {{{measured}[images_per_second_2_ranks]:,.0f}} images/s"
    yield "on both cores {roofline[customcnn][training][images_per_second]:,.0f}"
    yield (
        "{preprocessing_shared[ours_seconds]:.1f} s and "
        "{preprocessing_shared[baseline_seconds]:.1f} s, both mostly imports, and "
        "{preprocessing_shared[ours_gib]:.2f} GiB instead of "
        "{preprocessing_shared[baseline_gib]:.2f}"
    )
    yield "Stage 2, {preprocessing_shared[stage_2_seconds]:.1f} s, can't be shortened"


def log_of_aims() -> Iterator[str]:
    """What was not reached."""
    size, photographs = hands("drawings", "shape and size"), hands("photographs")
    yield f"with their size: {{{size}[accuracy]:.4f}} of three writers left out"
    yield "{left_out_writers[after][drawings with size][accuracy]:.4f} of all 27 writers, each left"
    before = hands("photographs", run=EMNIST_ONLY)
    yield (
        f"{{{photographs}[accuracy]:.4f}} of {{other_hands[sets][photographs][images]}} left out, "
        f"of which EMNIST alone reads {{{before}[accuracy]:.4f}} "
        "(`metrics/studies/other_hands.json`) and of all "
        "{left_out_writers[before][photographs][accuracy]:.4f} (`metrics"
    )
    yield "on EMNIST alone: {full_data[accuracy_without_case]:.4f}, mean of three seeds"
    yield (
        "than CustomCNN: {points[over CustomCNN]:.1f}, from {customcnn[accuracy]:.4f} to "
        "{full_data[accuracy]:.4f} (`metrics"
    )
    changed = "drawings[changed_answers]"
    yield f"{{{changed}[a third larger]:.1%}} to {{{changed}[pen 8 pixels thicker]:.1%}} (`metrics"
    yield "a {time_to_accuracy[ratios][ours, reference_recipe]:.1f}th (`metrics"
    yield (
        "{preprocessing_full[ratio_of_seconds]:.1f} times as fast and "
        "{preprocessing_full[ours_gib]:.2f} GiB instead of "
        "{preprocessing_full[baseline_gib]:.2f} on"
    )
    yield "Stage 2 in 2 s: {preprocessing_full[stage_2_seconds]:.1f} s on the full size"


LINE_DECODERS = ("greedy", "language")
LINE_SETS = (
    ("UNIPEN words", "words", None),
    ("of these, printed", "words", "PRINTED"),
    ("of these, mixed", "words", "MIXED"),
    ("of these, cursive", "words", "CURSIVE"),
    ("UNIPEN lines and short texts", "text", None),
    ("cells of forms with a number", "numbers", None),
    ("words of photographs in the wild (GNHK)", "words_photographed", None),
)


def lines() -> Iterator[str]:
    """Snippets of docs/lines.md."""
    for title, name, style in LINE_SETS:
        part = f"[styles][{style}]" if style else ""
        greedy, language = (f"line_reading[sets][{name}][{way}]{part}" for way in LINE_DECODERS)
        yield (
            f"| {title} | {{{greedy}[samples]:,}} | {{{greedy}[cer]:.4f}} | "
            f"{{{greedy}[exact]:.4f}} | {{{language}[cer]:.4f}} | {{{language}[exact]:.4f}} |"
        )
    ways = (*LINE_DECODERS, "programs")
    greedy, language, programs = (f"line_reading[sets][pages][{way}]" for way in ways)
    yield (
        f"| photographed pages of code | {{{greedy}[samples]}} | {{{greedy}[cer]:.4f}} | | "
        f"{{{language}[cer]:.4f}} | |"
    )
    yield (
        f"Of letters and digits alone, case ignored, {{{greedy}[cer_alphanumeric]:.4f}} of the "
        f"pages' are wrong, {{{language}[cer_alphanumeric]:.4f}} with the language model, "
        f"{{{programs}[cer_alphanumeric]:.4f}} with that of programs (`--decoder programs`; of all "
        f"characters {{{programs}[cer]:.4f}}, of the words {{{programs}[wer]:.2f}} instead of "
        f"{{{greedy}[wer]:.2f}})."
    )
    alike = "line_reading[sets][characters][look_alikes]"
    for title, group in (
        ("`0` `O` `o`", "0Oo"),
        ("`1` `l` `I`", "1lI"),
        ("`5` `S` `s`", "5Ss"),
        ("all 62 classes", "all 62 classes"),
    ):
        found = f"{alike}[{group}]"
        yield (
            f"| {title} | {{{found}[characters]:,}} | {{{found}[line]:.4f}} | "
            f"{{{found}[alone]:.4f}} |"
        )
    yield (
        "A word takes {page_reading[word_milliseconds]:.1f} ms on one core, a photograph of 12 "
        "megapixels with {page_reading[page][lines]} lines {page_reading[page][seconds]:.1f} s and "
        "{page_reading[page][gib]:.2f} GiB on {page_reading[cores]} cores, imports included. The "
        "weights have {page_reading[megabytes]:.1f} MB."
    )


def line_studies() -> Iterator[str]:
    """More snippets of docs/lines.md: media, pages photographed askew, parts of the training,
    colours."""
    yield "{line_media[words]} of the words, written with each medium"
    yield row(*WRITTEN)
    yield row(*(f"{{line_media[cer][{name}]:.4f}}" for name in WRITTEN))
    for view in VIEWS:
        found = f"page_views[{view}]"
        yield row(view, f"{{{found}[cer]:.4f}}", f"{{{found}[cer_alphanumeric]:.4f}}")
    curve = [
        f"line_training[writers][{k}]" for k in range(len(FIGURES["line_training"]["writers"]))
    ]
    yield row("writers in the training", *(f"{{{point}[writers]}}" for point in curve))
    yield row("`cer`", *(f"{{{point}[cer]:.4f}}" for point in curve))
    for part in FIGURES["line_training"]["parts"]:
        names = ("words", "numbers", "words_photographed")
        yield row(part, *(f"{{line_training[parts][{part}][{name}_cer]:.4f}}" for name in names))
    yield "with {colour_or_contrast[samples]:,} photographs each"
    for front in FRONTS:
        found = f"colour_or_contrast[{front}]"
        boards = [f"{found}[grounds][{name}]" for name in BOARDS]
        names = (f"{found}[real]", f"on_paper[{front}]", *boards)
        yield row(front, *(f"{{{name}:.4f}}" for name in names))


def deploy() -> Iterator[str]:
    """Snippets of docs/deploy.md."""
    with (PROJECT / ".streamlit" / "config.toml").open("rb") as file:
        limit = tomllib.load(file)["server"]["maxUploadSize"]
    yield f"A file may have {limit} MB (`maxUploadSize` in `.streamlit/config.toml`) and"
    yield f"and {MOST_PIXELS // 1_000_000} million pixels; larger"
    if not SOURCES.get("many_browsers"):
        return
    memory = "many_browsers[memory_mib]"
    yield row("memory, served, nobody there", f"{{{memory}[start]:.0f}} MiB", "")
    yield row("with one browser", f"{{{memory}[one_browser]:.0f}} MiB", "")
    yield row(
        "with {many_browsers[browsers]} browsers",
        f"{{{memory}[all_browsers]:.0f}} MiB",
        "at most 1 GiB",
    )
    yield row("after {many_browsers[minutes]:.0f} minutes", f"{{{memory}[end]:.0f}} MiB", "")
    yield row(
        "growth in the second half", "{many_browsers[growth_mib_per_minute]} MiB a minute", "flat"
    )
    yield row("pen up to answer, median", "{many_browsers[median_ms]:.0f} ms", "")
    yield row("for 95 of 100 answers", "{many_browsers[percentile_95_ms]:.0f} ms", "under 400 ms")
    errors = len(FIGURES["many_browsers"]["errors"])
    yield row("answers, errors", f"{{many_browsers[answers]:,}}, {errors}", "no error")
    yield row(
        "start to first answer, server on one core",
        "{many_browsers[start_to_first_answer_one_core_s]:.1f} s",
        "at most 5 s",
    )


def snippets() -> list[tuple[str, str]]:
    """Each document and what stands in it, the figures left open."""
    by_document = {
        "README.md": readme,
        "docs/dataset.md": dataset,
        "docs/training.md": training,
        "docs/results.md": results,
        "docs/speed.md": speed,
        "docs/page.md": page,
        "docs/log.md": log,
        "docs/lines.md": lambda: chain(lines(), line_studies()),
        "docs/deploy.md": deploy,
    }
    return [(name, template) for name, make in by_document.items() for template in make()]


NOT_MEASURED_HERE = (
    (
        "README.md",
        "| *reference CustomCNN, on a mixed, leaking test set* | *0.2957* | *0.9004* | *0.8816* | "
        "*0.9004* | *0.8850* |",
        "the reference implementation's own",
    ),
    (
        "README.md",
        "| *reference ResNet34, on a mixed, leaking test set* | *0.3051* | *0.8812* | *0.8639* | "
        "*0.8812* | *0.8609* |",
        "the reference implementation's own",
    ),
    (
        "docs/training.md",
        "on a copy of CustomCNN it gave 0.8681, which stands in no file",
        "noted when it was tried",
    ),
    (
        "docs/log.md",
        "drawings 0.8952 and photographs 0.8228 in one group of writers",
        "noted when it was tried",
    ),
    (
        "docs/results.md",
        "0.8105 of the pens, 0.8602 of the drawings with size and 0.8176 of the photographs",
        "a training whose weights were not kept",
    ),
    ("docs/log.md", "test set 0.8630, and 0.8697 as soon", "a trial, noted when it was made"),
    (
        "docs/log.md",
        "between 0.5660 and 0.5744 nats on writers left out, 0.5696 as it is",
        "a trial, noted when it was made",
    ),
)
"""Document, what stands in it, and why no file has it."""


@cache
def text_of(document: str) -> str:
    """A document on a single line."""
    return _on_one_line((PROJECT / document).read_text(encoding="utf-8"))


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def places_of(part: str, whole: str) -> list[range]:
    """Where a text stands in another one."""
    return [range(*match.span()) for match in re.finditer(re.escape(part), whole)]


@pytest.mark.parametrize(("document", "template"), snippets())
def test_a_document_says_what_the_files_say(document, template):
    assert not FOUR_DECIMALS.search(template), "a figure is written into the snippet itself"
    snippet = _on_one_line(template.format_map(FIGURES))
    assert snippet in text_of(document), f"{document} must say: {snippet}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_figure_with_four_decimals_is_held_against_a_file(document):
    checked = [_on_one_line(t.format_map(FIGURES)) for name, t in snippets() if name == document]
    others = [part for name, part, _ in NOT_MEASURED_HERE if name == document]
    text = text_of(document)
    assert all(part in text for part in others), "an exception that the document no longer needs"
    known = [place for part in (*checked, *others) for place in places_of(part, text)]
    unknown = [
        text[max(0, figure.start() - 40) : figure.end()]
        for figure in FOUR_DECIMALS.finditer(text)
        if not any(figure.start() in place for place in known)
    ]
    assert not unknown


def test_the_readme_is_short_and_begins_with_what_matters():
    lines = (PROJECT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 175
    first = "\n".join(lines[:30])
    for needed in ("(images/streamlitAppImage.png)", "\nmake app", "\nmake test"):
        assert needed in first
    assert all(f"({name})" in "\n".join(lines) for name in DOCUMENTS[1:])


def links() -> Iterator[tuple[str, str]]:
    """Each link and image that leads to a file of the project."""
    for document in DOCUMENTS:
        found = re.findall(r"\]\(([^)\s]+)\)", (PROJECT / document).read_text(encoding="utf-8"))
        yield from ((document, link) for link in found if "://" not in link)


@pytest.mark.parametrize(("document", "link"), links())
def test_links_and_images_lead_somewhere(document, link):
    path, _, heading = link.partition("#")
    target = (PROJECT / document).parent / path if path else PROJECT / document
    assert target.is_file()
    if heading:
        assert heading in headings(target.read_text(encoding="utf-8"))


def headings(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


def inline_code(document: str) -> list[str]:
    """What stands between single backticks."""
    text = FENCED.sub("", (PROJECT / document).read_text(encoding="utf-8"))
    return [_on_one_line(code) for code in re.findall(r"`([^`]+)`", text)]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_named_exist(document):
    folders = "benchmarks|docs|handwriting|images|metrics|models|studies|tests"
    named = re.compile(rf"(?:{folders})/[^\s<…]*|\w+\.py")
    missing = [
        code
        for code in inline_code(document)
        if named.fullmatch(code) and not any(PROJECT.glob(code))
    ]
    assert not missing


def commands() -> list[str]:
    """Every command in the documents' shell blocks and text, and in the files of figures."""
    found = [json.loads(path.read_text())["command"] for path in METRICS.rglob("*.json")]
    for document in DOCUMENTS:
        text = (PROJECT / document).read_text(encoding="utf-8")
        for language, block in FENCED.findall(text):
            if language == "sh":
                found += block.replace("\\\n", " ").splitlines()
        starts = ("python ", "make ", "torchrun ")
        found += [code for code in inline_code(document) if code.startswith(starts)]
    return sorted({_on_one_line(command) for command in found if command.strip()})


@pytest.mark.parametrize("command", commands())
def test_commands_can_be_run(command):
    words = [word for word in shlex.split(command, comments=True) if word != "…"]
    match words:
        case ["make", target, *variables]:
            makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
            assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE)
            for variable in variables:
                assert re.search(rf"^{variable.partition('=')[0]} \?=", makefile, re.MULTILINE)
        case ["python", "-m", module, *arguments]:
            parser_of(module).parse_args(arguments)
        case ["python", script, *arguments] | ["torchrun", _, script, *arguments]:
            assert (PROJECT / script).is_file()
            parser_of(script.removesuffix(".py")).parse_args(arguments)
        case _:
            pytest.fail("this test knows no such command")


def parser_of(module: str) -> ArgumentParser:
    """The command line of a script or of a module that `python -m` runs."""
    found = importlib.util.find_spec(module)
    assert found is not None, f"there is no module {module}"
    if found.submodule_search_locations:
        module = f"{module}.__main__"
    return importlib.import_module(module).get_args_parser()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_options_that_are_named_exist(document):
    scripts = {re.match(r"python (?:-m )?([\w.]+?)(?:\.py)?(?: |$)", c) for c in commands()}
    helps = [parser_of(script[1]).format_help() for script in scripts if script]
    named = {re.split("[ =]", code)[0] for code in inline_code(document) if code.startswith("--")}
    unknown = {o for o in named if not any(re.search(rf"{o}\b", text) for text in helps)}
    assert not unknown
