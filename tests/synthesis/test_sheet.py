"""The sheet of synthetic photographs in the documents."""

from PIL import Image

from handwriting.synthesis import writing
from tests.support import PROJECT


def draw(path, *options: str) -> bytes:
    writing.main(writing.get_args_parser().parse_args(["--out", str(path), *options]))
    return path.read_bytes()


def test_the_sheet_in_the_documents_is_what_the_command_draws(tmp_path):
    drawn = draw(tmp_path / "sheet.png")
    assert drawn == draw(tmp_path / "again.png") != draw(tmp_path / "other.png", "--seed", "1")
    with (
        Image.open(tmp_path / "sheet.png") as ours,
        Image.open(PROJECT / "images" / "generated_photographs.png") as shown,
    ):
        assert ours.size == shown.size
        # Other versions of the libraries draw a little differently.
        assert (
            abs(
                sum(ours.resize((1, 1)).getpixel((0, 0)))
                - sum(shown.resize((1, 1)).getpixel((0, 0)))
            )
            < 30
        )
