"""What a new tensor is made with, because PyTorch's defaults are its user's to change."""

from __future__ import annotations

from typing import Any

import torch

SINGLE: dict[str, Any] = {"dtype": torch.float32, "device": "cpu"}
DOUBLE: dict[str, Any] = {"dtype": torch.float64, "device": "cpu"}
INTEGER: dict[str, Any] = {"dtype": torch.int64, "device": "cpu"}
