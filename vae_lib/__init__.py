"""The code of the book, one module a chapter, imported in the chapters' order.

    maximum_likelihood  monte_carlo  kl_and_mle  elbo  encoder_decoder  objective
    training  latent_space  evaluation

Beside them: `checks` (symbolic against numerical), `data` (MNIST), `checkpoint` (runs that
can be resumed), `machine` (several processes), `collapse` (which latents are used),
`reproduce` (the papers' experiments), `plots`, and `explorers` (figures that a reader
moves).
All log-densities, divergences and bounds are in nats.
"""
