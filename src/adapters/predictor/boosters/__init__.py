"""The gradient boosting libraries: columns of their models, and their Boosters as classifiers."""
