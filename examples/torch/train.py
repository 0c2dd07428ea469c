"""Train a network of PyTorch on iris, export it with any number of rows, and save it as model.pt2."""

from pathlib import Path

import torch
from sklearn.datasets import load_iris

HERE = Path(__file__).parent


def main() -> None:
    torch.manual_seed(0)
    flowers, species = load_iris(return_X_y=True)
    x, y = torch.tensor(flowers, dtype=torch.float32), torch.tensor(species)
    network = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(200):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(x), y).backward()
        optimizer.step()
    model = torch.nn.Sequential(network, torch.nn.Softmax(dim=1)).eval()
    program = torch.export.export(model, (x[:2],), dynamic_shapes=({0: torch.export.Dim("rows")},))
    torch.export.save(program, HERE / "model.pt2")
    print(f"trained {HERE / 'model.pt2'} on {len(x)} flowers")


if __name__ == "__main__":
    main()
