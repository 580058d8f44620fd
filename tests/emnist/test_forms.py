"""The same images give the same prepared data in every form of the archive."""

import gzip
import shutil
import zipfile
from pathlib import Path

import pytest
import scipy.io

import data_preprocessing
from handwriting.datasets.prepared import fingerprint
from handwriting.emnist.archive import locate
from handwriting.emnist.forms.common import lie_on_side
from handwriting.emnist.label_sets import SPLITS
from handwriting.synthesis.emnist_archive import cut_archive
from handwriting.synthesis.emnist_forms import write_csv, write_matlab, write_parquet
from tests.support import preprocess


def raw_files(archive: Path) -> list[Path]:
    return sorted((archive / "EMNIST" / "raw").glob("*.gz"))


def copy_unpacked(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.decompress(source.read_bytes()))


def folder_for_each_file(archive: Path, root: Path) -> None:
    """What unpackers make: a folder called like the file, `.idx3-ubyte` for `-idx3-ubyte`."""
    for path in raw_files(archive):
        name = path.stem.replace("-idx", ".idx")
        copy_unpacked(path, root / name / name)


def zipped(root: Path, name: str, files: dict[str, Path]) -> None:
    root.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(root / name, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bundle:
        for member, path in files.items():
            bundle.write(path, member)


@pytest.fixture(scope="module")
def parts(drawn):
    """What lies in the small archive, part by part."""
    return list(cut_archive(*drawn, seed=1, byclass_share=0.5))


@pytest.fixture(scope="module")
def forms(archive, parts, tmp_path_factory) -> dict[str, Path]:
    """The small archive in every form."""
    top = tmp_path_factory.mktemp("forms")
    gz = {f"gzip/{path.name}": path for path in raw_files(archive)}
    zipped(top / "gzip.zip as it lies", "gzip.zip", gz)
    shutil.copytree(archive / "EMNIST" / "raw", top / "gzip folder" / "gzip")
    shutil.copytree(archive / "EMNIST" / "raw", top / "flat folder")
    folder_for_each_file(archive, top / "folder for each file")
    write_csv(top / "Kaggle's CSV", parts)
    csv = sorted((top / "Kaggle's CSV").glob("*.csv"))
    zipped(top / "Kaggle's zip", "archive.zip", {path.name: path for path in csv})
    (top / "gzipped CSV" / "EMNIST").mkdir(parents=True)
    for path in csv:
        packed = gzip.compress(path.read_bytes(), compresslevel=1)
        (top / "gzipped CSV" / "EMNIST" / f"{path.name}.gz").write_bytes(packed)
    write_matlab(top / "MATLAB" / "matlab", parts)
    mat = sorted((top / "MATLAB" / "matlab").glob("*.mat"))
    zipped(top / "matlab.zip", "matlab.zip", {f"matlab/{path.name}": path for path in mat})
    write_parquet(top / "Parquet" / "data", parts)
    write_parquet(top / "upright Parquet", parts, upright=True)
    return {folder.name: folder for folder in top.iterdir()}


FORMS = {
    "gzip.zip as it lies": "24 IDX files",
    "gzip folder": "24 IDX files",
    "flat folder": "24 IDX files",
    "folder for each file": "24 IDX files",
    "Kaggle's CSV": "12 CSV files",
    "Kaggle's zip": "12 CSV files",
    "gzipped CSV": "12 CSV files",
    "MATLAB": "6 MATLAB files",
    "matlab.zip": "6 MATLAB files",
    "Parquet": "12 Parquet files",
    "upright Parquet": "12 Parquet files",
}


def prepared(root: Path) -> str:
    """The fingerprint of what stage 1 makes of it."""
    training, testing = data_preprocessing.gather_data(root)
    datasets = data_preprocessing.standardizing_label_ranges(training + testing)
    combined = data_preprocessing.combining_datasets(datasets)
    return fingerprint(combined.train, combined.test)


@pytest.fixture(scope="module")
def expected(archive) -> str:
    return prepared(archive)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_prepared_data(forms, expected, form, capsys):
    assert prepared(forms[form]) == expected
    assert FORMS[form] in capsys.readouterr().out


def test_stage_1_writes_the_same_bytes_whatever_the_form(forms, processed, tmp_path):
    preprocess(forms["Kaggle's CSV"], tmp_path)
    for name in ("train.pt", "test.pt", "manifest.json"):
        assert (tmp_path / name).read_bytes() == (processed / name).read_bytes()


def test_every_form_is_tested(forms):
    assert set(forms) == set(FORMS)


@pytest.mark.parametrize("form", ["gzip.zip as it lies", "Kaggle's zip", "matlab.zip"])
def test_the_zip_file_itself_may_be_named(forms, expected, form):
    (path,) = forms[form].glob("*.zip")
    assert prepared(path) == expected
    assert sorted(forms[form].iterdir()) == [path], "nothing should be unpacked beside it"


def test_a_row_of_nists_matlab_files_is_an_image_column_by_column(forms, parts):
    """``reshape(images(k, :), 28, 28)`` is upright in MATLAB, which fills columns first."""
    content = scipy.io.loadmat(forms["MATLAB"] / "matlab" / "emnist-byclass.mat")
    rows = content["dataset"]["test"][0, 0]["images"][0, 0]
    byclass = next(p for p in parts if (p.split, p.part) == ("byclass", "test"))
    assert (rows[5].reshape(28, 28, order="F") == byclass.images[5].T).all()
    _, testing = data_preprocessing.gather_data(forms["MATLAB"])
    assert (testing[0].data[5].numpy() == byclass.images[5].T).all()


@pytest.mark.parametrize("form", ["flat folder", "Kaggle's CSV", "MATLAB", "Parquet"])
def test_byclass_alone_is_enough_and_one_line_says_what_is_missing(forms, form, tmp_path, capsys):
    keep = shutil.ignore_patterns(*(f"*{split}*" for split in SPLITS[1:]))
    shutil.copytree(forms[form], tmp_path / "EMNIST", ignore=keep)
    # `*mnist*` is in all names.
    for path in sorted(forms[form].rglob("*byclass*")):
        target = tmp_path / "EMNIST" / path.relative_to(forms[form])
        copy = shutil.copytree if path.is_dir() else shutil.copy
        target.parent.mkdir(parents=True, exist_ok=True)
        copy(path, target)
    training, testing = data_preprocessing.gather_data(tmp_path)
    assert [d.name for d in training + testing] == ["byclass train", "byclass test"]
    printed = capsys.readouterr().out
    assert "missing, but not required: bymerge, balanced, letters, digits, mnist\n" in printed


def test_beside_other_forms_the_idx_files_win_and_it_is_said(forms, expected, tmp_path, capsys):
    shutil.copytree(forms["flat folder"], tmp_path, dirs_exist_ok=True)
    for path in forms["Kaggle's CSV"].glob("*.csv"):
        (tmp_path / path.name).write_text("broken")
    assert prepared(tmp_path) == expected
    assert "unused: 12 CSV files\n" in capsys.readouterr().out


def test_other_folders_of_the_root_are_left_alone(forms, tmp_path):
    shutil.copytree(forms["gzip folder"], tmp_path / "EMNIST")
    shutil.copytree(forms["flat folder"], tmp_path / "synthetic" / "EMNIST" / "raw")
    assert {file.path.parent for file in locate(tmp_path).used} == {tmp_path / "EMNIST" / "gzip"}


@pytest.mark.parametrize("split", SPLITS)
def test_real_images_on_their_side_are_told_from_upright_ones(real_archive, split):
    part = data_preprocessing.archive.ArchiveSplit(real_archive, split, train=False)
    images = part.data.numpy()
    assert not lie_on_side(images)
    assert lie_on_side(images.transpose(0, 2, 1))
    assert lie_on_side(images[:0]), "as NIST's files are"
