"""Read picture files: the five most likely characters of each.

python -m handwriting.recognition FILE…
python -m handwriting.recognition FILE… --json
"""

import argparse
import json
from pathlib import Path

from handwriting.cli import make_parser, run_script
from handwriting.imaging.character import open_character
from handwriting.recognition.recognizer import PRIORS, Recognizer
from handwriting.runs import available_runs, find_run


def get_args_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = make_parser(__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="picture to read")
    parser.add_argument("--run", default=None, help="run in models/; the best one without it")
    parser.add_argument("--prior", choices=PRIORS, default="equal", help="how frequent classes are")
    parser.add_argument("--json", action="store_true", help="print one JSON object per file")
    return parser


def main(args: argparse.Namespace) -> None:
    """Read the files and print a line for each."""
    run = find_run(args.run) if args.run else next(iter(available_runs()), find_run("latest"))
    recognizer = Recognizer.load(run.weights)
    for file in args.files:
        character = open_character(file)
        ranked = []
        if character.bbox is not None:
            ranked = recognizer.read(character.image, prior=args.prior).ranked()
        if args.json:
            print(json.dumps({"file": str(file), "characters": dict(ranked)}, ensure_ascii=False))
        else:
            words = "  ".join(f"{c} {p:.1%}" for c, p in ranked) or "no ink found"
            print(f"{file}: {words}")


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
