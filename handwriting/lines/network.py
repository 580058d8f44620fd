"""Network of the text-line model: images 40 pixels high to CTC outputs every four columns."""

import torch
import torch.nn.functional as F
from torch import nn

from handwriting.alphabet import NUM_OUTPUTS
from handwriting.imaging.line import HEIGHT
from models import ResidualUnit, conv_unit

COLUMNS_PER_STEP = 4


class LineReader(nn.Module):
    """Residual convolutions and a bidirectional LSTM, with CTC outputs.

    Input float (N, channels, 40, width) in 0..1, white ink on black. Output float (N, steps,
    outputs), logits of the blank and of the characters of `handwriting.alphabet`. In training
    mode the output is (2, N, steps, outputs); the second part are logits of the convolutions alone
    ("CTC shortcut", Retsinas et al. 2022).

    Args:
        width: channels of the first convolution; later ones have multiples of it.
        hidden: LSTM units of each layer in each direction.
        layers: LSTM layers.
        channels: of the input image, 1 or 3.
    """

    def __init__(
        self, width: int = 32, hidden: int = 256, layers: int = 1, channels: int = 1
    ) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            *conv_unit(channels, width, kernel=5, stride=(2, 2)),
            ResidualUnit(width),
            *conv_unit(width, 2 * width, stride=(2, 2)),
            ResidualUnit(2 * width),
            *conv_unit(2 * width, 4 * width, stride=(2, 1)),
            ResidualUnit(4 * width),
            ResidualUnit(4 * width),
            nn.Conv2d(
                4 * width, 8 * width, kernel_size=(HEIGHT // 8, 3), padding=(0, 1), bias=False
            ),
            nn.BatchNorm2d(8 * width),
            nn.ReLU(inplace=True),
        )
        self.dropout = nn.Dropout(0.2)
        self.lstm = nn.LSTM(
            8 * width,
            hidden,
            num_layers=layers,
            batch_first=True,
            dropout=0.2 if layers > 1 else 0.0,
            bidirectional=True,
        )
        self.outputs = nn.Linear(2 * hidden, NUM_OUTPUTS)
        self.shortcut = nn.Conv1d(8 * width, NUM_OUTPUTS, kernel_size=3, padding=1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits of each step."""
        # No copy where the images are channels last (memory_format).
        columns = self.convolutions(pictures).squeeze(2).transpose(1, 2).contiguous()
        columns = self.dropout(columns)
        context, _ = self.lstm(columns)
        logits = self.outputs(self.dropout(context))
        if not self.training:
            return logits
        return torch.stack((logits, self.shortcut(columns.transpose(1, 2)).transpose(1, 2)))


def steps_of(widths: torch.Tensor) -> torch.Tensor:
    """int64, number of steps of images of these widths in pixels."""
    return (widths + COLUMNS_PER_STEP - 1) // COLUMNS_PER_STEP


def pad(
    pictures: list[torch.Tensor], width_step: int = COLUMNS_PER_STEP
) -> tuple[torch.Tensor, torch.Tensor]:
    """Batch images of different widths, padded with black on the right.

    Args:
        pictures: uint8 (40, width) or (40, width, channels) each, at least one.
        width_step: the batch's width is a multiple of it.

    Returns:
        float32 (N, channels, 40, widest) in 0..1, channels last; and int64 (N,), the widths.
    """
    widths = torch.tensor([picture.shape[1] for picture in pictures])
    widest = -(-int(widths.max()) // width_step) * width_step
    layers = [picture.reshape(*picture.shape[:2], -1) for picture in pictures]
    batch = torch.stack([F.pad(p, (0, 0, 0, widest - p.shape[1])) for p in layers])
    floats = batch.permute(0, 3, 1, 2).to(torch.float32).div_(255)
    return floats.contiguous(memory_format=torch.channels_last), widths
