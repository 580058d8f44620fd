"""Calibrate the probabilities of a text-line model.

    python -m handwriting.training.text_calibration RUN --data WORDS.npz PAGES --languages PAGES=fr

Samples of held-out writers are read by greedy decoding and with the language model of their
language. Three functions are fitted: a temperature for the alternatives of a character (Guo et al.
2017, arXiv 1706.04599), a logistic function for whole texts, and one for the words of lines. Each
set of --data has the same weight. The parameters go into the weights file, where
`handwriting.lines.reader.Reader` finds them. They are kept only if they lower the loss on sets that
they were not fitted on, each left out in turn; of a single set halves of the writers. It prints the
calibration errors of each set before, when left out of the fit, and after.
"""

import argparse
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from types import MappingProxyType

import numpy as np

from handwriting.cli import make_parser, positive_int, run_script
from handwriting.datasets.external import held_out_hands
from handwriting.errors import HandwritingError
from handwriting.evaluation.metrics import calibration_error, reliability
from handwriting.files import replacing, save_torch
from handwriting.lines.decoding import Calibration, Decoder
from handwriting.lines.languages import Language, find_language
from handwriting.lines.options import add_languages_option, named_decoder
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.pages.known_lines import load_unseen_lines
from handwriting.runs import RunFiles
from handwriting.training.claims import claimed
from handwriting.training.text_answers import KINDS, Answers, answers

MOST = 1_000
"""Number of randomly chosen samples per file."""

_FEWEST = 50
_ENOUGH = 100
"""Predictions of a set with the full weight; fewer tell too little."""


def log_loss(given: np.ndarray, is_right: np.ndarray) -> float:
    """Mean negative log-likelihood of the outcomes, correct or wrong, in nats."""
    of_what_came = np.where(is_right, given, 1 - given)
    return -float(np.log(np.maximum(of_what_came, 1e-9)).mean())


def fit_text_calibration(parts: Sequence[Answers]) -> Calibration:
    """Maximum-likelihood parameters, with the same weight for each part of _ENOUGH predictions and
    more; those of words and texts only where both outcomes occur."""
    # Here and not above: it takes half a second to import.
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        temperature = np.exp(log_temperature)
        return fmean(log_loss(p.of_characters(temperature), p.is_right) for p in parts)

    found = minimize_scalar(loss, bounds=(-2, 2), method="bounded")
    temperature = float(np.exp(found.x))
    words = [([p.word_odds(temperature), p.word_line], p.is_word) for p in parts]
    slope, offset = _fit([([part.odds], part.is_whole) for part in parts])
    return Calibration(temperature, slope, 0.0, offset, *_fit(words))


def _fit(parts: Sequence[tuple[list[np.ndarray], np.ndarray]]) -> list[float]:
    """Factors of the log odds and an offset; the identity of the first where all came out alike."""
    from sklearn.linear_model import LogisticRegression

    features = np.concatenate([np.stack(columns, axis=1) for columns, _ in parts])
    outcomes = np.concatenate([came for _, came in parts])
    if outcomes.all() or not outcomes.any():
        return [1.0, *[0.0] * features.shape[1]]
    weights = np.concatenate([np.full(len(c), 1 / max(len(c), _ENOUGH)) for _, c in parts])
    model = LogisticRegression().fit(features, outcomes, weights * len(outcomes))
    return [*model.coef_[0].tolist(), float(model.intercept_[0])]


def errors_of(calibration: Calibration, given: Answers) -> list[float]:
    """Expected calibration error of each of KINDS, 15 bins."""
    pairs = given.beside_what_came(calibration)
    return [calibration_error(reliability(*pair)) if len(pair[0]) else 0.0 for pair in pairs]


def losses_of(calibration: Calibration, given: Answers) -> np.ndarray:
    """float (3,): mean negative log-likelihood of the outcomes of each of KINDS."""
    pairs = given.beside_what_came(calibration)
    return np.array([log_loss(*pair) if len(pair[0]) else 0.0 for pair in pairs])


def without_each(parts: Mapping[str, Answers]) -> dict[str, Calibration]:
    """For each part the parameters fitted on all others."""
    return {
        name: fit_text_calibration([part for other, part in parts.items() if other != name])
        for name in parts
    }


def helpful_calibration(parts: Mapping[str, Answers]) -> Calibration:
    """The parameters fitted on all parts, of which there are two or more.

    Those of characters, words and texts are each kept only if the same fit without a part lowers
    the loss on it, in the mean over the parts.
    """
    plain = Calibration()
    gains = sum(
        (losses_of(plain, parts[name]) - losses_of(fitted, parts[name]))
        * np.minimum(1, parts[name].counts / _ENOUGH)
        for name, fitted in without_each(parts).items()
    )
    found = dataclasses.asdict(fit_text_calibration(list(parts.values())))
    kept = dict(zip(KINDS, np.greater(gains, 0).tolist(), strict=True))
    # Those of words were fitted with this temperature.
    kept["words"] &= kept["characters"]
    kind_of = {name: "words" if name.startswith("word_") else "texts" for name in found}
    kind_of["temperature"] = "characters"
    return Calibration(**{n: value for n, value in found.items() if kept[kind_of[n]]})


@dataclass(frozen=True)
class CalibrationSet:
    """Samples of held-out writers of one path.

    Attributes:
        name: of the path.
        language: of its texts.
        log_probs: float (steps, outputs) each.
        texts: the true ones.
        writers: str (N,).
    """

    name: str
    language: Language
    log_probs: list[np.ndarray]
    texts: list[str]
    writers: np.ndarray

    def halves(self) -> list["CalibrationSet"]:
        """Its samples by one half of the writers and by the other."""
        is_first = held_out_hands(self.writers, 0.5)
        rows = {"one half": np.flatnonzero(is_first), "other half": np.flatnonzero(~is_first)}
        return [self._subset(f"{self.name}, {name}", rows[name]) for name in rows]

    def _subset(self, name: str, rows: np.ndarray) -> "CalibrationSet":
        return dataclasses.replace(
            self,
            name=name,
            log_probs=[self.log_probs[k] for k in rows],
            texts=[self.texts[k] for k in rows],
            writers=self.writers[rows],
        )


def samples_left_out(
    reader: Reader, paths: Sequence[Path], languages: Mapping[str, str], most: int
) -> list[CalibrationSet]:
    """Samples of held-out writers, a set for each path, but two halves of a single one.

    Raises:
        HandwritingError: no writer was held out, or there are too few samples.
    """
    sets = []
    for path in paths:
        own = reader.for_language(find_language(languages.get(path.stem, "en")))
        data = load_unseen_lines(path, reader.held_out, reader.trained_pages, most)
        if len(data):
            log_probs = own.log_probs(data.pictures)
            texts = list(map(own.language.spelled, data.texts))
            sets.append(CalibrationSet(path.stem, own.language, log_probs, texts, data.writers))
    samples = sum(len(each.texts) for each in sets)
    known = len({writer for each in sets for writer in each.writers.tolist()})
    if samples < _FEWEST or known < 2:
        raise HandwritingError(
            f"{samples} samples are by {known} held-out writers; "
            f"{_FEWEST} by 2 writers are needed. Train with --held-out, or give more --data."
        )
    return sets if len(sets) > 1 else sets[0].halves()


def calibrate(
    path: Path,
    paths: Sequence[Path],
    decoders: Sequence[Callable[[Language], Decoder]],
    languages: Mapping[str, str] = MappingProxyType({}),
    most: int = MOST,
) -> None:
    """Fit, print the calibration errors, and add the parameters to a weights file as
    ``calibration``.

    Args:
        path: of the weights.
        paths: pen archives and folders that the model was trained on.
        decoders: to calibrate, each for a language.
        languages: by name of the path; others are English.
        most: samples per path.

    Raises:
        HandwritingError: these are not the weights of a text-line model, or there are no samples to
            fit on.
    """
    reader = Reader.load(path)
    sets = samples_left_out(reader, paths, languages, most)
    fitted = {}
    for make in decoders:
        decoder = {each.language.name: make(each.language) for each in sets}
        name = decoder[sets[0].language.name].name
        parts = {s.name: answers(s.log_probs, s.texts, decoder[s.language.name]) for s in sets}
        kept = helpful_calibration(parts)
        ways = (
            ("before", dict.fromkeys(parts, reader.calibrations.get(name, Calibration()))),
            ("left out", without_each(parts)),
            ("after", dict.fromkeys(parts, kept)),
        )
        for way, calibrations in ways:
            for part in parts:
                errors = errors_of(calibrations[part], parts[part])
                rows = zip(KINDS, errors, parts[part].counts, strict=True)
                words = ", ".join(f"{kind} {error:.4f} ({count:,})" for kind, error, count in rows)
                print(f"{name}, {way}, {part}: calibration error of {words}", flush=True)
        fitted[name] = dataclasses.asdict(kept)
        print(f"  kept: {fitted[name]}")
    with replacing(path) as (part,):
        save_torch(reader.content | {"calibration": fitted}, part)


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("run", nargs="?", default="latest", metavar="RUN", help="run to calibrate")
    add("--data", type=Path, nargs="+", required=True, metavar="PATH", help="its training data")
    add("--most", type=positive_int, default=MOST, metavar="N", help="samples per path")
    add_languages_option(parser)
    add("--models", type=Path, default=LINES_FOLDER, help="folder with weights")
    return parser


def main(args: argparse.Namespace) -> None:
    """Calibrate a run."""
    path = find_reader(args.run, args.models)
    decoders = [partial(named_decoder, name) for name in ("greedy", "language")]
    # A training of the same run would also write the file.
    with claimed(RunFiles(path.stem, path.parent)):
        calibrate(path, args.data, decoders, args.languages, args.most)
    print(f"wrote {path}")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
