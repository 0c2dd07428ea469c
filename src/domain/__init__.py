"""What a prediction, a key and a hit are; the ports; the use case. Standard library and numpy only."""
