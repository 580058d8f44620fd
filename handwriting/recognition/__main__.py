"""Read images of single characters, and print the top-5 predictions of each.

    python -m handwriting.recognition FILE…
    python -m handwriting.recognition FILE… --characters digits
    python -m handwriting.recognition FILE… --json

With --json it prints one JSON object per image: `file`, `characters` with their probabilities, the
most likely one first (empty without ink), `is_sure`, whether the confidence of the first is not
low, and `is_multiple`, whether the image seems to show
several characters. read_picture.py reads such images.
"""

import argparse
import json
import sys
from pathlib import Path

from handwriting.cli import make_parser, run_script
from handwriting.errors import HandwritingError
from handwriting.labels import SETS_HELP
from handwriting.recognition.character_model import CharacterModel, CharacterPrediction
from handwriting.recognition.recognizer import PRIORS, characters_of
from handwriting.runs import MODELS_FOLDER

SEVERAL = "seems to hold several characters; 'python read_picture.py --lines FILE' reads them"


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="image to read")
    add(
        "--characters",
        default="all",
        metavar="SET",
        help=f"possible characters: {SETS_HELP}",
    )
    add("--run", default="best", help="a run in models/, a weights file, best or latest")
    add("--prior", choices=PRIORS, default="equal", help="class prior: uniform, or EMNIST's")
    add("--json", action="store_true", help="print one JSON object per image")
    return parser


def main(args: argparse.Namespace) -> None:
    """Print a line for each file; an unreadable one does not stop the others.

    Raises:
        HandwritingError: there are no weights, or a file cannot be read.
    """
    characters_of(args.characters)
    model = CharacterModel.load(args.run, MODELS_FOLDER)
    wrong = []
    for file in args.files:
        try:
            found = model.read(file, characters=args.characters, prior=args.prior)
        except HandwritingError as error:
            wrong.append(str(error))
            continue
        print(_json(file, found) if args.json else _line(file, found))
        if found.is_multiple and not args.json:
            print(f"{file} {SEVERAL}.", file=sys.stderr)
    if wrong:
        raise HandwritingError("\n".join(wrong))


def _line(file: Path, found: CharacterPrediction) -> str:
    words = "  ".join(f"{c} {p:.1%}" for c, p in found.alternatives) or "no ink found"
    if found.alternatives and not found.is_sure:
        words += "  (low confidence)"
    return f"{file}: {words}"


def _json(file: Path, found: CharacterPrediction) -> str:
    characters = dict(found.alternatives)
    told = {"is_sure": found.is_sure, "is_multiple": found.is_multiple}
    return json.dumps({"file": str(file), "characters": characters, **told}, ensure_ascii=False)


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
