"""Modules of PyTorch that code defines, with weights that torch.save wrote."""
