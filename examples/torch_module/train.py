"""Train the network of net.py on iris, and save nothing but its weights as weights.pt."""

from pathlib import Path

import torch
from net import Flowers
from sklearn.datasets import load_iris

HERE = Path(__file__).parent


def main() -> None:
    torch.manual_seed(0)
    flowers, species = load_iris(return_X_y=True)
    x, y = torch.tensor(flowers, dtype=torch.float32), torch.tensor(species)
    network = Flowers()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(200):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network.layers(x), y).backward()
        optimizer.step()
    torch.save(network.state_dict(), HERE / "weights.pt")
    print(f"trained {HERE / 'weights.pt'} on {len(x)} flowers")


if __name__ == "__main__":
    main()
