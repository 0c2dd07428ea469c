"""How several models are recognised and wired together."""
