"""What every stage says about itself: which it is, what it reads and writes, what comes next."""

from pathlib import Path

TITLES = (
    "gather the six EMNIST splits",
    "split 90 to 10",
    "train a network",
    "evaluate on the test set",
)


def announce(stage: int, reads: Path | str, writes: Path | str) -> None:
    """Print which stage of four this is, and its input and output."""
    print(f"Stage {stage} of {len(TITLES)}: {TITLES[stage - 1]}")
    print(f"  reads  {reads}\n  writes {writes}", flush=True)


def finish(next_command: str | None) -> None:
    """Print the command that comes next; ``None`` after the last stage."""
    print(f"next: {next_command}" if next_command else "That was the last stage.")
