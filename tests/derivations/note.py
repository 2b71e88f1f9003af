"""The source note's formulas, corrected, in the note's own notation; and its mistakes."""
# ruff: noqa: E501 (a formula stays on its line)

CORRECT = {
    # label: LaTeX
    "product": r"p_{\theta}(\mathcal{D}) = \prod_{n=1}^{N} p_{\theta}(x^{(n)})",
    "mle": r"\begin{align*} \hat{\theta} &= \underset{\theta}{\mathrm{\argmax}} \; p_{\theta}(\mathcal{D}) \\ &= \underset{\theta}{\mathrm{\argmax}} \; \log_e p_{\theta}(\mathcal{D})\end{align*}",
    "mc": r"\begin{align*} \mathbb{E}_{p_{*}(x)} [f(x)] &= \int p_{*}(x) f(x) \; dx \\ &\approx \dfrac{1}{N} \sum_{n=1}^N f(x^{(n)}) \;\;\;\;\;(x^{(n)} \sim p_{*}(x)) \end{align*}",
    "kl": r"D_{\text{KL}}(p_{*} \; \vert\vert \; p_{\theta}) = \int p_{*}(x) \log \dfrac{p_{*}(x)}{p_{\theta}{(x)}} dx",
    "f": r"f(x) = \log \dfrac{p_{*}(x)}{p_{\theta}(x)}",
    "klmc": r"\begin{align*} D_{\text{KL}}(p_{*} \; \vert\vert \; p_{\theta}) &= \int p_{*}(x) \log \dfrac{p_{*}(x)}{p_{\theta}{(x)}} dx \\ &\approx \dfrac{1}{N} \sum_{n=1}^{N} \log \dfrac{p_{*}(x^{(n)})}{p_{\theta} {(x^{(n)})}} \;\;\;\;\;(x^{(n)} \sim p_{*}(x)) \\ &= \dfrac{1}{N} \sum_{n=1}^{N} \left( \log p_{*}(x^{(n)}) - \log p_{\theta}(x^{(n)}) \right) \end{align*}",
    "argmin": r"\begin{align*} \hat{\theta} &= \underset{\theta}{\mathrm{\argmin}} \; D_{\text{KL}}(p_{*} \; \vert\vert \; p_{\theta}) \\ &\approx \underset{\theta}{\mathrm{\argmin}} \; \dfrac{1}{N} \sum_{n=1}^{N} \left( \log p_{*}(x^{(n)}) - \log p_{\theta}(x^{(n)}) \right) \;\;\;(x^{(n)} \sim p_{*}(x)) \\ &= \underset{\theta}{\mathrm{\argmin}} \; -\dfrac{1}{N} \sum_{n=1}^{N} \log p_{\theta}(x^{(n)}) \\ &= \underset{\theta}{\mathrm{\argmin}} \; -\sum_{n=1}^{N} \log p_{\theta}(x^{(n)}) \\ &= \underset{\theta}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \log p_{\theta}(x^{(n)}) \\ &= \underset{\theta}{\mathrm{\argmax}} \; \log p_{\theta}(\mathcal{D})\end{align*}",
    "vae": r"\begin{align*} \hat{\theta} &= \underset{\theta}{\mathrm{\argmax}} \; \log p_{\theta}(\mathcal{D}) \\ &= \underset{\theta}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \log p_{\theta}(x^{(n)}) \\ &= \underset{\theta}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \left( \int q(z) dz \right) \log p_{\theta}(x^{(n)}) \\ &= \underset{\theta}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \int q(z) \log p_{\theta}(x^{(n)}) dz  \\ &= \underset{\theta}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \int q(z) \log \dfrac{p_{\theta}(x^{(n)}, z)}{p_{\theta}(z \; | \; x^{(n)})} dz \\ &= \underset{\theta}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \int q(z) \log \dfrac{p_{\theta}(x^{(n)}, z)}{p_{\theta}(z \; | \; x^{(n)})} \dfrac{q(z)}{q(z)} dz \\ &= \underset{\theta}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \left( \int q(z) \log \dfrac{p_{\theta}(x^{(n)}, z)}{q(z)} dz + \int q(z) \log \dfrac{q(z)}{p_{\theta}(z \; | \; x^{(n)})} dz \right) \\ &= \underset{\theta}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \left( \int q(z) \log \dfrac{p_{\theta}(x^{(n)}, z)}{q(z)} dz + D_{\text{KL}}(q(z) \; \vert\vert \; p_{\theta}(z | x^{(n)})) \right) \end{align*}",
    "bound": r"\log p_{\theta}(x) \geq \int q(z) \log \dfrac{p_{\theta}(x, z)}{q(z)} dz",
    "bound-data": r"\log p_{\theta}(\mathcal{D}) \geq \sum_{n=1}^{N} \int q(z) \log \dfrac{p_{\theta}(x^{(n)}, z)}{q(z)} dz",
    "decoder": r"\begin{align*} p(z) &= \mathcal{N}(z; \mathbf{0}, \mathbf{I}) \\ \hat{x} &= \text{NeuralNet}(z; \theta) \\ p_{\theta}(x \vert z) &= \mathcal{N}(x; \hat{x}, \mathbf{I}) \end{align*}",
    "decoder-n": r"\begin{align*} p_{\theta}(x^{(n)} \vert z) &= \mathcal{N}(x^{(n)}; \hat{x}, \mathbf{I}) \end{align*}",
    "encoder": r"\begin{align*} \mu, \sigma &= \text{NeuralNet}(x; \phi) \\ q_{\phi}(z \; | \; x) &= \mathcal{N}(z; \mu, \mathrm{diag}(\sigma^2)) \end{align*}",
    "q": r"q(z) = q_{\phi}(z | x^{(n)})",
    "objective": r"\begin{align*} \sum_{n=1}^{N} \text{ELBO}(x^{(n)}; \; \theta, \phi) = \sum_{n=1}^{N} \int q_{\phi}(z | x^{(n)}) \log \dfrac{p_{\theta}(x^{(n)}, z)}{q_{\phi}(z | x^{(n)})} dz \\ \end{align*}",
    "problem": r"""\begin{align*} \theta, \phi &= \underset{\theta, \; \phi}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \text{ELBO}(x^{(n)}; \; \theta, \phi) \\ &= \underset{\theta, \; \phi}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \int q_{\phi}(z | x^{(n)}) \log \dfrac{p_{\theta}(x^{(n)}, z)}{q_{\phi}(z | x^{(n)})} dz \\ &\approx \underset{\theta, \; \phi}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \left[ -\dfrac{1}{2} \sum_{d=1}^D (x_d^{(n)} - \hat{x}_d^{(n)})^2 +\dfrac{1}{2} \sum_{h=1}^{H} (1 + \log (\sigma_{h}^{(n)})^2 - (\mu_{h}^{(n)})^2 - (\sigma_{h}^{(n)})^2) + \text{const} \right] \;\; (z^{(n)} \sim q_{\phi}(z | x^{(n)})) \\ &= \underset{\theta, \; \phi}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \left[ -\dfrac{1}{2} \sum_{d=1}^D (x_d^{(n)} - \hat{x}_d^{(n)})^2 +\dfrac{1}{2} \sum_{h=1}^{H} (1 + \log (\sigma_{h}^{(n)})^2 - (\mu_{h}^{(n)})^2 - (\sigma_{h}^{(n)})^2) \right] \end{align*}""",
    "elbo": r"\begin{align*} \text{ELBO}(x; \; \theta, \phi) &= \int q_{\phi}(z | x) \log \dfrac{p_{\theta}(x, z)}{q_{\phi}(z | x)} dz \\ &= \int q_{\phi}(z | x) \log \dfrac{p_{\theta}(x \vert z) p(z)}{q_{\phi}(z \vert x)} dz \\ &= \int q_{\phi}(z | x) \log p_{\theta}(x \vert z) dz + \int q_{\phi}(z | x) \log \dfrac{ p(z)}{q_{\phi}(z \vert x)} dz \\ &= \int q_{\phi}(z | x) \log p_{\theta}(x \vert z) dz - \int q_{\phi}(z | x) \log \dfrac{q_{\phi}(z \vert x)}{p(z)} dz \\ &= \mathbb{E}_{q_{\phi}(z | x)}[\log p_{\theta}(x \vert z)] - D_{\text{KL}}(q_{\phi}(z \vert x) \; \vert\vert \; p(z)) \\ \end{align*}",
    "reconstruction": r"""% given: z \sim q_{\phi}(z | x)
\begin{align*} \mathbb{E}_{q_{\phi}(z | x)}[\log p_{\theta}(x \vert z)] &\approx \log \mathcal{N}(x; \hat{x}, \mathbf{I}) \\ &= \log \left( \dfrac{1}{\sqrt{(2\pi)^D \vert \mathbf{I} \vert}} \exp \left( -\dfrac{1}{2}(x - \hat{x})^\top \mathbf{I}^{-1} (x - \hat{x})
  \right) \right) \\ &= -\dfrac{1}{2}(x - \hat{x})^\top (x - \hat{x}) + \log \dfrac{1}{\sqrt{(2\pi)^D}} \\ &= -\dfrac{1}{2} \sum_{d=1}^D (x_d - \hat{x}_d)^2 + \text{const} \end{align*}""",
    "gaussian-kl": r"\begin{align*} D_{\text{KL}}(q_{\phi}(z \vert x) \; \vert\vert \; p(z)) &= D_{\text{KL}}(\mathcal{N}(z; \mu, \mathrm{diag}(\sigma^2)) \; \vert\vert \; \mathcal{N}(z; \mathbf{0}, \mathbf{I})) \\ &= -\dfrac{1}{2} \sum_{h=1}^{H} (1 + \log \sigma_{h}^2 - \mu_{h}^2 - \sigma_{h}^2) \end{align*}",
    "final": r"""% given: z \sim q_{\phi}(z | x)
\begin{align*} \text{ELBO}(x; \; \theta, \phi) &= \mathbb{E}_{q_{\phi}(z | x)}[\log p_{\theta}(x \vert z)] - D_{\text{KL}}(q_{\phi}(z \vert x) \; \vert\vert \; p(z)) \\ &\approx -\dfrac{1}{2} \sum_{d=1}^D (x_d - \hat{x}_d)^2 +\dfrac{1}{2} \sum_{h=1}^{H} (1 + \log \sigma_{h}^2 - \mu_{h}^2 - \sigma_{h}^2) + \text{const} \end{align*}""",
}


# What the note says, and a word that the message must hold.
WRONG = {
    "lost sample index": (
        r"""\begin{align*} D_{\text{KL}}(p_{*} \; \vert\vert \; p_{\theta}) &= \int p_{*}(x) \log \dfrac{p_{*}(x)}{p_{\theta}{(x)}} dx \\ &\approx \dfrac{1}{N} \sum_{n=1}^{N} \log \dfrac{p_{*}(x)}{p_{\theta} {(x)}} \;\;\;\;\;(x^{(n)} \sim p_{*}(x)) \end{align*}""",
        "expectation",
    ),
    "approximate argmin without samples": (
        r"\begin{align*} \hat{\theta} &= \underset{\theta}{\mathrm{\argmin}} \; D_{\text{KL}}(p_{*} \; \vert\vert \; p_{\theta}) \\ &\approx \underset{\theta}{\mathrm{\argmin}} \; \dfrac{1}{N} \sum_{n=1}^{N} \left( \log p_{*}(x^{(n)}) - \log p_{\theta}(x^{(n)}) \right) \end{align*}",
        "what is sampled",
    ),
    "inequality of maximisers": (
        r"\underset{\theta}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \log p_{\theta}(x^{(n)}) \geq \underset{\theta}{\mathrm{\argmax}} \; \sum_{n=1}^{N} \int q(z) \log \dfrac{p_{\theta}(x^{(n)}, z)}{q(z)} dz",
        "an inequality holds between values, not between maximisers",
    ),
    "vector sigma": (
        r"q_{\phi}(z \; | \; x) = \mathcal{N}(z; \mu, \sigma^2\mathbf{I})",
        "write \\mathrm{diag}",
    ),
    "index on one side": (
        r"p_{\theta}(x^{(n)} \vert z) = \mathcal{N}(x; \hat{x}, \mathbf{I})",
        "sample index (n)",
    ),
    "sign of the KL term": (
        r"""% given: z \sim q_{\phi}(z | x)
\text{ELBO}(x; \; \theta, \phi) \approx -\dfrac{1}{2} \sum_{d=1}^D (x_d - \hat{x}_d)^2 -\dfrac{1}{2} \sum_{h=1}^{H} (1 + \log \sigma_{h}^2 - \mu_{h}^2 - \sigma_{h}^2) + \text{const}""",
        "had the other sign",
    ),
    "hat over d": (
        r"""\log \mathcal{N}(x; \hat{x}, \mathbf{I}) = -\dfrac{1}{2} \sum_{d=1}^D (x_d - \hat{d}_d)^2 + \text{const}""",
        "did you mean \\hat{x}",
    ),
    "one sample, unsaid": (
        r"\mathbb{E}_{q_{\phi}(z | x)}[\log p_{\theta}(x \vert z)] \approx \log \mathcal{N}(x; \hat{x}, \mathbf{I})",
        "what is sampled",
    ),
    "unreadable hat": (r"\hat_{\theta} = \theta", "cannot stand here"),
}
