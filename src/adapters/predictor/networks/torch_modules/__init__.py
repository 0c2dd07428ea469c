"""Modules of PyTorch: those that code defines, with weights that torch.save wrote, and those of TorchScript."""
