"""Tensors and a record that belongs to them, in one sealed safetensors file without pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from harmonium.exceptions import DamagedFileError
from harmonium.seals import is_sealed, seal, to_json

# one entry of the metadata, as safetensors writes several in any order
_RECORD = "harmonium"


def pack(tensors: Mapping[str, torch.Tensor], record: dict[str, Any], what: str) -> bytearray:
    """Return the content of a file.

    Parameters
    ----------
    tensors : mapping of str to Tensor
    record : dict
        Of what JSON can hold.
    what : str
        Names the record in the InvalidInputError for what JSON cannot hold.
    """
    return seal(save({key: value.contiguous() for key, value in tensors.items()}, {_RECORD: to_json(record, what)}))


def unpack(content: bytes, path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any], bool]:
    """Read a file's content.

    Returns
    -------
    tensors : dict of str to Tensor
    record : dict
        Of a file that an earlier version wrote, its metadata as they are: texts.
    is_of_now : bool
        Whether the record is sealed with the tensors.

    Raises
    ------
    DamagedFileError
        If the content is not what was written.
    """
    has_seal = is_sealed(content, path)
    try:
        with torch.device("cpu"):  # it makes a tensor without values on the default device
            tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        metadata = header.get("__metadata__") or {}
        if _RECORD not in metadata:
            return tensors, metadata, False
        record = dict(json.loads(metadata[_RECORD]))
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DamagedFileError(f"{path} is damaged: {' '.join(f'{error}'.split())}") from error
    if not has_seal:
        raise DamagedFileError(f"{path} is damaged: its checksum is missing")
    return tensors, record, True
