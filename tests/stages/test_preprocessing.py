"""Stage 1: every image once, with its most exact label, and no test image in training."""

import gzip
import http.server
import json
import shutil
import threading
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

import data_preprocessing
from handwriting.emnist.archive import ArchiveSplit, read_archive
from handwriting.emnist.forms import idx
from handwriting.emnist.label_sets import SPLITS
from handwriting.errors import HandwritingError
from handwriting.labels import FIRST_EITHER_CASE, candidates
from handwriting.synthesis.emnist_archive import write_archive, write_idx
from tests.support import preprocess


def prepared(folder: Path, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    content = torch.load(folder / f"{part}.pt", weights_only=True, mmap=True)
    return content["images"], content["labels"]


def manifest(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


def test_every_image_stands_once_and_none_of_the_test_set(processed):
    train, _ = prepared(processed, "train")
    test, _ = prepared(processed, "test")
    keys = [image.numpy().tobytes() for image in train]
    assert len(set(keys)) == len(keys)
    assert not set(keys) & {image.numpy().tobytes() for image in test}
    facts = manifest(processed)
    distinct_tests = len({image.numpy().tobytes() for image in test})
    assert len(keys) + distinct_tests == facts["distinct_images"]
    assert facts["test_rows_in_training"] == 0
    assert facts["test_images_removed_from_training"] > 0


def test_the_test_set_is_the_official_one_row_by_row(archive, processed):
    images, labels = prepared(processed, "test")
    official = ArchiveSplit(archive, split="byclass", train=False)
    assert torch.equal(images, official.data)
    assert torch.equal(labels.long(), official.targets)


def test_labels_always_allow_the_true_character_and_byclass_makes_them_exact(
    archive, processed, drawn
):
    truth = {p.tobytes(): int(c) for p, c in zip(*drawn, strict=True)}
    in_byclass = {i.numpy().tobytes() for i in read_archive(archive)[0][0].data}
    images, labels = prepared(processed, "train")
    for image, label in zip(images, labels.tolist(), strict=True):
        key = image.numpy().tobytes()
        assert truth[key] in candidates(label)
        if key in in_byclass:
            assert label == truth[key]
    assert (labels >= FIRST_EITHER_CASE).any(), "the archive should leave some labels open"


def test_the_manifest_counts_what_is_there(processed):
    facts = manifest(processed)
    _, labels = prepared(processed, "train")
    counts = facts["train_class_counts"]
    assert sum(counts["exact"].values()) == (labels < FIRST_EITHER_CASE).sum()
    assert sum(counts["either_case"].values()) == (labels >= FIRST_EITHER_CASE).sum()
    assert facts["train_images"] == len(labels) == sum(
        facts[f"train_images_{kind}"] for kind in ("with_exact_label", "known_in_either_case")
    )  # fmt: skip
    assert facts["synthetic"] and facts["labels"] == "exact"


def test_run_twice_it_writes_the_same_bytes(archive, processed, tmp_path):
    preprocess(archive, tmp_path)
    for name in ("train.pt", "test.pt", "manifest.json", "standardized_labels.png"):
        assert (tmp_path / name).read_bytes() == (processed / name).read_bytes()


def test_pictures_go_beside_the_data_unless_told_otherwise(archive, processed, tmp_path):
    pictures = {"standardized_labels.png", "unstandardized_labels.png"}
    assert {path.name for path in processed.glob("*.png")} == pictures
    preprocess(archive, tmp_path / "data", "--images", str(tmp_path / "pictures"))
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == pictures
    assert not list((tmp_path / "data").glob("*.png"))


def test_by_default_nothing_is_written_to_the_projects_images(archive, monkeypatch, tmp_path):
    """Those are committed, of the real archive."""
    args = data_preprocessing.get_args_parser().parse_args(["--root", str(archive)])
    assert args.images is None
    monkeypatch.chdir(tmp_path)
    data_preprocessing.main(args)
    written = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert written == {
        f"data/EMNIST/processed/{name}"
        for name in (
            *("train.pt", "test.pt", "manifest.json"),
            *("standardized_labels.png", "unstandardized_labels.png"),
        )
    }


def test_unpacked_files_in_a_read_only_folder_give_the_same(archive, processed, tmp_path):
    raw = tmp_path / "EMNIST" / "raw"
    shutil.copytree(archive / "EMNIST" / "raw", raw)
    for packed in raw.glob("*.gz"):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    before = sorted(raw.iterdir())
    raw.chmod(0o555)
    preprocess(tmp_path, tmp_path / "processed")
    raw.chmod(0o755)
    assert sorted(raw.iterdir()) == before
    new = tmp_path / "processed" / "train.pt"
    assert new.read_bytes() == (processed / "train.pt").read_bytes()


def test_an_archive_of_empty_files_replaces_nothing(processed, tmp_path):
    shutil.copytree(processed, tmp_path / "processed")
    for name in idx.official_names():
        shape = (0, 28, 28) if "images" in name else (0,)
        write_idx(tmp_path / f"{name}.gz", np.zeros(shape, dtype=np.uint8))
    with pytest.raises(HandwritingError, match=r"No image in .*emnist-byclass-train-images"):
        preprocess(tmp_path, tmp_path / "processed")
    for path in processed.iterdir():
        assert (tmp_path / "processed" / path.name).read_bytes() == path.read_bytes()


def relabel(root: Path, prefix: str, change) -> None:
    path = root / "EMNIST" / "raw" / f"{prefix}-labels-idx1-ubyte.gz"
    labels = np.frombuffer(gzip.decompress(path.read_bytes())[8:], dtype=np.uint8).copy()
    write_idx(path, change(labels))


def test_a_contradictory_image_is_left_out_counted_and_listed(drawn, tmp_path):
    # Twice as many images, so that one is not more than one in a thousand.
    images, classes = (np.concatenate([part, part]) for part in drawn)
    images = images.copy()
    images[len(drawn[0]) :, 0, 0] = 1
    write_archive(tmp_path, images, classes, seed=1, level=1)

    def contradict(labels):
        labels[0] = (labels[0] + 1) % 10
        return labels

    relabel(tmp_path, "emnist-digits-train", contradict)
    preprocess(tmp_path, tmp_path / "processed")
    facts = manifest(tmp_path / "processed")
    assert facts["contradictory_images"] == 1
    assert len(facts["contradictory_examples"][0]["labels"]) >= 2
    wrong = read_archive(tmp_path)[0][SPLITS.index("digits")].data[0]
    images, _ = prepared(tmp_path / "processed", "train")
    assert not (images == wrong).all(dim=(1, 2)).any()


def test_shuffled_labels_stop_the_stage_and_are_shown(archive, tmp_path):
    shutil.copytree(archive, tmp_path, dirs_exist_ok=True)
    relabel(tmp_path, "emnist-digits-train", lambda labels: labels[::-1])
    with pytest.raises(HandwritingError, match=r"contradictory labels.*digits train row \d+ says"):
        preprocess(tmp_path, tmp_path / "processed")
    assert not (tmp_path / "processed").exists()


def test_by_name_shows_the_leak_and_the_conflicts(archive, tmp_path, capsys):
    preprocess(archive, tmp_path, "--labels", "by-name")
    facts = manifest(tmp_path)
    _, labels = prepared(tmp_path, "train")
    assert len(labels) == sum(n for part, n in facts["rows"].items() if "train" in part)
    assert labels.max() < FIRST_EITHER_CASE
    assert facts["test_rows_in_training"] > 0.5 * facts["test_images"]
    assert facts["by_name_wrong_or_contradictory_rows"] > 0
    printed = capsys.readouterr().out
    assert f"{facts['test_rows_in_training']:,} test images in training" in printed
    assert "synthetic" in printed, "generated data should be labelled as such"


@pytest.fixture
def nist(archive, tmp_path, monkeypatch):
    """A web server on this machine that offers the small archive as NIST offers its own."""
    served = tmp_path / "served"
    served.mkdir()
    with zipfile.ZipFile(served / "gzip.zip", "w") as bundle:
        for path in (archive / "EMNIST" / "raw").glob("*.gz"):
            bundle.write(path, f"gzip/{path.name}")
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=served)
    handler.log_message = lambda *args: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        url = f"http://127.0.0.1:{server.server_port}/gzip.zip"
        monkeypatch.setattr(ArchiveSplit, "url", url)
        monkeypatch.setattr(ArchiveSplit, "md5", None)
        yield server
        server.shutdown()


def test_download_fetches_and_unpacks_the_archive(nist, tmp_path, processed):
    root = tmp_path / "fresh"
    preprocess(root, tmp_path / "processed", "--download")
    ours, _ = prepared(tmp_path / "processed", "train")
    expected, _ = prepared(processed, "train")
    assert torch.equal(ours, expected)


def test_a_download_with_a_wrong_checksum_is_refused(nist, tmp_path, monkeypatch):
    monkeypatch.setattr(ArchiveSplit, "md5", "0" * 32)
    with pytest.raises(HandwritingError, match=r"download of .* failed.*--synthetic"):
        preprocess(tmp_path / "fresh", tmp_path / "processed", "--download")


def test_a_failed_download_names_the_address_and_the_ways_out(tmp_path, monkeypatch):
    monkeypatch.setattr(ArchiveSplit, "url", "http://127.0.0.1:9/gzip.zip")
    with pytest.raises(HandwritingError) as caught:
        preprocess(tmp_path, tmp_path / "processed", "--download")
    for word in ("http://127.0.0.1:9/gzip.zip", "by hand", "--root gzip.zip", "--synthetic"):
        assert word in str(caught.value)


def test_a_generated_archive_takes_no_preparation(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data_preprocessing, "SYNTHETIC_IMAGES", 400)
    data_preprocessing.main(data_preprocessing.get_args_parser().parse_args(["--synthetic"]))
    assert manifest(tmp_path / "data" / "EMNIST" / "processed")["synthetic"]
    assert "synthetic" in capsys.readouterr().out
    assert not list((tmp_path / "data" / "EMNIST").glob("raw")), "NIST's folder is left alone"


@pytest.mark.slow
def test_the_real_archive_gives_a_clean_test_set(real_archive, tmp_path):
    preprocess(real_archive, tmp_path)
    facts = manifest(tmp_path)
    assert facts["test_rows_in_training"] == 0
    assert facts["contradictory_images"] == 0
    assert facts["test_images"] == 10_000
    assert facts["train_images"] + facts["test_images"] == facts["distinct_images"] == 284_029
    assert not facts["synthetic"]
    assert facts["by_name_images_with_different_labels"] > 1_000
