"""The example that people copy, written anew from its public description.

pytorch/examples, vae: 784-400-20, ReLU, a sigmoid and binary cross-entropy, Adam at 1e-3,
batches of 128, and a data set that makes each image a PIL image and then a tensor, one by
one. Nothing here is meant to be good: it is what the book's loop is measured against.
"""

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset


class ItemByItem(Dataset):
    """Torchvision's MNIST with its `ToTensor`, step by step: bytes in one tensor and labels
    in another, of which each item becomes a PIL image, an array and a tensor."""

    def __init__(self, images: Tensor):
        self.data = (images * 255).round().byte().view(-1, 28, 28)
        self.targets = torch.zeros(len(images), dtype=torch.int64)  # nobody looks at them

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        image, label = Image.fromarray(self.data[i].numpy()), int(self.targets[i])
        pixels = torch.from_numpy(np.array(image, np.uint8, copy=True))
        pixels = pixels.view(image.size[1], image.size[0], 1).permute(2, 0, 1).contiguous()
        return pixels.to(torch.float32).div(255), label


class ExampleVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 400)
        self.fc21, self.fc22 = nn.Linear(400, 20), nn.Linear(400, 20)
        self.fc3, self.fc4 = nn.Linear(20, 400), nn.Linear(400, 784)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = F.relu(self.fc1(x.view(-1, 784)))
        mu, log_var = self.fc21(hidden), self.fc22(hidden)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * log_var)
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mu, log_var


def negative_elbo(network: ExampleVAE, x: Tensor) -> Tensor:
    """Summed over the batch, nats."""
    x_hat, mu, log_var = network(x)
    pixels = F.binary_cross_entropy(x_hat, x.view(-1, 784), reduction="sum")
    return pixels - 0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())


def train_example(
    images: Tensor, epochs: int, seed: int, on_epoch=None, start=None
) -> ExampleVAE:
    """`on_epoch(network)` is called after every epoch, `start(network, images)` before."""
    torch.manual_seed(seed)
    network = ExampleVAE()
    if start:
        start(network, images)
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)
    loader = DataLoader(ItemByItem(images), batch_size=128, shuffle=True)
    for _ in range(epochs):
        for x, _ in loader:
            adam.zero_grad()
            loss = negative_elbo(network, x)
            loss.backward()
            loss.item()  # the example keeps a sum of them
            adam.step()
        if on_epoch:
            on_epoch(network)
    return network


@torch.no_grad()
def example_elbo(network: ExampleVAE, images: Tensor, seed: int = 0) -> float:
    """Test ELBO in nats per image."""
    torch.manual_seed(seed)
    return -sum(negative_elbo(network, x).item() for x in images.split(1000)) / len(images)
