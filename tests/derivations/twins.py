# ruff: noqa: E501 (a formula is not broken)
r"""How people write: true lines, and a false twin of each, by the habit that they show.

A row is (true, false, givens). The first must pass, the second must not; what the false
one says is wrong in every reading of its names.
"""

Row = tuple[str, str, tuple[str, ...]]


def twin(true: str, right: str, wrong: str, *given: str) -> Row:
    """The true line, and the same with one piece changed."""
    assert right in true, (right, true)
    return true, true.replace(right, wrong, 1), given


ELBO = r"\mathbb{E}_{q(z|x)}[\log p(x|z)] - D_{KL}(q(z|x) \| p(z))"
TWINS: dict[str, list[Row]] = {
    "the model without its parameters": [
        twin(r"\log p(x) \geq " + ELBO, r"\geq", r"\leq"),
        twin(r"\log p(x) \geq " + ELBO, r"p(z))", r"p(z|x))"),
        twin(r"p(x) = \int p(x|z) p(z) dz", r"p(z) dz", r"p(z|x) dz"),
        twin(r"p(x,z) = p(x|z) p(z)", "p(x|z)", "p(z|x)"),
        twin(r"p(z|x) = \frac{p(x|z) p(z)}{p(x)}", r"{p(x)}", r"{p(x,z)}"),
        twin(r"\log p(x) = \log \int p(x,z) dz", r"\log p(x)", r"p(x)"),
        twin(r"\log p(x) = " + ELBO + r" + D_{KL}(q(z|x) \| p(z|x))", "+ D", "- D"),
        twin(r"\log p(x) = \log p(x,z) - \log p(z|x)", "- ", "+ "),
        twin(r"\log p(x) = \mathbb{E}_{q(z|x)}\left[\log \frac{p(x,z)}{q(z|x)}\right] "
             r"+ D_{KL}(q(z|x) \| p(z|x))", r"q(z|x) \| p(z|x)", r"p(z|x) \| q(z|x)"),
        twin(r"p(x) = \mathbb{E}_{p(z)}[p(x|z)]", r"p(x) =", r"\log p(x) ="),
        twin(r"\log p(x) \geq \int q(z|x) \log \frac{p(x,z)}{q(z|x)} dz",
             "{p(x,z)}{q(z|x)}", "{q(z|x)}{p(x,z)}"),
        twin(r"\int q(z|x) \log p(x) dz = \log p(x)", "= ", "= 2 "),
        twin(r"p(x) = \mathbb{E}_{q(z|x)}\left[\frac{p(x|z) p(z)}{q(z|x)}\right]",
             "{q(z|x)}\\right", "{p(z)}\\right"),
    ],
    "capitals": [
        twin(r"P(X) = \int P(X|z) P(z) dz", "P(X|z)", "P(z|X)"),
        twin(r"\log P(X) \geq \mathbb{E}_{Q(z|X)}[\log P(X|z)] - D_{KL}(Q(z|X) \| P(z))",
             "- D", "+ D"),
        twin(r"P(Z|X) P(X) = P(X|Z) P(Z)", "P(X|Z)", "P(Z|X)"),
        twin(r"\log P(X) - D_{KL}[Q(z|X) \| P(z|X)] = \mathbb{E}_{z \sim Q}[\log P(X|z)] "
             r"- D_{KL}[Q(z|X) \| P(z)]", "P(X) - D", "P(X) + D"),
        twin(r"D_{KL}(Q(z) \| P(z)) = \mathbb{E}_{Q}[\log Q(z) - \log P(z)]", "- ", "+ "),
        twin(r"\log p_\theta(X) = \sum_{i=1}^{N} \log p_\theta(x_i)", r"\sum", r"\prod"),
        twin(r"\mathbb{E}_{Q}[f(z)] = \int Q(z) f(z) dz", "Q(z) f", "P(z) f"),
    ],
    "parameters behind a bar or a semicolon": [
        twin(r"p(x;\theta) = \int p(x|z;\theta) p(z) dz", "p(z) dz", "p(z|x) dz"),
        twin(r"p(x|\theta) = \int p(x,z|\theta) dz", "p(x,z", "p(z"),
        twin(r"p(x|\theta) = \int p(x|z,\theta) p(z) dz", "p(z) dz", "q(z) dz"),
        twin(r"\log p(x|\theta) \geq \mathbb{E}_{q(z|x,\phi)}[\log p(x|z,\theta)] "
             r"- D_{KL}(q(z|x,\phi) \| p(z))", r"\log p(x|z,\theta)", r"p(x|z,\theta)"),
        twin(r"\log p(x;\theta) = \log p(x,z;\theta) - \log p(z|x;\theta)",
             "p(z|x", "p(x|z"),
        twin(r"\log p(x;\theta) \geq \int q(z) \log \frac{p(x,z;\theta)}{q(z)} dz",
             r"\geq", r"\leq"),
        twin(r"\hat\theta = \arg\max_\theta \sum_{i=1}^{N} \log p(x^{(i)};\theta) "
             r"= \arg\max_\theta \prod_{i=1}^{N} p(x^{(i)};\theta)",
             r"\prod_{i=1}^{N} p", r"\prod_{i=1}^{N} -p"),
        twin(r"p(x|z;\theta) p(z) = p(z|x;\theta) p(x;\theta)", "p(z) =", "="),
        twin(r"D_{KL}(q(z|x;\phi) \| p(z|x;\theta)) = \log p(x;\theta) "
             r"- \mathbb{E}_{q(z|x;\phi)}[\log p(x,z;\theta) - \log q(z|x;\phi)]",
             r"- \log q", r"+ \log q"),
        twin(r"\log p_\phi(x) \geq \mathbb{E}_{q_\theta(z|x)}[\log p_\phi(x|z)] "
             r"- D_{KL}(q_\theta(z|x) \| p(z))", r"\geq", r"\leq"),
        twin(r"\log p_\psi(x) \geq \mathbb{E}_{q_\lambda(z|x)}[\log p_\psi(x|z)] "
             r"- D_{KL}(q_\lambda(z|x) \| p(z))", "- D", "+ D"),
    ],
    "bare densities": [
        twin(r"\mathbb{E}_q[f(z)] = \int q(z) f(z) dz", "q(z) f", "q(z)^2 f"),
        twin(r"\mathbb{E}_p[f(x)] = \int f(x) p(x) dx", "f(x) p", "f(x) q"),
        twin(r"D_{KL}(q \| p) = \int q(z) \log \frac{q(z)}{p(z)} dz",
             r"{q(z)}{p(z)}", "{p(z)}{q(z)}"),
        twin(r"D_{KL}(p \| q) = \int p(x) \log \frac{p(x)}{q(x)} dx", r"\int p", r"\int q"),
        twin(r"D_{KL}(q \| p) = \mathbb{E}_q\left[\log \frac{q(z)}{p(z)}\right]",
             "{q(z)}{p(z)}", "{p(z)}{q(z)}"),
        twin(r"D_{KL}(q \| p) = \mathbb{E}_q\left[\log \frac{q}{p}\right]", "= ", "= -"),
        twin(r"\log p_\theta(x) \geq \mathbb{E}_q[\log p_\theta(x,z) - \log q(z)]",
             r"\geq", r"\leq"),
        twin(r"\log p_\theta(x) \geq \mathbb{E}_q[\log p_\theta(x,z)] - \mathbb{E}_q[\log q(z)]",
             r"\log p_\theta(x,z)", r"p_\theta(x,z)"),
        twin(r"\log p_\theta(x) = \mathbb{E}_q\left[\log \frac{p_\theta(x,z)}{q(z)}\right] "
             r"+ D_{KL}(q \| p_\theta(z|x))", "+ ", "- "),
        twin(r"\log p(x) = \mathbb{E}_q\left[\log \frac{p(x,z)}{q(z)}\right] "
             r"+ D_{KL}(q \| p(z|x))", "p(z|x)", "p(z)"),
        twin(r"\log p(x) \geq \mathbb{E}_q[\log p(x|z)] - D_{KL}(q(z|x) \| p(z))",
             "- D", "+ D"),
        twin(r"\mathbb{E}_{z \sim q}[f(z)] = \int q(z) f(z) dz", "q(z) f", "p(z) f"),
        twin(r"\mathbb{E}_{z}[f(z)] = \int q(z) f(z) dz", "q(z) f", "q(z) z f"),
        twin(r"\mathbb{E}_{z}[f(z)] = \int p(z) f(z) dz", "p(z) f", "2 p(z) f"),
        twin(r"\log p(x) \geq \mathbb{E}_{z \sim q}[\log p(x|z)] - D_{KL}(q(z|x) \| p(z))",
             r"\log p(x|z)", r"p(x|z)"),
        twin(r"\log p(x) \geq \mathbb{E}[\log p(x|z)] - D_{KL}(q(z|x) \| p(z))",
             "- D", "+ D"),
        twin(r"\log p_\theta(x) - D_{KL}(q_\phi \| p_\theta(z|x)) = \mathbb{E}_{q_\phi}"
             r"[\log p_\theta(x|z)] - D_{KL}(q_\phi(z|x) \| p(z))", "(x) -", "(x) +"),
        twin(r"D_{KL}(q \| p) \geq 0", r"\geq", r"\leq"),
        twin(r"\mathbb{E}_{q}[\log q(z) - \log p(z)] \geq 0", r"\geq", r"\leq"),
        twin(r"\mathbb{E}_{x \sim p}[f(x)] = \mathbb{E}_{x \sim q}"
             r"\left[\frac{p(x)}{q(x)} f(x)\right]", "{p(x)}{q(x)}", "{q(x)}{p(x)}"),
        twin(r"D_{KL}(q \| p) = \log \frac{\sigma_p}{\sigma_q} + \frac{\sigma_q^2 + "
             r"(\mu_q - \mu_p)^2}{2 \sigma_p^2} - \frac{1}{2}", "- \\frac{1}{2}", "+ \\frac{1}{2}",
             r"q(z) := \mathcal{N}(z; \mu_q, \sigma_q^2)",
             r"p(z) := \mathcal{N}(z; \mu_p, \sigma_p^2)"),
    ],
    "the bound by its name": [
        twin(r"\log p_\theta(x) = \mathcal{L}(\theta,\phi;x) + D_{KL}(q_\phi(z|x) \| p_\theta(z|x))",
             "+ D", "- D"),
        twin(r"\log p(x) = \mathcal{L}(q) + D_{KL}(q(z) \| p(z|x))", "p(z|x)", "p(z)"),
        twin(r"\log p(x) \geq \mathcal{L}(x)", r"\geq", r"\leq"),
        twin(r"\mathrm{ELBO}(q) = \mathbb{E}_{q(z)}[\log p_\theta(x,z)] "
             r"- \mathbb{E}_{q(z)}[\log q(z)]", "- ", "+ "),
        twin(r"\mathrm{ELBO}(q) = \mathbb{E}_q[\log p(x,z)] - \mathbb{E}_q[\log q(z)]",
             "p(x,z)", "p(x|z)"),
        twin(r"\mathrm{ELBO} = \mathbb{E}_{q_\phi(z|x)}[\log p_\theta(x|z)] "
             r"- D_{KL}(q_\phi(z|x) \| p(z))", r"- D", "+ D"),
        twin(r"\mathcal{L}(\theta,\phi;x^{(i)}) = -D_{KL}(q_\phi(z|x^{(i)}) \| p(z)) "
             r"+ \mathbb{E}_{q_\phi(z|x^{(i)})}[\log p_\theta(x^{(i)}|z)]",
             r"_{q_\phi(z|x^{(i)})}", r"_{q_\phi(z|x)}"),
        twin(r"""\begin{align}
\mathcal{L}(\theta,\phi;x) &= \mathbb{E}_{q_\phi(z|x)}[\log p_\theta(x|z)] - D_{KL}(q_\phi(z|x) \| p(z)) \\
\log p_\theta(x) &\geq \mathcal{L}(\theta,\phi;x)
\end{align}""", r"\geq", r"\leq"),
        twin(r"""\mathcal{L} = \mathbb{E}_{q(z|x)}[\log p(x,z) - \log q(z|x)] \\
\log p(x) = \mathcal{L} + D_{KL}(q(z|x) \| p(z|x))""", "p(z|x))", "p(z))"),
        twin(r"\log p(x) - \mathcal{L}(\phi) = D_{KL}(q_\phi(z|x) \| p(z|x))", "- ", "+ "),
        twin(r"\log p(x) - \mathrm{ELBO} = D_{KL}(q(z|x) \| p(z|x))", "p(z|x)", "p(z)"),
        twin(r"\mathcal{L}(\theta) = \sum_{n=1}^{N} \log p_\theta(x^{(n)}) \\"
             "\n" r"\mathcal{L}(\theta) = \log \prod_{n=1}^{N} p_\theta(x^{(n)})",
             r"\log \prod", r"\prod"),
    ],
    "what is left out of a law": [
        twin(r"D_{KL}(q_\phi(z|x) \| \mathcal{N}(0,I)) = \frac{1}{2} \sum_{h=1}^{H} "
             r"(\mu_h^2 + \sigma_h^2 - 1 - \log \sigma_h^2)", "- 1 ", "+ 1 "),
        twin(r"D_{KL}(q(z|x) \| \mathcal{N}(0,I)) = D_{KL}(q(z|x) \| p(z))", "= ", "= 2 "),
        twin(r"p(z) = \mathcal{N}(z; 0, I)", "0, I", "0, 2 I"),
        twin(r"p(z) = \mathcal{N}(0, I)", "0, I", "0, 4 I"),
        twin(r"\log p(x) \geq \mathbb{E}_{q(z|x)}[\log p(x|z)] "
             r"- D_{KL}(q(z|x) \| \mathcal{N}(0,I))", "- D", "+ D"),
    ],
    "samples": [
        twin(r"\log p_\theta(\mathcal{D}) = \sum_{i=1}^{N} \log p_\theta(x_i)", r"\sum", r"\prod"),
        twin(r"\log \prod_{i=1}^{N} p(x_i) = \sum_{i=1}^{N} \log p(x_i)", r"\log p(x_i)", "p(x_i)"),
        twin(r"\mathbb{E}_{q_\phi(z|x)}[f(z)] \approx \frac{1}{K} \sum_{k=1}^{K} f(z_k), "
             r"\quad z_k \sim q_\phi(z|x)", r"\frac{1}{K} ", ""),
        twin(r"\mathbb{E}_{q(z|x)}[f(z)] \approx \frac{1}{K} \sum_{k=1}^{K} f(z^{(k)}), "
             r"\quad z^{(k)} \sim q(z|x)", r"z^{(k)} \sim q(z|x)", r"z^{(k)} \sim p(z)"),
        twin(r"\mathbb{E}_{p(x)}[f(x)] \approx \frac{1}{N} \sum_{i=1}^{N} f(x_i) "
             r"\quad (x_i \sim p(x))", r"\frac{1}{N} ", ""),
        twin(r"\mathbb{E}_{p(x)}[f(x)] \approx \frac{1}{N} \sum_{i=1}^{N} f(x^i) "
             r"\quad (x^i \sim p(x))", "f(x^i)", "f(x^i)^2"),
        twin(r"p(x) \approx \frac{1}{K} \sum_{k=1}^{K} p(x|z_k), \quad z_k \sim p(z)",
             "p(x) ", r"\log p(x) "),
        twin(r"p(x) \approx \frac{1}{K} \sum_{k=1}^{K} \frac{p(x,z_k)}{q(z_k|x)}, "
             r"\quad z_k \sim q(z|x)", "{q(z_k|x)}", "{p(z_k)}"),
        twin(r"\log p(x_i) \geq \mathbb{E}_{q(z|x_i)}[\log p(x_i|z)] - D_{KL}(q(z|x_i) \| p(z))",
             "- D", "+ D"),
        twin(r"\sum_i \log p(x_i) \geq \sum_i \left( \mathbb{E}_{q(z|x_i)}[\log p(x_i|z)] "
             r"- D_{KL}(q(z|x_i) \| p(z)) \right)", r"\geq", r"\leq"),
    ],
    "constants": [
        twin(r"\log \mathcal{N}(z; 0, 1) = -\frac{1}{2} z^2 + C", r"\frac{1}{2} ", ""),
    ],
    "entropies and information": [
        twin(r"H(q) = -\int q(z) \log q(z) dz", "= -", "= "),
        twin(r"H[q(z|x)] = -\mathbb{E}_{q(z|x)}[\log q(z|x)]", "= -", "= "),
        twin(r"H(p, q) = H(p) + D_{KL}(p \| q)", "+ D", "- D"),
        twin(r"H(p, q) = -\int p(x) \log q(x) dx", r"\log q", r"\log p"),
        twin(r"D_{KL}(q \| p) = H(q, p) - H(q)", "- H(q)", "- H(p)"),
        twin(r"\log p(x) \geq \mathbb{E}_{q(z|x)}[\log p(x,z)] + H(q(z|x))", "+ H", "+ 2 H"),
        twin(r"\mathrm{ELBO}(q) = \mathbb{E}_q[\log p(x,z)] + H(q)", "+ H", "- H"),
        twin(r"H(X) = -\int p(x) \log p(x) dx", "= -", "= "),
        twin(r"I(X;Z) = H(Z) - H(Z|X)", "- H", "+ H"),
        twin(r"I(X;Z) = H(X) - H(X|Z)", "H(X|Z)", "H(Z|X)"),
        twin(r"I(x;z) = \mathbb{E}_{p(x,z)}\left[\log \frac{p(x,z)}{p(x) p(z)}\right]",
             "{p(x) p(z)}", "{p(x)}"),
        twin(r"\mathbb{E}_{p(x)}[D_{KL}(q(z|x) \| p(z))] = I(x;z) + D_{KL}(q(z) \| p(z))",
             "+ D", "- D"),
        twin(r"\mathbb{E}_{p(x)}[D_{KL}(q(z|x) \| q(z))] = I(x;z)", "= ", "= 2 "),
        twin(r"\mathbb{E}_{p(x)}[D_{KL}(q(z|x) \| p(z))] = \mathbb{E}_{p(x)}"
             r"[D_{KL}(q(z|x) \| q(z))] + D_{KL}(q(z) \| p(z))", "+ D", "- D"),
    ],
    "a condition": [
        twin(r"\log p(x|y) \geq \mathbb{E}_{q(z|x,y)}[\log p(x|z,y)] "
             r"- D_{KL}(q(z|x,y) \| p(z|y))", "- D", "+ D"),
        twin(r"\log p(x|y) \geq \mathbb{E}_{q(z|x,y)}[\log p(x|z,y)] "
             r"- D_{KL}(q(z|x,y) \| p(z))", r"\log p(x|y)", r"\log p(x)"),
        twin(r"p(x|c) = \int p(x|z,c) p(z|c) dz", "p(x|z,c)", "p(x|z)"),
        twin(r"p_\theta(x|y) = \int p_\theta(x|z,y) p_\theta(z|y) dz",
             r"p_\theta(z|y)", r"p_\theta(z|x,y)"),
        twin(r"\log p_\theta(x|y) \geq \mathbb{E}_{q_\phi(z|x,y)}[\log p_\theta(x|z,y)] "
             r"- D_{KL}(q_\phi(z|x,y) \| p_\theta(z|y))", r"\geq", r"\leq"),
        twin(r"\log p(x|c) = \log p(x,z|c) - \log p(z|x,c)", "- ", "+ "),
        twin(r"p(z|x,y) = \frac{p(x|z,y) p(z|y)}{p(x|y)}", "p(z|y)}", "p(z|x,y)}"),
        twin(r"p(x|y) = \mathbb{E}_{p(z|y)}[p(x|z,y)]", "p(x|y) =", r"\log p(x|y) ="),
        twin(r"\log p(x|y) = \mathcal{L}(x,y) + D_{KL}(q(z|x,y) \| p(z|x,y))",
             "p(z|x,y)", "p(z|y)"),
        twin(r"\log p_\theta(x|c) \geq \mathbb{E}_{q_\phi(z|x,c)}[\log p_\theta(x|z,c)] "
             r"- D_{KL}(q_\phi(z|x,c) \| p(z))", "- D", "+ D"),
    ],
    "models stated with =": [
        twin(r"z = \mu_\phi(x) + \sigma_\phi(x) \odot \epsilon, \quad "
             r"\epsilon \sim \mathcal{N}(0,I)", r"\odot \epsilon,", r"\odot \epsilon^2,"),
        twin(r"z = \mu(x) + \sigma(x) \odot \epsilon, \quad \epsilon \sim \mathcal{N}(0,I)",
             r"\mu(x) + ", r"\mu(x) + 2 "),
        twin(r"z = \mu + \sigma \odot \epsilon, \quad \epsilon \sim \mathcal{N}(0,I), \quad "
             r"z \sim \mathcal{N}(\mu, \mathrm{diag}(\sigma^2))",
             r"\sigma \odot", r"\sigma^2 \odot"),
        twin(r"q_\phi(z|x) = \mathcal{N}(z; \mu_\phi(x), \mathrm{diag}(\sigma_\phi(x)^2))",
             r"_\phi(x)^2", r"_\phi(x)"),
        twin(r"p(x|z) = \mathcal{N}(x; \mu_\theta(z), I)", "I)", "2 I)"),
        twin(r"q(z) = \mathcal{N}(z; \mu, \sigma^2), \quad \mathbb{E}_q[z] = \mu",
             r"[z]", r"[z^2]"),
        twin(r"q(z) = \mathcal{N}(z; \mu, \sigma^2), \quad H(q) = \frac{1}{2} "
             r"\log (2 \pi e \sigma^2)", r"2 \pi e", r"2 \pi"),
    ],
    "chains": [
        twin(r"q(x_{1:T}|x_0) = \prod_{t=1}^{T} q(x_t|x_{t-1})",
             "q(x_t|x_{t-1})", "q(x_{t-1}|x_t)"),
        twin(r"p(x_{0:T}) = p(x_T) \prod_{t=1}^{T} p(x_{t-1}|x_t)", "p(x_T) ", ""),
        twin(r"p_\theta(x_{0:T}) = p(x_T) \prod_{t=1}^{T} p_\theta(x_{t-1}|x_t)",
             "{t=1}", "{t=2}"),
        twin(r"p_\theta(x_0) = \int p_\theta(x_{0:T}) dx_{1:T}", r"{0:T}", r"{1:T}"),
        twin(r"q(x_t|x_{t-1}) = \frac{q(x_{t-1}|x_t,x_0) q(x_t|x_0)}{q(x_{t-1}|x_0)}",
             "|x_t,x_0)", "|x_t)"),
        twin(r"q(x_t|x_{t-1},x_0) = q(x_t|x_{t-1})", "= q(x_t|x_{t-1})", "= q(x_t|x_0)"),
        twin(r"\log p_\theta(x_0) \geq \mathbb{E}_{q(x_{1:T}|x_0)}\left[\log "
             r"\frac{p_\theta(x_{0:T})}{q(x_{1:T}|x_0)}\right]", r"\geq", r"\leq"),
        twin(r"\mathbb{E}_q\left[\log \frac{p_\theta(x_{0:T})}{q(x_{1:T}|x_0)}\right] = "
             r"\mathbb{E}_q\left[\log p(x_T) + \sum_{t=1}^{T} \log "
             r"\frac{p_\theta(x_{t-1}|x_t)}{q(x_t|x_{t-1})}\right]", "{t=1}", "{t=2}"),
        twin(r"\mathrm{ELBO} = \mathbb{E}_{q(x_1|x_0)}[\log p_\theta(x_0|x_1)] "
             r"- D_{KL}(q(x_T|x_0) \| p(x_T)) - \sum_{t=2}^{T} \mathbb{E}_{q(x_t|x_0)}"
             r"[D_{KL}(q(x_{t-1}|x_t,x_0) \| p_\theta(x_{t-1}|x_t))]", "|x_t,x_0)", "|x_t)"),
        twin(r"q(x_t|x_{t-1}) = \mathcal{N}(x_t; \sqrt{1-\beta_t} x_{t-1}, \beta_t I)",
             r"\sqrt{1-\beta_t}", r"(1-\beta_t)"),
        twin(r"q(x_t|x_0) = \mathcal{N}(x_t; \sqrt{\bar{\alpha}_t} x_0, (1-\bar{\alpha}_t) I), "
             r"\quad \alpha_t = 1 - \beta_t, \quad q(x_t|x_{t-1}) = \mathcal{N}(x_t; "
             r"\sqrt{\alpha_t} x_{t-1}, \beta_t I)", r"\sqrt{\bar{\alpha}_t}", r"\bar{\alpha}_t"),
        twin(r"q(x_{t-1}|x_t,x_0) = \mathcal{N}\left(x_{t-1}; \frac{\sqrt{\bar\alpha_{t-1}} "
             r"\beta_t}{1-\bar\alpha_t} x_0 + \frac{\sqrt{\alpha_t} (1-\bar\alpha_{t-1})}"
             r"{1-\bar\alpha_t} x_t, \frac{1-\bar\alpha_{t-1}}{1-\bar\alpha_t} \beta_t I\right)",
             r"\frac{1-\bar\alpha_{t-1}}{1-\bar\alpha_t} \beta_t", r"\beta_t"),
        twin(r"x_t = \sqrt{\bar\alpha_t} x_0 + \sqrt{1-\bar\alpha_t} \epsilon, \quad "
             r"q(x_t|x_{t-1}) = \mathcal{N}(x_t; \sqrt{\alpha_t} x_{t-1}, (1-\alpha_t) I)",
             r"\sqrt{1-\bar\alpha_t}", r"(1-\bar\alpha_t)"),
        twin(r"p(z_{1:T}) = p(z_T) \prod_{t=1}^{T-1} p(z_t|z_{t+1})", "p(z_T) ", ""),
    ],
    "two latents": [
        twin(r"p(x,z_1,z_2) = p(x|z_1) p(z_1|z_2) p(z_2)", "p(z_2)", "p(z_1)"),
        twin(r"p(x) = \int \int p(x,z_1,z_2) dz_1 dz_2", "p(x) ", r"\log p(x) "),
        twin(r"\log p(x) \geq \mathbb{E}_{q(z_1,z_2|x)}\left[\log \frac{p(x|z_1) p(z_1|z_2) "
             r"p(z_2)}{q(z_1,z_2|x)}\right]", "p(z_2)}", "1}"),
        twin(r"q(z_1,z_2|x) = q(z_1|x) q(z_2|z_1)", "q(z_2|z_1)", "q(z_1|z_2)"),
        twin(r"q(z_1,z_2|x) = q(z_1|x) q(z_2|z_1,x)", "q(z_2|z_1,x)", "q(z_1|z_2,x)"),
        twin(r"\log p(x) = \mathcal{L} + D_{KL}(q(z_1,z_2|x) \| p(z_1,z_2|x))", "+ D", "- D"),
        twin(r"\log p(x) \geq \mathbb{E}_{q(z_1,z_2|x)}[\log p(x|z_1,z_2)] "
             r"- D_{KL}(q(z_1,z_2|x) \| p(z_1,z_2))", "- D", "+ D"),
        twin(r"\log p(x) \geq \mathbb{E}_{q(z_1|x) q(z_2|z_1)}[\log p(x|z_1) + \log p(z_1|z_2) "
             r"+ \log p(z_2) - \log q(z_1|x) - \log q(z_2|z_1)]", r"\geq", r"\leq"),
    ],
    "signs typed as themselves": [
        twin(r"log p_θ(x) ≥ 𝔼_{q_φ(z|x)}[log p_θ(x|z)] − D_{KL}(q_φ(z|x) ‖ p(z))", "≥", "≤"),
        twin(r"∫ q_φ(z∣x) dz = 1", "= 1", "= 2"),
        twin(r"∑_{n=1}^N (x^{(n)})² ≥ 0", "≥", "≤"),
        twin(r"log N(z; μ, σ²) = −\frac{1}{2} log(2π) − log σ − (z − μ)²/(2 σ²)",
             "− log σ", "+ log σ"),
    ],
    "an inequation": [
        twin(r"D_{KL}(q \| p) \neq D_{KL}(p \| q)", r"D_{KL}(p \| q)", r"D_{KL}(q \| p)"),
        twin(r"\log p(x) ≠ \mathbb{E}_{p(z)}[\log p(x|z)]", r"\mathbb{E}_{p(z)}[\log p(x|z)]",
             r"\log \mathbb{E}_{p(z)}[p(x|z)]"),
        twin(r"f(a b) \ne f(a) f(b)", "f(a) f(b)", "f(b a)"),
    ],
    "the bound named L": [
        twin("L = " + ELBO, "- D", "+ D"),
        twin("L = " + ELBO, r"q(z|x) \| p(z)", r"p(z) \| q(z|x)"),
        twin(r"\log p(x) = L + D_{KL}(q(z|x) \| p(z|x))", "+ D", "- D"),
        twin(r"\log p(x) \geq L(\theta, \phi; x)", r"\geq", r"\leq"),
    ],
    "the closed form, and how far its sum runs": [
        twin(r"D_{KL}(q \| p) = -\frac12 \sum_{j=1}^J (1 + \log \sigma_j^2 - \mu_j^2 - \sigma_j^2)",
             r"-\frac12", r"\frac12"),
        twin(r"D_{KL}(q(z|x) \| p(z)) = \frac12 \sum_j (\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2)",
             r"\frac12", "1"),
        twin(r"\|\mu\|^2 = \sum_i \mu_i^2", r"\mu_i^2", r"\mu_i"),
    ],
    "a function that nobody defines is any function": [
        twin(r"\mathbb{E}_{q(z)}[w(z)] = \int q(z) w(z) dz", "= ", "= 2 "),
        twin(r"\mathbb{E}_{q(z)}[w(z) + v(z)] = \mathbb{E}_{q(z)}[w(z)] + \mathbb{E}_{q(z)}[v(z)]",
             "+ v(z)", "v(z)"),
        twin(r"\psi(a) - \psi(b) = -(\psi(b) - \psi(a))", r"-(\psi(b)", r"(\psi(b)"),
        twin(r"\mathbb{E}_{p(x)}[\| \nabla_x \log p(x) - s_\theta(x) \|_2^2] "
             r"= \int p(x) \| s_\theta(x) - \nabla_x \log p(x) \|_2^2 dx", " - s", " + s"),
        twin(r"\|s_\theta(x)\|^2 \geq 0", r"\|s_\theta(x)\|^2", r"s_\theta(x)"),
        twin(r"\log p_\theta(x \mid z) = -\tfrac12 \sum_{d=1}^{D_x} \left[ \log(2 \pi \sigma_{\theta,d}^2(z)) "
             r"+ \frac{(x_d - \mu_{\theta,d}(z))^2}{\sigma_{\theta,d}^2(z)} \right]", "D_x", "D_z",
             r"p_\theta(x \mid z) := \prod_d \mathcal{N}(x_d; \mu_{\theta,d}(z), \sigma_{\theta,d}^2(z))"),
    ],
    "a covariance, and how many components": [
        twin(r"D_{KL}(q_\phi(z \mid x) \| p(z)) = \frac12 (\text{trace}[\Sigma_\phi(x)] "
             r"+ \|\mu_\phi(x)\|^2 - \log|\Sigma_\phi(x)| - \dim(z))", *pair)
        for pair in ((r"- \log", r"+ \log"), (r"\dim(z)", r"\dim(x)"), (r"\frac12 ", ""))
    ],
    "vectors of data alone": [
        twin(r"\mathbb{E}_{x \sim p}[s(x) s(x)^T] = -\mathbb{E}_{x \sim p}[\nabla_x^2 \log p(x)]",
             "-", "", r"s(x) := \nabla_x \log p(x)"),
        twin(r"\mathbb{E}_{p(x)}[\|x\|^2] = \mathbb{E}_{p(x)}[x^\top x]", r"\|^2]", r"\|]"),
    ],
    "how much a value tells": [
        twin(r"H(S) = \sum_i {p_i \cdot I(s_i)} = - \sum_i {p_i \cdot \log p_i}", r"I(s_i)", r"I(s_i)^2"),
        twin(r"H(X) = \sum_x p(x) I(x)", "= ", "= -"),
    ],
    "what a line says at once of log Z": [
        twin(r"\log Z = \log p_\theta(x) \geq \mathrm{ELBO}(x; \theta, \phi)", *pair)
        for pair in ((r"\geq", r"\leq"), (r"p_\theta(x)", r"p_\theta(x, z)"))
    ],
    "the word evidence": [
        twin(r"\text{evidence} \geq \text{ELBO}", r"\geq", r"\leq"),
        twin(r"\log \text{evidence} = \text{ELBO} + D_{KL}(q_\phi(z|x) \| p_\theta(z|x))", "+ D", "- D"),
    ],
    "free energy": [
        twin(r"D_{KL}(q(z) \| p(z|x)) = \mathcal{F}(x, \theta) + \log p(x)", "+", "-"),
        twin(r"\log p(x) = \mathcal{F} + D_{KL}(q(z) \| p(z|x))", r"q(z) \| p(z|x)", r"p(z|x) \| q(z)"),
    ],
    "a density behind the brackets of a logarithm": [
        twin(r"\int \log(\frac{q(z)}{p(z)}) q(z) dz = D_{KL}(q(z) \| p(z))", *pair)
        for pair in ((") q(z)", ") p(z)"), (r"\frac{q(z)}{p(z)}", r"\frac{p(z)}{q(z)}"))
    ],
    "dots behind a logarithm": [
        twin(r"-\log p(X) = -\log(p(x_1)) - \log(p(x_2)) \cdots - \log(p(x_n))", *pair)
        for pair in (("= -", "= "), (r"\cdots -", r"\cdots +"))
    ],
    "a theta that is left out once": [
        twin(r"\log p_\theta(x) = \log \int p_\theta(x, z) dz = \log \int \frac{q(z)}{q(z)} p(x, z) dz", *pair)
        for pair in (("p(x, z) dz", "p(x | z) dz"), (r"\frac{q(z)}{q(z)} ", ""))
    ],
    "logarithms of one base": [
        twin(r"H(X) = -\sum_x p(x) \log_2 p(x)", "-", ""),
        twin(r"D_{KL}(p \| q) = \sum_x p(x) \log_2 \frac{p(x)}{q(x)}", "{p(x)}{q(x)}", "{q(x)}{p(x)}"),
        twin(r"\log_2 8 = 3", "3", "2"),
    ],
    "a density with the names of its variables below it": [
        twin(r"p_{X,Y}(x, y) = p_X(x) p_{Y|X}(y | x)", "p_X(x)", "p_Y(y)"),
        twin(r"p_{X,Z}(x, z) = p_Z(z) p_{X \mid Z}(x \mid z)", r"p_{X \mid Z}(x \mid z)", "p_X(x)"),
        twin(r"p_{x,z}(x, z) = p_z(z) p(x \mid z)", r"p_z(z)", "p_x(x)"),
        twin(r"p_x(x) = \int p_z(z) p_{x|z}(x|z) dz", r"p_z(z)", "2 p_z(z)"),
        twin(r"\sum_{i=1}^m \mathbb{E}_{z \sim Q_i}\left[\log \frac{p(x^{(i)}, z)}{Q_i(z)}\right] "
             r"\leq \sum_{i=1}^m \log p(x^{(i)})", r"\leq", r"\geq"),
    ],
    "an index before or behind a square": [
        twin(r"-\frac{1}{2}\left(\mu^{(i)2} + \sigma^{(i)2} - 1 - \log \sigma^{(i)2}\right) "
             r"= -D_{KL}(\mathcal{N}(\mu^{(i)}, \sigma^{(i)2}) \| \mathcal{N}(0, 1))", "- 1", "+ 1"),
        twin(r"\log \mathcal{N}(x^{(i)}; \mu^{(i)}, \sigma^{2(i)}) = -\frac12 \log(2\pi\sigma^{2(i)}) "
             r"- \frac{(x^{(i)} - \mu^{(i)})^2}{2\sigma^{2(i)}}", r"{2\sigma", r"{\sigma"),
    ],
    "a prime in a superscript": [
        twin(r"D_{KL}(\mathcal{N}(\mu, 1) \| \mathcal{N}(\mu^\prime, 1)) = \frac{(\mu - \mu^\prime)^2}{2}", "- ", "+ "),
        twin(r"D_{KL}(\mathcal{N}(\mu, 1) \| \mathcal{N}(\mu^{\prime}, 1)) = \frac{(\mu - \mu^{\prime})^2}{2}", "{2}", "{3}"),
    ],
    "a gradient in the parameters of a q of z alone": [
        twin(r"\nabla_\lambda \mathbb{E}_{q_\lambda(z)}[\log p(x,z) - \log q_\lambda(z)] = \mathbb{E}_{q_\lambda(z)}"
             r"[(\log p(x,z) - \log q_\lambda(z)) \nabla_\lambda \log q_\lambda(z)]", r"(\log p(x,z) - ", r"(2 \log p(x,z) - "),
    ],
    "a transposed point, and a bracket in an exponent": [
        twin(r"x^{(n)\top} x^{(n)} = \| x^{(n)} \|^2", "|^2", "|"),
        twin(r"x^{(n)T} x^{(n)} = \| x^{(n)} \|^2", "|^2", "|"),
        twin(r"e^{2(a + b)} = e^{2 a} e^{2 b}", "e^{2 b}", "e^{b}"),
    ],
    "variables below a density, without a comma": [
        twin(r"p_{XZ}(x, z) = p_{X|Z}(x|z) p_Z(z)", "p_Z(z)", "p_X(x)"),
        twin(r"p_{xz}(x,z) = p_{x|z}(x|z) p_z(z)", "p_z(z)", "p_x(x)"),
    ],
    "a product of bare densities, and over the data": [
        twin(r"I(X;Z) = D_{KL}(p_{X,Z} \| p_X p_Z)", "p_X p_Z", "p_X p_X"),
        twin(r"I(X;Z) = \sum_x \sum_z p_{X,Z}(x,z) \log_2 \frac{p_{X,Z}(x,z)}{p_X(x) p_Z(z)}", "p_X(x) p_Z(z)", "p_X(x)"),
        twin(r"\sum_{x \in \mathcal{D}} \log p(x) = \log \prod_{x \in \mathcal{D}} p(x)", r"\prod", r"\sum"),
    ],
    "the bound of a q of z alone": [
        twin(r"\nabla_\lambda \mathcal{L}(\lambda) = \mathbb{E}_{q(z|\lambda)}[(\nabla_\lambda \log q(z|\lambda)) "
             r"(\log p(x,z) - \log q(z|\lambda))]", r"(\log p(x,z) - ", r"(\log p(x,z) + "),
        twin(r"\mathcal{L}(\lambda) = \mathbb{E}_{q(z|\lambda)}[\log p(x|z)] - D_{KL}(q(z|\lambda) \| p(z))", "- D", "- 2 D"),
    ],
    "an expectation over what is drawn together": [
        twin(r"\mathbb{E}_{x,z \sim p}[\log p(x|z)] = \mathbb{E}_{p(x,z)}[\log p(x,z) - \log p(z)]", "- ", "+ "),
        twin(r"\mathbb{E}_{\epsilon}[\epsilon^2] = 1", "1", "2"),
    ],
    "the bound of the data set": [
        twin(r"\mathcal{L}(\theta, \phi; \mathcal{D}) \leq \sum_{x \in \mathcal{D}} \log p_\theta(x)", r"\leq", r"\geq"),
    ],
    "the evidence beside a labelled likelihood": [
        twin(r"p(x) = \int p_\theta(x|z) p(z) dz", "p(z) dz", "dz"),
        twin(r"\log p(x) = \log \int p_\theta(x|z) p(z) dz", r"\log \int", r"\int \log"),
    ],
}  # fmt: skip
ROWS = [(kind, *row) for kind, rows in TWINS.items() for row in rows]
