"""Train the models that the book's figures run, and write explorers/weights.

    python tools/make_explorer.py       the plane: about seven minutes on one core
    python tools/make_explorer.py ten   ten latents: about two minutes

The last 10,000 training images of MNIST choose among three seeds, as they chose the sizes,
the step size and the number of epochs. The test images are looked at once, at the end, when
the parameters are rounded as the figures have them.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from explorers.weights import FOLDER, TEN, save_vae
from vae_lib.data import load_mnist
from vae_lib.encoder_decoder import VAE
from vae_lib.monte_carlo import Estimate
from vae_lib.objective import elbo_terms
from vae_lib.training import train

PLANE = {"x_dim": 784, "z_dim": 2, "hidden": [128, 128, 128], "likelihood": "bernoulli"}
# As large as a page can take beside the plane.
TEN_LATENTS = PLANE | {"z_dim": 10, "hidden": [32]}
TRAINING = {
    "epochs": 60, "batch_size": 128, "learning_rate": 4e-3, "warm_up": 0.05,
    "dynamic_binarization": True,
}  # fmt: skip
SEEDS = (0, 1, 2)
SHORT = {"epochs": 30, "seeds": SEEDS[:1]}


@torch.no_grad()
def elbo_on(vae: VAE, images: torch.Tensor) -> Estimate:
    """Nats an image, from one z each; the standard error is over the images."""
    reconstruction, kl = elbo_terms(vae, images, torch.Generator().manual_seed(0))
    return Estimate.of(reconstruction - kl)


def main(
    model: dict = PLANE,
    folder: Path = FOLDER,
    *,
    epochs: int = TRAINING["epochs"],
    seeds: Sequence[int] = SEEDS,
) -> None:
    """Train one network a seed, and keep the one that the held-out images prefer."""
    training = TRAINING | {"epochs": epochs}
    torch.set_num_threads(1)
    data = load_mnist()
    images, held_out = data.train_images.split([50_000, 10_000])
    runs = {}
    for seed in seeds:
        torch.manual_seed(seed)
        vae = VAE(**model)
        *_, end = train(vae, images, validation_images=held_out, seed=seed, **training)
        runs[seed] = (end.validation_elbo, vae)
        print(f"seed {seed}: validation ELBO {end.validation_elbo:.2f} nats an image")
    seed = max(runs, key=lambda seed: runs[seed][0])
    validation_elbo, vae = runs[seed]
    # to float16 and back: the parameters as the figures have them
    elbo = elbo_on(vae.half().float(), data.test_images)
    measured = {
        "seed": seed,
        "validation_elbo": round(validation_elbo, 2),
        "test_elbo": round(elbo.value, 2),
        "test_elbo_standard_error": round(elbo.standard_error, 2),
    }
    save_vae(vae, model | training | measured, folder)
    print(f"seed {seed}: test ELBO {elbo.value:.2f} +/- {elbo.standard_error:.2f} nats")
    print(f"written to {folder}")


if __name__ == "__main__":
    main(TEN_LATENTS, TEN, **SHORT) if sys.argv[1:] == ["ten"] else main()
