"""The file itself: who may change it, what it must be, how it is compressed."""
