"""Tables of image folders: an error names the line number shown in an editor."""

import pytest

from handwriting.datasets.external import read_labels
from handwriting.datasets.photographed_text import load_photographed, read_texts
from handwriting.datasets.tables import read_table
from handwriting.errors import HandwritingError


@pytest.fixture
def table(tmp_path):
    """A table with the content given."""

    def write(content: str):
        path = tmp_path / "table.csv"
        path.write_text(content)
        return path

    return write


def test_rows_come_with_the_line_that_they_begin_in(table):
    path = table('file,text\na,"two\nlines"\n\nb,one\n"c\n",last')
    rows = [(line, row["file"]) for line, row in read_table(path, "text")]
    assert rows == [(2, "a"), (5, "b"), (6, "c\n")]


@pytest.mark.parametrize(
    ("read", "content"),
    [
        (read_labels, 'file,character\n"a\n.png",a\n\nb.png,я\n'),
        (read_texts, 'file,text\na.png,"two\nlines"\n\nb.png,я\n'),
        (read_labels, 'file,character\n"a\n.png",a\n\n../b.png,a\n'),
        (read_texts, 'file,text\na.png,"two\nlines"\n\n,text\n'),
    ],
)
def test_errors_count_lines_and_not_records(table, read, content):
    with pytest.raises(HandwritingError, match=r"table\.csv, line 5: "):
        read(table(content))


def test_a_list_of_words_counts_words(tmp_path):
    word = '{"image": "%s", "text": "a", "line": 1, "box": [0, 0, 9, 9], "polygon": [[0, 0]]}'
    (tmp_path / "words.json").write_text(f"[\n\n{word % 'a.png'},\n\n{word % '../b.png'}]")
    with pytest.raises(HandwritingError, match=r"words\.json, word 2: .* lies outside"):
        load_photographed(tmp_path)


def test_a_text_with_a_comma_that_is_not_quoted_is_not_cut_short(table):
    with pytest.raises(HandwritingError, match="line 2 has 3 cells for 2 columns"):
        read_texts(table("file,text\na.png,Hello, world\n"))


@pytest.mark.parametrize("cell", ["", ",", ", "], ids=["no cell", "empty", "a space"])
@pytest.mark.parametrize(("read", "column"), [(read_labels, "character"), (read_texts, "text")])
def test_a_row_without_its_writer_is_named(table, read, column, cell):
    path = table(f"file,{column},writer\na.png,a,w\nb.png,b{cell}\n")
    with pytest.raises(HandwritingError, match="line 3 names no writer"):
        read(path)
