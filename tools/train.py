"""Train a VAE on MNIST from the command line, in one process or in several.

    python tools/train.py
    torchrun --nproc-per-node 2 tools/train.py

Several processes share every batch, so the run is the same up to the noise in epsilon.
The backend is nccl where there are GPUs, gloo elsewhere.
"""

import argparse
import json
import os

import torch
from torch import Tensor, distributed

from vae_lib.checkpoint import CheckpointError
from vae_lib.data import load_mnist
from vae_lib.encoder_decoder import VAE
from vae_lib.objective import mean_elbo
from vae_lib.training import TrainingError, train


def arguments() -> argparse.ArgumentParser:
    """The defaults were chosen on 5,000 held-out images, for a good ELBO soon: one hidden
    layer and few epochs. `benchmarks/training.py` measures just these."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--z-dim", type=int, default=20)
    parser.add_argument("--hidden", type=int, nargs="+", default=[256])
    parser.add_argument("--learning-rate", type=float, default=1.2e-2)
    parser.add_argument(
        "--precision", default="medium", choices=["highest", "high", "medium"],
        help="of matrix products; 'medium' allows bfloat16, where that is fast",
    )  # fmt: skip
    parser.add_argument("--images", type=int, default=60_000, help="how many to train on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", help="a file; if it exists, the run goes on")
    return parser


def make(given: argparse.Namespace, images: Tensor) -> VAE:
    """The network, at a start from which it need not learn the average image."""
    vae = VAE(images.shape[-1], given.z_dim, given.hidden)
    vae.decoder.start_at(images.mean(dim=0))
    return vae


def main() -> None:
    parser = arguments()
    given = parser.parse_args()
    try:
        run(given)
    except (ValueError, CheckpointError, TrainingError) as error:
        parser.error(str(error))


def run(given: argparse.Namespace) -> None:
    """Train, and print the ELBO of the test images."""
    several = "RANK" in os.environ  # set by torchrun
    device = "cpu"
    if torch.cuda.is_available():
        device = f"cuda:{os.environ.get('LOCAL_RANK', 0)}"
        torch.cuda.set_device(device)
    if several:
        distributed.init_process_group("nccl" if device != "cpu" else "gloo")
    torch.manual_seed(given.seed)
    torch.set_float32_matmul_precision(given.precision)
    data = load_mnist()
    if not 1 <= given.images <= len(data.train_images):
        raise ValueError(f"--images lies between 1 and {len(data.train_images)}")
    images = data.train_images[: given.images]
    vae = make(given, images).to(device)
    train(
        vae, images.to(device), epochs=given.epochs,
        batch_size=given.batch_size, learning_rate=given.learning_rate, seed=given.seed,
        checkpoint=given.checkpoint,
    )  # fmt: skip
    if not several or distributed.get_rank() == 0:
        torch.set_float32_matmul_precision("highest")
        elbo = mean_elbo(vae, data.test_images.to(device))
        print(json.dumps({"test_elbo": elbo} | vars(given)))
    if several:
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
