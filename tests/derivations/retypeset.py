"""The same statements, typed in other ways that mathematicians use."""
# ruff: noqa: E501 (a formula stays on its line)

KL = r"\int q(z) \log \frac{q(z)}{p(z)} \, dz"
RETYPESET = [
    # KL
    r"D_{\mathrm{KL}}(q(z) \,\|\, p(z)) = " + KL,
    r"D_{\text{KL}}(q(z) \| p(z)) = " + KL,
    r"D_{KL}(q(z) \parallel p(z)) = " + KL,
    r"\mathrm{KL}(q(z) \,\Vert\, p(z)) = " + KL,
    r"\mathrm{KL}\left( q(z) \,\middle\|\, p(z) \right) = " + KL,
    r"\operatorname{KL}\bigl( q(z) \bigm\| p(z) \bigr) = " + KL,
    r"D_\mathrm{KL}\left(q(z)\;\vert\vert\;p(z)\right) = " + KL,
    r"D_{\mathrm{KL}}\Big(q(z)\,||\,p(z)\Big) = " + KL,
    r"D_{\mathrm{KL}}(q \,\|\, p) = \mathbb{E}_{q(x)}[\log q(x) - \log p(x)]",
    r"D_{\mathrm{KL}}(p_* \| p_\theta) = \mathbb{E}_{x \sim p_*}\left[\log \frac{p_*(x)}{p_\theta(x)}\right]",
    # integrals
    r"D_{\mathrm{KL}}(q(z) \| p(z)) = \int q(z) \left[ \log q(z) - \log p(z) \right] dz",
    r"D_{\mathrm{KL}}(q(z) \| p(z)) = - \int q(z) \ln \frac{p(z)}{q(z)} \mathrm{d}z",
    r"D_{\mathrm{KL}}(q(z) \| p(z)) = \int \left( \log \frac{q(z)}{p(z)} \right) q(z) \; dz",
    r"D_{\mathrm{KL}}(q(z) \| p(z)) = \int_{-\infty}^{\infty} q(z) \log \frac{q(z)}{p(z)} dz",
    r"D_{\mathrm{KL}}(q(z) \| p(z)) = \int\!q(z) \bigl\{ \log q(z) - \log p(z) \bigr\} \mathrm{d} z",
    r"D_{\mathrm{KL}}(q(z) \| p(z)) = \int q(z) \log q(z) dz - \int q(z) \log p(z) dz",
    r"\int\int p_\theta(x, z) \, dz \, dx = 1",
    # conditioning
    r"\log p_{\theta}(x, z) = \log p_{\theta}(x \mid z) + \log p(z)",
    r"\log p_{\theta}(x, z) = \log p_{\theta}(x | z) + \log p(z)",
    r"\log p_{\theta}(x, z) = \log p_{\theta}(x \vert z) + \log p(z)",
    r"\log p_{\theta}(x, z) = \log p_{\theta}\left(x \,\middle|\, z\right) + \log p(z)",
    r"\log p_{\theta}(x, z) = \log p_{\theta}\bigl(x \bigm| z\bigr) + \log p(z)",
    r"\log p_\theta (x,z) = \log p (z) + \log p_\theta (x|z)",
    r"\log p_{\theta}(x, z) = \log \left[ p_{\theta}(x \mid z) p(z) \right]",
    r"\log p_{\theta}(x, z) = \log p_{\theta}(x \mid z) p(z)",
    r"\log p_{\theta}(x, z) = \log \{ p_{\theta}(x \mid z) \cdot p(z) \}",
    # argmax
    *(
        best + r" p_{\theta}(\mathcal{D}) = " + best + r" \log p_{\theta}(\mathcal{D})"
        for best in (
            r"\operatorname*{argmax}_{\theta}", r"\operatorname{argmax}_\theta",
            r"\underset{\theta}{\mathrm{argmax}}", r"\underset{\theta}{\operatorname{arg\,max}}",
            r"\arg\max_{\theta}", r"\arg \max_\theta", r"\argmax_{\theta} \;",
            r"\underset{\theta}{\mathrm{\argmax}} \;", r"\mathrm{argmax}_{\theta}",
        )
    ),
    # fractions, roots, brackets, signs
    r"\mathcal{N}(x; \mu, \sigma^2) = \frac{1}{\sqrt{2\pi\sigma^2}} \exp\left(-\frac{(x-\mu)^2}{2\sigma^2}\right)",
    r"\mathcal{N}(x; \mu, \sigma^2) = \frac1{\sqrt{2\pi}\,\sigma} e^{-\frac{(x-\mu)^2}{2\sigma^2}}",
    r"\mathcal{N}(x \mid \mu, \sigma^2) = (2\pi\sigma^2)^{-1/2} \exp\bigl\{-\tfrac12 (x-\mu)^2 / \sigma^2\bigr\}",
    r"\mathcal{N}(x; \mu, \sigma^2) = \dfrac{1}{\sqrt{2 \pi} \sigma} \exp \left[ -\dfrac{1}{2} \left( \dfrac{x - \mu}{\sigma} \right)^2 \right]",
    r"\log \mathcal{N}(x; \mu, \sigma^2) = -\frac{(\mu - x)^2}{2 \sigma^2} - \frac12 \log(2\pi) - \log \sigma",
    r"\log \mathcal{N}(x; \mu, \sigma^2) = -\frac{1}{2} \left( \log 2\pi\sigma^2 + \frac{x^2 - 2 x \mu + \mu^2}{\sigma^2} \right)",
    # sums, products, samples
    r"\log p_{\theta}(\mathcal{D}) = \sum_{n = 1}^N \log p_{\theta}(x^{(n)})",
    r"\log p_{\theta}(\mathcal{D}) = \sum\limits_{n=1}^{N} \left( \log p_{\theta}(x^{(n)}) \right)",
    r"\log p_{\theta}(x^{(1)}, \dots, x^{(N)}) = \log \prod_{n=1}^{N} p_{\theta}(x^{(n)})",
    r"\log p_{\theta}(\mathcal{D}) = \sum_{i=1}^{N} \log p_{\theta}(x^{(i)})",
    r"\mathbb{E}_{p_*(x)}[f(x)] \approx \frac1N \sum_{n=1}^N f(x^{(n)}), \quad x^{(n)} \sim p_*(x)",
    r"\mathbb{E}_{x \sim p_*(x)}[f(x)] \approx \sum_{n=1}^N \frac{f(x^{(n)})}{N} \qquad (x^{(n)} \sim p_*)",
    r"\mathbb{E}_{p_*}\big[f(x)\big] \approx N^{-1} \sum_{n=1}^N f(x^{(n)}) \;\;\; (x^{(n)} \sim p_{*}(x)).",
    # environments
    r"\begin{align*} p_\theta(x) &= \int p_\theta(x, z) dz \\[4pt] &= \int p_\theta(x \mid z) p(z) dz \end{align*}",
    r"\begin{align} p_\theta(x) &= \int p_\theta(x, z) dz \nonumber \\ &= \mathbb{E}_{p(z)}[p_\theta(x \mid z)] \label{e} \end{align}",
    r"p_\theta(x) = \int p_\theta(x, z) dz = \int p(z) p_\theta(x \mid z) dz.",
    "\\begin{aligned}\np_\\theta(x)\n  &= \\int p_\\theta(x, z)\\,dz % a remark\n  \\\\\n  &= \\int p(z)\\,p_\\theta(x|z)\\,dz\n\\end{aligned}",
    # vectors
    r"\log \mathcal{N}(x; \hat{x}, \mathbf{I}) = -\frac{1}{2} \lVert x - \hat{x} \rVert^2 - \frac{D}{2} \log 2\pi",
    r"\log \mathcal{N}(x; \hat{x}, I) = -\tfrac{1}{2} \|x - \hat{x}\|^2 - \tfrac{D}{2} \log (2\pi)" .replace("I)", r"\mathbf{I})"),
    r"\log \mathcal{N}(\mathbf{x}; \hat{\mathbf{x}}, \mathbf{I}) = -\frac{1}{2} (\mathbf{x} - \hat{\mathbf{x}})^\top (\mathbf{x} - \hat{\mathbf{x}}) + \text{const}",
]  # fmt: skip
