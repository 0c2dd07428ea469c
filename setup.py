"""Which packages there are: all that have an __init__.py below src, which is itself the package foreseen."""

from setuptools import find_packages, setup

setup(packages=["foreseen", *(f"foreseen.{name}" for name in find_packages("src"))])
