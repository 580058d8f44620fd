"""Evaluate a text-line model on words, lines or pages.

    python text_evaluation.py RUN --data PENS/words.npz --held-out
    python text_evaluation.py RUN --data FOLDER --json
    python text_evaluation.py RUN --data FOLDER --decoder language
    python text_evaluation.py RUN --data FOLDER --language fr
    python text_evaluation.py RUN --data FOLDER --pattern '[0-9]+([.,][0-9]+)?'

RUN is a run in models/lines/ or a weights file. --data is a pen archive, or a folder with

- a `text.csv` (columns `file` and `text`); images with texts of several lines are pages;
- a `words.json` (words with their places in photographs), or ALTO or PAGE XML files: samples are
  the words, or the lines, cut out where they are annotated.

Texts are compared as they are written in the characters of --language: with English, accents do not
count. The last printed line is a JSON object with `cer` (character error rate without spaces),
`cer_alphanumeric` (letters and digits alone, ignoring case and accents), `wer` (word error rate),
`exact` (exact match), `samples`, `writers` where some wrote several samples (their `count`, and the
`median` and `worst_tenth` of their CER), and `seconds_per_sample` (one at a time; lines on one
thread).
Where places are annotated, it also has `pages`, the figures of whole pages read as
`read_picture.py` reads them, and `lines_given`, those with the annotated lines cut out: the first
less the second is the fault of the layout. Both have, besides the error rates of the pages' texts
in reading order, `precision`, `recall` and `f1` of words found and read (ignoring case and
accents), `f1_cased` (exactly equal), and `words`; `pages` has `lines_found` (share of the lines
that one predicted line covers), `lines`, `lines_left_aside` (crossed out, printed, or without a
letter or digit), and `seconds_per_page` (mean): see `handwriting.evaluation.layout_metrics`. With
--json the object is the only output.
"""

import argparse
import contextlib
import json
from pathlib import Path
from typing import Any

import handwriting.python_version  # noqa: F401 - before what an older Python lacks

from handwriting.cli import make_parser, nowhere, positive_int, run_script
from handwriting.errors import HandwritingError
from handwriting.evaluation.text_figures import evaluate_data, load_data
from handwriting.lines.languages import LANGUAGES
from handwriting.lines.options import add_decoder_options, choose_decoder
from handwriting.lines.reader import LINES_FOLDER, Reader, find_reader
from handwriting.pages.layout import Layout, add_layout_option, find_layout
from handwriting.pages.reading import PageReader


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this stage."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("run", nargs="?", default="latest", metavar="RUN", help="run to evaluate")
    add("--data", type=Path, required=True, metavar="PATH", help="pen archive, or a folder")
    add("--held-out", action="store_true", help="evaluate on held-out writers only")
    add("--most", type=positive_int, metavar="N", help="evaluate on N random samples")
    add("--json", action="store_true", help="print the JSON object and nothing else")
    add("--models", type=Path, default=LINES_FOLDER, help="folder with weights")
    add_layout_option(parser)
    add_decoder_options(parser)
    return parser


def main(args: argparse.Namespace) -> dict[str, Any]:
    """Evaluate, and print the error rates."""
    if args.most is not None and args.most < 1:
        raise HandwritingError("--most must be at least 1.")
    with contextlib.ExitStack() as stack:
        if args.json:
            nothing = stack.enter_context(nowhere())
            stack.enter_context(contextlib.redirect_stdout(nothing))
            stack.enter_context(contextlib.redirect_stderr(nothing))
        decoder = choose_decoder(args)
        path = find_reader(args.run, args.models)
        reader = Reader.load(path).for_language(LANGUAGES[args.language])
        fraction = 0.0
        if args.held_out:
            fraction = reader.held_out
            if not fraction:
                raise HandwritingError("--held-out: the training of RUN held out no writers.")
        models = PageReader(reader, Layout.load(find_layout(args.layout_model)))
        data = load_data(args.data, fraction, args.most, reader.trained_pages)
        found = evaluate_data(models, data, decoder)
        named = {"run": path.stem, "data": args.data.name, "language": args.language}
        result = named | found
        print(f"{path.stem} on {result['samples']} samples of {args.data}:")
        for name in ("cer", "cer_alphanumeric", "wer", "exact"):
            print(f"  {name:17} {result[name]:.4f}")
        for style, found in result.get("styles", {}).items():
            print(f"  cer, {style:12} {found['cer']:.4f}  ({found['samples']} samples)")
        for kind in ("pages", "lines_given"):
            for name in ("cer", "f1", "lines_found"):
                if name in result.get(kind, {}):
                    print(f"  {kind}: {name:11} {result[kind][name]:.4f}")
    print(json.dumps(result))
    return result


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
