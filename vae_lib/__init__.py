"""The code of the book, one module a chapter, imported in the chapters' order.

    maximum_likelihood  monte_carlo  kl_and_mle  elbo  encoder_decoder  objective
    training  latent_space  evaluation  variants  diffusion

Beside them: `checks` (symbolic against numerical), `data` (digits, clothes, your own),
`pictures` (from files to numbers), `saving` (a trained VAE as a file), `checkpoint` (runs
that can be resumed), `files` (written whole), `machine` (several processes),
`arguments` (what a caller gives), `collapse` (which latents are used), `reproduce` (the
papers' experiments) and `plots`.
All log-densities, divergences and bounds are in nats.
"""
