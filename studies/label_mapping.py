"""Errors of mapping EMNIST's labels by their printed names: stage 1 with both mappings.

    python -m studies.label_mapping --root ../shared

Stage 1 writes to temporary folders: with exact labels and by name for the archive, and by name for
the generated one. Prints the manifests. With --save: stage1_exact_manifest.json,
stage1_by-name_manifest.json and stage1_synthetic_by-name_manifest.json.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from data_preprocessing import SYNTHETIC_IMAGES, prepare
from handwriting.cli import command_line, make_measuring_parser, report_measured, run_script
from handwriting.synthesis.emnist_archive import draw_characters, write_archive
from studies.common import FIGURES


def measure(root: Path, synthetic_images: int) -> dict[str, dict[str, Any]]:
    """The manifests by file name.

    Args:
        root: folder that holds EMNIST/raw.
        synthetic_images: number of images of the generated archive.
    """
    with tempfile.TemporaryDirectory() as folder:
        generated = Path(folder) / "generated"
        write_archive(generated, *draw_characters(synthetic_images, seed=0), seed=0)
        return {
            "stage1_exact_manifest.json": prepare(root, Path(folder) / "exact"),
            "stage1_by-name_manifest.json": prepare(
                root, Path(folder) / "by-name", labels="by-name"
            ),
            "stage1_synthetic_by-name_manifest.json": prepare(
                generated, Path(folder) / "synthetic", labels="by-name"
            ),
        }


def get_args_parser() -> argparse.ArgumentParser:
    """The command line of this study."""
    parser = make_measuring_parser(__doc__, FIGURES, synthetic_images=300)
    add = parser.add_argument
    add("--root", type=Path, default=Path("data"), help="folder that holds EMNIST/raw/")
    add("--synthetic-images", type=int, default=SYNTHETIC_IMAGES, help="images to generate")
    return parser


def main(args: argparse.Namespace) -> None:
    """Run stage 1 three times and print the manifests."""
    manifests = measure(args.root, args.synthetic_images)
    for name, manifest in manifests.items():
        report_measured(args, name, manifest | {"command": command_line()})


if __name__ == "__main__":
    raise SystemExit(run_script(lambda: main(get_args_parser().parse_args())))
