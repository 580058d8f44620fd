"""Wrong labels among pens: found by networks that have not seen the writer, and what to do.

    python -m studies.label_noise RUN ../shared/pen/characters.npz ../shared/drawings …

RUN was trained on EMNIST alone. The first set is a pen archive. A third of the writers of each set
is left out, to measure on, with whatever labels they have. The others are parted in two, and each
part is read by a network that was trained further on the other one. A label is suspected where it
is less likely than LEAST times the network's answer, and answer and label are no look-alikes. Then
networks are trained further with all labels, without the suspected ones, and with these drawn a
third as often, once per seed, the sets by the cube root of their sizes. Finished trainings are kept
in data/studies/label_noise.json. With --plates the hundred most suspected images of each provider
are drawn; they are the archive's and not to be published. With --save: label_noise.json.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from handwriting.cli import run_script, save_measured
from handwriting.compute.devices import keep_memory
from handwriting.datasets.batches import ExtraData
from handwriting.datasets.pen import load_pen
from handwriting.labels import CLASSES, WITHOUT_CASE, class_index
from handwriting.recognition.recognizer import LOOKALIKES
from handwriting.runs import find_run
from studies.hands_ablations import GROUPS, LEFT_OUT, as_markdown, by_cube_root, figures_of, run_all
from studies.hands_ablations import get_args_parser as ablations_parser
from studies.left_out_writers import FurtherTraining, GroupedSet
from studies.worst_mistakes import draw

LEAST = 0.001
SELDOM = 1 / 3
CHOICES = {"all labels": 1.0, "suspected ones left out": 0.0, "suspected ones seldom": SELDOM}
"""How often suspected images are drawn, against the others."""

_PLATE = 100


def lookalike_classes() -> np.ndarray:
    """bool (62, 62): whether two classes are one character, one letter or look-alikes."""
    like = WITHOUT_CASE[:, None] == WITHOUT_CASE
    for group in LOOKALIKES:
        classes = [class_index(c) for c in group]
        like[np.ix_(classes, classes)] = True
    return like


def suspicion(log_probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How much likelier the answer is than the label, in nats; 0 where they are look-alikes.

    Takes float (N, 62) and int (N,); returns float (N,).
    """
    answers = log_probs.argmax(axis=1)
    rows = np.arange(len(labels))
    more = log_probs[rows, answers] - log_probs[rows, labels]
    return np.where(lookalike_classes()[answers, labels], 0, more)


def read_across(further: FurtherTraining, sets: list[GroupedSet], seed: int) -> None:
    """Read each group that is not left out with a network trained on the other one."""
    groups = [group for group in range(GROUPS) if group != LEFT_OUT]
    for group in groups:
        (other,) = set(groups) - {group}
        parts = [part.pictures.part(part.group == other) for part in sets]
        recognizer = further.train(by_cube_root(parts, further.args.extra_fraction), seed)
        sets[0].read(group, recognizer)


def extra_data(sets: list[GroupedSet], suspected: np.ndarray, seldom: float, fraction: float):
    """What is drawn when suspected images of the first set come ``seldom`` times as often.

    ``suspected`` is bool (originals,); a changed drawing is as suspected as the original.
    """
    extra = by_cube_root([part.others(LEFT_OUT) for part in sets], fraction)
    drawings = len(sets[0].pictures) // len(sets[0].originals)
    own = np.tile(suspected, drawings)[sets[0].group != LEFT_OUT]
    chances = extra.chances.clone()
    chances[: len(own)][torch.from_numpy(own)] *= seldom
    return ExtraData(extra.data, fraction, chances / chances.sum())


def by_provider(
    providers: np.ndarray, suspected: np.ndarray, was_read: np.ndarray
) -> dict[str, dict[str, int]]:
    """Images read and suspected of each provider."""
    return {
        str(name): {
            "read": int((was_read & (providers == name)).sum()),
            "suspected": int((suspected & (providers == name)).sum()),
        }
        for name in np.unique(providers[was_read])
    }


def draw_plates(pens: GroupedSet, providers: np.ndarray, doubt: np.ndarray, folder: Path) -> None:
    """The most suspected images of each provider."""
    answers = pens.log_probs.argmax(axis=1)
    for name in np.unique(providers):
        rows = np.flatnonzero((providers == name) & (doubt > 0))
        rows = rows[np.argsort(-doubt[rows], kind="stable")][:_PLATE]
        if len(rows):
            captions = [f"{CLASSES[pens.labels[row]]} → {CLASSES[answers[row]]}" for row in rows]
            draw(pens.originals, rows, captions, str(name), folder / f"{name}.png")


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study: that of `studies.hands_ablations`, and plates."""
    parser = ablations_parser(__doc__)
    parser.add_argument("--plates", type=Path, default=None, help="folder for plates")
    return parser


def main(args: argparse.Namespace) -> None:
    """Find suspected labels, train what is not measured yet and print a table."""
    keep_memory()
    run = find_run(args.run, args.models)
    further = FurtherTraining(run, args)
    sets = [GroupedSet(path, GROUPS, args.variants) for path in args.sets]
    pens = sets[0]
    archive = load_pen(args.sets[0])
    providers = archive.provider[archive.characters()]
    read_across(further, sets, seed=0)
    was_read = pens.original_group != LEFT_OUT
    doubt = np.zeros(len(pens.labels))
    doubt[was_read] = suspicion(pens.log_probs[was_read], pens.labels[was_read])
    suspected = doubt > -np.log(LEAST)
    if args.plates:
        draw_plates(pens, providers, doubt, args.plates)
    counts = by_provider(providers, suspected, was_read)
    print(json.dumps(counts), flush=True)
    pens.log_probs[:] = np.nan

    def measure(seldom: float, seed: int) -> dict[str, Any]:
        extra = extra_data(sets, suspected, seldom, args.extra_fraction)
        recognizer = further.train(extra, seed)
        return {"emnist_validation": further.emnist_accuracy(recognizer)} | figures_of(
            sets, recognizer
        )

    settings, runs = run_all(CHOICES, measure, args, "label_noise.json")
    print(as_markdown(runs))
    result = {"settings": settings, "least": LEAST, "providers": counts, "runs": runs}
    save_measured(args, "label_noise.json", result)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
