"""Read the text in pictures of any kind: a page, some lines, a word, a number, a character.

    python read_picture.py PAGE.jpg
    python read_picture.py PAGE_OF_CODE.jpg --decoder programs
    python read_picture.py LETTRE.jpg --language fr --decoder language
    python read_picture.py *.png --lines --json
    python read_picture.py *.png --lines --characters 0-9
    python read_picture.py PAGE.jpg --format alto --out FOLDER
    python read_picture.py SCAN.pdf --format pdf --out FOLDER
    python read_picture.py *.png --lines --pattern '[A-Z]{2}[0-9]{4}'

Reads images and all pages of PDF, TIFF and GIF files. Prints the lines of each with their
indentation, under its name if there are several. With --json it prints one JSON object per image
or page: `file`, `page` (in a document of several), `width`, `height`, `text`, `lines`,
`fields` (frames, rows of boxes and tables with the texts of their cells) and `unread` (places that
look like writing and were not read, and why). Lines and their `words` have `text`, `confidence` (0
to 1), `is_sure` (false where it is low), `box` (left, top, right, bottom) and `polygon`, in pixels
of the upright image. A line also has `characters`: for each position the top-5 characters with
their probabilities.
"""

import argparse
import dataclasses
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import handwriting.python_version  # noqa: F401 - before what an older Python lacks

from tqdm import tqdm

from handwriting.cli import make_parser, run_script
from handwriting.errors import HandwritingError
from handwriting.files import replacing
from handwriting.formats.document_pages import MOST_PAGES, count_pages, page_title
from handwriting.formats.documents import DOCUMENT_FORMATS, document_of
from handwriting.formats.searchable_pdf import SearchablePdf
from handwriting.labels import SETS_HELP
from handwriting.lines.decoding import Decoder
from handwriting.lines.languages import LANGUAGES
from handwriting.lines.options import add_decoder_options, choose_decoder, possible_characters
from handwriting.lines.reader import LINES_FOLDER
from handwriting.pages.layout import add_layout_option
from handwriting.pages.photographs import open_photograph
from handwriting.pages.records import Page
from handwriting.pages.text_reader import TextReader

FORMATS = ("text", "json", *DOCUMENT_FORMATS, "pdf")
ENDINGS = {"text": ".txt", "json": ".json", "hocr": ".html", "pdf": ".pdf"}

_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
_NAMED = 3


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this script."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="images or PDFs to read")
    add("--model", default="latest", metavar="RUN", help="run in models/lines/, or a weights file")
    add("--lines", action="store_true", help="each image shows one line")
    add(
        "--format",
        choices=FORMATS,
        default="text",
        help="what to print; json: an object per image or page; alto, page, hocr: a document per "
        "image or page; pdf: a searchable PDF per file",
    )
    add("--json", action="store_const", dest="format", const="json", help="as --format json")
    add("--out", type=Path, default=None, help="folder for the results, instead of printing")
    add(
        "--pages",
        type=page_range,
        default=None,
        metavar="FIRST-LAST",
        help=f"pages of documents to read, at most {MOST_PAGES} at once",
    )
    add("--models", type=Path, default=LINES_FOLDER, help="folder with weights")
    add_layout_option(parser)
    add_decoder_options(parser)
    add("--characters", default=None, metavar="SET", help=f"possible characters: {SETS_HELP}")
    return parser


def page_range(text: str) -> range:
    """Pages as "3" or "3-7"."""
    found = _RANGE.fullmatch(text.strip())
    first, last = (int(n) for n in (found[1], found[2] or found[1])) if found else (0, 0)
    if not 0 < first <= last:
        raise argparse.ArgumentTypeError(f"{text!r:.40} is no range of pages such as 3 or 3-7")
    return range(first, last + 1)


def chosen_pages(asked: range | None, count: int, file: Path) -> range:
    """The pages of a file to read.

    Raises:
        HandwritingError: it has none of those that are asked for.
    """
    if count == 1:
        return range(1, 2)
    asked = asked or range(1, count + 1)
    chosen = range(asked.start, min(asked.stop, count + 1, asked.start + MOST_PAGES))
    if not chosen:
        raise HandwritingError(f"{file} has {count} pages: there is no page {asked.start}.")
    return chosen


def read_pages(
    reader: TextReader, file: Path, decoder: Decoder, args: argparse.Namespace, wrong: list[str]
) -> Iterator[Page]:
    """Read a file page by page.

    Args:
        reader: the models.
        file: an image or a document.
        decoder: for the text-line model.
        args: of the command line.
        wrong: takes a sentence for each page that cannot be read, and for those beyond the limit.

    Raises:
        HandwritingError: no page can be read.
    """
    count = count_pages(file)
    chosen = chosen_pages(args.pages, count, file)
    faults = []
    for number in tqdm(chosen, file.name, unit="page", disable=count == 1):
        place = number if count > 1 else None
        try:
            page = read_page(reader, file, number, page_title(str(file), place), decoder, args)
        except HandwritingError as error:
            faults.append(str(error))
        else:
            yield dataclasses.replace(page, number=place)
    named = faults[:_NAMED]
    if len(faults) > _NAMED:
        named.append(f"{file}: {len(faults) - _NAMED} more pages cannot be read.")
    if len(faults) == len(chosen):
        raise HandwritingError("\n".join(named))
    wrong += [*named, *left_out(args.pages, chosen, count, file)]


def left_out(asked: range | None, chosen: range, count: int, file: Path) -> list[str]:
    """A sentence about pages beyond the limit, if there are any."""
    last = count if asked is None else min(asked[-1], count)
    if chosen[-1] >= last:
        return []
    following = f"{chosen.stop}-{min(last, chosen[-1] + MOST_PAGES)}"
    return [
        f"{file} has {count:,} pages, of which {chosen[0]} to {chosen[-1]} were read. "
        f"Read on with --pages {following}."
    ]


def read_page(
    reader: TextReader,
    file: Path,
    number: int,
    title: str,
    decoder: Decoder,
    args: argparse.Namespace,
) -> Page:
    """Read one page, and say on standard error what limits its reading."""
    photograph = open_photograph(file, args.lines, title, number=number)
    if photograph.is_large:
        width, height = photograph.size
        tqdm.write(f"{title} has {width}x{height} pixels and is downscaled first.", sys.stderr)
    if photograph.note:
        tqdm.write(f"{title}: {photograph.note}", sys.stderr)
    layout = "line" if args.lines else "auto"
    page = reader.read_photograph(photograph, layout, decoder, args.language, args.characters)
    unsure = unsure_words(page)
    if unsure:
        tqdm.write(f"{title}: low confidence in {unsure}", sys.stderr)
    return page


def unsure_words(page: Page) -> str:
    """The words of a page with a low confidence, the first ones by name; empty without any."""
    words = [word.text for line in page.lines for word in line.words if not word.is_sure]
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + more


def formatted(page: Page, file: Path, form: str) -> str:
    """What was read on a page, in one of FORMATS but the last."""
    if form == "json":
        return json.dumps(page.record(str(file)))
    if form == "text":
        return page.text if page.lines else f"{_title(page, file)}: no writing was found."
    return document_of(page.annotated(file.name), form)


def print_pages(pages: Iterable[Page], file: Path, form: str, is_alone: bool) -> None:
    """Print what was read, as text under the names of pages and of files that are not alone."""
    for page in pages:
        if form == "text" and not (is_alone and page.number is None):
            tqdm.write(f"{_title(page, file)}:")
        tqdm.write(formatted(page, file, form))


def save_pages(pages: Iterable[Page], file: Path, form: str, folder: Path) -> None:
    """Write what was read: one file, or as ALTO, PAGE or hOCR a file for each page.

    Raises:
        HandwritingError: what would be written exists.
    """
    if form in DOCUMENT_FORMATS:
        for page in pages:
            part = "" if page.number is None else f"_page_{page.number}"
            save_text([formatted(page, file, form)], new_file(folder, file.stem + part, form))
        return
    target = new_file(folder, file.stem, form)
    if form == "pdf":
        save_pdf(pages, file, target)
    else:
        save_text(_with_headings(pages, file, form), target)


def new_file(folder: Path, stem: str, form: str) -> Path:
    """Where to write; none that is there is overwritten.

    Raises:
        HandwritingError: there is such a file.
    """
    path = folder / f"{stem}{ENDINGS.get(form, '.xml')}"
    if path.exists():
        raise HandwritingError(f"{path} exists already. Move it, or give another folder for --out.")
    return path


def save_text(parts: Iterable[str], path: Path) -> None:
    """Write texts to a file, each as it comes, and say so."""
    with replacing(path) as (part,), part.open("w", encoding="utf-8") as file:
        for text in parts:
            file.write(text + "\n")
    tqdm.write(f"wrote {path}")


def save_pdf(pages: Iterable[Page], file: Path, path: Path) -> None:
    """Write a searchable PDF, and say so."""
    with replacing(path) as (part,), SearchablePdf() as pdf:
        for page in pages:
            pdf.add(file, page.annotated(file.name))
        pdf.save(part)
    tqdm.write(f"wrote {path}")


def _with_headings(pages: Iterable[Page], file: Path, form: str) -> Iterator[str]:
    for page in pages:
        is_headed = form == "text" and page.number is not None
        yield (f"{_title(page, file)}:\n" if is_headed else "") + formatted(page, file, form)


def _title(page: Page, file: Path) -> str:
    return page_title(str(file), page.number)


def main(args: argparse.Namespace) -> None:
    """Read file by file; an unreadable one does not stop the others.

    Raises:
        HandwritingError: there are no weights, or an image or a page cannot be read.
    """
    if args.format == "pdf" and args.out is None:
        raise HandwritingError("A PDF is not printed: name a folder for it with --out.")
    decoder = choose_decoder(args)
    if args.characters is not None:
        possible_characters(args.characters, LANGUAGES[args.language], decoder)
    reader = TextReader.load(args.model, args.models, args.layout_model)
    wrong: list[str] = []
    for file in args.files:
        try:
            pages = read_pages(reader, file, decoder, args, wrong)
            if args.out is None:
                print_pages(pages, file, args.format, len(args.files) == 1)
            else:
                save_pages(pages, file, args.format, args.out)
        except HandwritingError as error:
            wrong.append(str(error))
    if wrong:
        raise HandwritingError("\n".join(wrong))


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
