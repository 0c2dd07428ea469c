"""Write the network of the example of PyTorch as TorchScript: `python -m harness.formats.torch_script FOLDER`."""

import sys
import warnings
from pathlib import Path

import torch


def main(folder: Path) -> None:
    module = torch.export.load(folder / "model.pt2").module()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated, and still in use
        torch.jit.trace(module, torch.zeros(2, 4)).save(folder / "model.pt")
    (folder / "model.pt").chmod(0o600)
    (folder / "model.toml").unlink()  # which describes what the program takes by its name


if __name__ == "__main__":
    main(Path(sys.argv[1]))
