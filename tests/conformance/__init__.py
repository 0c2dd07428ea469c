"""Checks of a server of the Open Inference Protocol, version 2: any server, with a small model."""
