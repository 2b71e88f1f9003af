r"""Five hundred false statements; none may pass. Beside most stands a true neighbour.

A row: the false one, ` || `, the true one (perhaps none), ` || `, what is given of both.
Short for what stands in many of them: see SHORT.
"""
# ruff: noqa: E501 (a formula stays on its line)

from __future__ import annotations

from dataclasses import dataclass

SHORT = {
    "QX": r"q_{\phi}(z \mid x)", "PXZ": r"p_{\theta}(x \mid z)", "PJ": r"p_{\theta}(x, z)",
    "PX": r"p_{\theta}(x)", "PZX": r"p_{\theta}(z \mid x)", "EQ": r"\mathbb{E}_{q_{\phi}(z \mid x)}",
    "Eq": r"\mathbb{E}_{q(z)}", "Ep": r"\mathbb{E}_{p(x)}", "KK": r"D_{\mathrm{KL}}",
    "BOUND": r"\mathrm{ELBO}(x; \theta, \phi)", "HALF": r"\frac{1}{2}", "NN": r"\mathcal{N}",
    "SUMN": r"\sum_{n=1}^{N}", "DATA": r"p_{\theta}(\mathcal{D})", "TR": r"\mathrm{tr}",
}  # fmt: skip

ROWS = {
"a number below a name below a name": r"""
KK(p_{\theta_1}(x) \| p_{\theta_2}(x)) = 0
p_{\theta^{(1)}}(x) = p_{\theta^{(2)}}(x)
\log p_{\theta^{(t+1)}}(x) = \log p_{\theta^{(t)}}(x)
q_{\phi_1}(z \mid x) = q_{\phi_2}(z \mid x)
SUMN q_{\phi_n}(z) = N q_{\phi_1}(z)
\mu_{\phi_1}(x) = \mu_{\phi_2}(x)
\mu_{z_1} = \mu_{z_2} || \mu_{z_1} + \mu_{z_2} = \mu_{z_2} + \mu_{z_1}
\sigma_{x_1}^2 - \sigma_{x_2}^2 = 0
\mu_{\theta^{(t+1)}} = \mu_{\theta^{(t-1)}}
\mu_{\hat{x}} - \mu_{x} = 0
\mu_{z|x} = \mu_{x|z} || \mu_{z|x} + \sigma_{z|x} = \sigma_{z|x} + \mu_{z|x}
\sigma_{\theta_1} - \sigma_{\theta_2} = 0
p_{x_1}(x) = p_{x_2}(x)
\mu_\phi^{(1)}(x) = \mu_\phi^{(2)}(x)
\mathrm{decoder}^{(1)}(z) = \mathrm{decoder}^{(2)}(z)
\mathrm{ELBO}(x; \theta_1, \phi) = \mathrm{ELBO}(x; \theta_2, \phi)
\nabla_{\theta_1} \log PX = \nabla_{\theta_2} \log PX
\tilde{p}(x) = \hat{p}(x)
""",
"a mark makes another function": r"""
\mathrm{sigmoid}'(a) = \mathrm{sigmoid}(a) || \mathrm{sigmoid}(a)^2 = \mathrm{sigmoid}^2(a)
\mathrm{softplus}'(a) = \mathrm{softplus}(a)
\mathrm{sigmoid}^{*}(a) = \mathrm{sigmoid}(a)
\mathrm{sigmoid}_\theta(a) = \mathrm{sigmoid}(a)
\hat{\mathrm{softplus}}(a) = \mathrm{softplus}(a)
\tanh'(a) = \tanh(a)
\log'(a) = \log a
\exp^*(a)^2 = \exp(2 a) || \exp(a)^2 = \exp(2 a)
\mathbb{E}_{\epsilon^*}[\epsilon^2] = 1
\mathrm{tr}'(\Sigma) = \mathrm{tr}(\Sigma)
\hat{\mathbb{E}}_{q(z)}[f(z)] = Eq[f(z)]
\mathbb{E}'[X] = \mathbb{E}[X]
\mathrm{Var}'[X] = \mathrm{Var}[X]
\sum\nolimits'_k a_k = \sum_k a_k
\sum'_k a_k = \sum_k a_k
\max'_k a_k = \max_k a_k
\int' q(z) \, dz = 1
D_{\mathrm{KL}}^{(N)}(p \| q) = KK(p \| q)
H^{(1)}(p) = H(p)
I^{(1)}(X; Z) = I(X; Z)
\hat{I}(X; Z) = I(X; Z)
I_\theta(X; Z) = I(X; Z)
I_{q_\phi}(x; z) = Ep[KK(q_\phi(z) \| QX)] || I_{q_\phi}(x; z) = Ep[KK(QX \| q_\phi(z))]
\mathrm{JS}^{(1)}(p \| q) = \mathrm{JS}(p \| q)
\mathrm{ELBO}^{(1)}(x; \theta, \phi) = BOUND
\mathrm{decoder}'(z) = \mathrm{decoder}(z)
KK(q \| p) = \mathbb{E}_q[\log_1 \frac{q(z)}{p(z)}] || KK(q \| p) = \mathbb{E}_q[\log \frac{q(z)}{p(z)}]
\log p(x) \geq \mathbb{E}_{q(z_1, z_2 | x)}[\log p(x | z_1) + \log \hat{p}(z_1 | z_2) + \log p(z_2) - \log q(z_1, z_2 | x)] || \log p(x) \geq \mathbb{E}_{q(z_1, z_2 | x)}[\log p(x | z_1) + \log p(z_1 | z_2) + \log p(z_2) - \log q(z_1, z_2 | x)]
p_\theta(x_0) = \int p_\theta^{(1)}(x_{0:T}) \, dx_{1:T} || p_\theta(x_0) = \int p_\theta(x_{0:T}) \, dx_{1:T}
\log \hat{\mathcal{N}}(x; \mu, \sigma^2) = C - \frac{(x - \mu)^2}{2 \sigma^2} || \log NN(x; \mu, \sigma^2) = C - \frac{(x - \mu)^2}{2 \sigma^2}
\mathbb{E}_{z}[f(z)] = \int p(z) f^{(1)}(z) \, dz || \mathbb{E}_{z}[f(z)] = \int p(z) f(z) \, dz
I_{q_\phi}(\hat{x}; z) = Ep[KK(QX \| q_\phi(z))]
\mathcal{L}(\theta, \phi; \mathcal{D}_1) \leq \sum_{x \in \mathcal{D}} \log p_\theta(x) || \mathcal{L}(\theta, \phi; \mathcal{D}) \leq \sum_{x \in \mathcal{D}} \log p_\theta(x)
\log PX = \mathcal{L}(q_\phi) - KK(QX \| PZX) || \log PX = \mathcal{L}(q_\phi) + KK(QX \| PZX)
\mathcal{L}(\theta^*, \phi; x) \leq \log PX || \mathcal{L}(\theta, \phi; x) \leq \log PX
\mathbb{E}_{\tilde{\epsilon}}[\epsilon^2] = 1 || \mathbb{E}_{\epsilon}[\epsilon^2] = 1
PXZ = NN(x; \mu_\theta(z), \hat{I}) || PXZ = NN(x; \mu_\theta(z), I)
\mathrm{decoder}_{\theta'}(z) = \mathrm{decoder}_\theta(z)
""",
"where a slope needs a density that is smooth": r"""
Ep[x \nabla_x \log p(x)] = 0 || Ep[x \nabla_x \log p(x)] = -1
\int x \nabla_x p(x) \, dx = 1 || \int x \nabla_x p(x) \, dx = -1
""",
"over the data": r"""
\frac1N \sum_n (x_n - \mu)^2 = \frac1N \sum_n x_n^2 - 2 \mu \frac1N \sum_n x_n - \mu^2 || \frac1N \sum_n (x_n - \mu)^2 = \frac1N \sum_n x_n^2 - 2 \mu \frac1N \sum_n x_n + \mu^2
\frac1N \sum_n x_n^2 - \bar{x}^2 = \frac1N \sum_n (x_n + \bar{x})^2 || \frac1N \sum_n x_n^2 - \bar{x}^2 = \frac1N \sum_n (x_n - \bar{x})^2 || \bar{x} := \frac1N \sum_n x_n
\sum_n (x_n - \mu) = 0 || \sum_n (x_n - \mu) = \sum_n x_n - N \mu
""",
"the law of the noise": r"""
z = \mu_\phi(x) + \sigma_\phi(x) \odot \epsilon, \quad \epsilon \sim \mathcal{N}(0, 2I) || z = \mu_\phi(x) + \sigma_\phi(x) \odot \epsilon, \quad \epsilon \sim \mathcal{N}(0, I)
z = \mu_\phi(x) + \sigma_\phi(x) \odot \epsilon, \quad \epsilon \sim \mathcal{N}(1, I)
x_t = \sqrt{\bar\alpha_t} x_0 + \sqrt{1 - \bar\alpha_t} \epsilon, \quad \epsilon \sim \mathcal{N}(0, 2 I) || x_t = \sqrt{\bar\alpha_t} x_0 + \sqrt{1 - \bar\alpha_t} \epsilon, \quad \epsilon \sim \mathcal{N}(0, I)
z = \mu + \sigma \epsilon, \quad \epsilon \sim \mathcal{N}(0, 1), \quad z \sim \mathcal{N}(\mu, \sigma) || z = \mu + \sigma \epsilon, \quad \epsilon \sim \mathcal{N}(0, 1), \quad z \sim \mathcal{N}(\mu, \sigma^2)
""",
"a bare density is the one of the block": r"""
H(q_1) = -\int q(z) \log q(z) \, dz || H(q) = -\int q(z) \log q(z) \, dz
H(q^{(1)}) = -\int q(z) \log q(z) \, dz
KK(q_1 \| p) = -HALF \sum_{j=1}^J (1 + \log \sigma_j^2 - \mu_j^2 - \sigma_j^2) || KK(q \| p) = -HALF \sum_{j=1}^J (1 + \log \sigma_j^2 - \mu_j^2 - \sigma_j^2)
KK(q \| p^{(1)}) = -HALF \sum_{j=1}^J (1 + \log \sigma_j^2 - \mu_j^2 - \sigma_j^2)
\mathbb{E}_{\hat{q}}[f(z)] = \int q(z) f(z) \, dz || \mathbb{E}_{q}[f(z)] = \int q(z) f(z) \, dz
p(x \mid \mu', \sigma^2) = \int p(x, z \mid \mu, \sigma^2) \, dz || p(x \mid \mu, \sigma^2) = \int p(x, z \mid \mu, \sigma^2) \, dz
I_{q_{\phi'}}(x; z) = Ep[KK(QX \| q_\phi(z))]
\mu_{\theta_1,d}(z) - \mu_{\theta,d}(z) = 0
\log PX \geq \mathbb{E}_q[\log PJ - \log q^{(1)}(z)] || \log PX \geq \mathbb{E}_q[\log PJ - \log q(z)]
H(X) = -E_{x \sim P}[\log \tilde{p}(x)] || H(X) = -E_{x \sim P}[\log p(x)]
""",
"a number at each of them is a name": r"""
\frac{\partial}{\partial \mu} \log NN(x_1; \mu, \sigma^2) = \frac{\mu - x_1}{\sigma^2} || \frac{\partial}{\partial \mu} \log NN(x_1; \mu, \sigma^2) = \frac{x_1 - \mu}{\sigma^2}
\log p_{\theta}(x_1) \leq \mathbb{E}_{q_{\phi}(z \mid x_1)}[\log \frac{p_{\theta}(x_1, z)}{q_{\phi}(z \mid x_1)}] || \log p_{\theta}(x_1) \geq \mathbb{E}_{q_{\phi}(z \mid x_1)}[\log \frac{p_{\theta}(x_1, z)}{q_{\phi}(z \mid x_1)}]
p(x_1) = 1 || \int p(x_1) \, dx_1 = 1
""",
"a component is not the whole": r"""
z_1 = z
p(x_1) = p(x)
p(x) = \mathbb{E}_{p(z_1)}[p(x|z)] || p(x) = \mathbb{E}_{p(z)}[p(x|z)]
\log PX \geq \mathbb{E}_{QX}[\log PXZ] - KK(q_\phi(z_1 \mid x) \| p(z))
Ep[x^2] = Ep[x]^2 + \mathrm{Var}_{p(x)}[x_1] || Ep[x^2] = Ep[x]^2 + \mathrm{Var}_{p(x)}[x]
""",
"what stopped the judges": r"""
\log p(y | x) = \mathbb{E}_{q(z | x, y)}[\log \frac{p(y, z | x)}{q(z | x, y)}] + KK(q(z_1 | x, y) \| p(z | x, y)) || \log p(y | x) = \mathbb{E}_{q(z | x, y)}[\log \frac{p(y, z | x)}{q(z | x, y)}] + KK(q(z | x, y) \| p(z | x, y))
I_{\theta}(X; Z) = 0
""",
"the bound of a density that is named": r"""
\log p(x) = \mathrm{ELBO}(q) || \log p(x) = \mathrm{ELBO}(q) + KK(q(z) \| p(z \mid x))
\arg\max_q \mathrm{ELBO}(q) = p(z)
KK(q(z) \| \prod_j q(z_j)) = 0
""",
"a parameter behind the bar": r"""
\nabla_\lambda \mathbb{E}_{q(z \mid \lambda)}[f(z)] = 0 || \nabla_\lambda \mathbb{E}_{q(z \mid \lambda)}[f(z)] = \mathbb{E}_{q(z \mid \lambda)}[f(z) \nabla_\lambda \log q(z \mid \lambda)]
\nabla_\mu \mathbb{E}_{q(z; \mu, \sigma)}[f(z)] = 0
\frac{\partial}{\partial \mu} \log p(x \mid \mu) = 0
p(x \mid \mu_1) = p(x \mid \mu_2)
p(x; \theta_1) = p(x; \theta_2)
q(z \mid x; \phi^{(1)}) = q(z \mid x; \phi^{(2)})
\mathrm{Var}_{q(z \mid \lambda_1)}[z] = \mathrm{Var}_{q(z \mid \lambda_2)}[z]
\mathbb{E}_{p(x \mid \mu, \sigma^2)}[x] = \sigma
p(\mathcal{D} \mid \mu) = p(\mathcal{D})
p(x \mid \mu, \sigma^2) = p(x) || p(x \mid \mu, \sigma^2) = \int p(x, z \mid \mu, \sigma^2) \, dz
""",
"bits and nats": r"""
KK(NN(x; \mu_1, \sigma_1^2) \| NN(x; \mu_2, \sigma_2^2)) = \log_2 \frac{\sigma_2}{\sigma_1} + \frac{\sigma_1^2 + (\mu_1 - \mu_2)^2}{2 \sigma_2^2} - HALF
H(\mathrm{Bernoulli}(\pi)) = -\pi \log_2 \pi - (1 - \pi) \log_2 (1 - \pi) + 1 || H(\mathrm{Bernoulli}(\pi)) = -\pi \log_2 \pi - (1 - \pi) \log_2 (1 - \pi)
H(NN(x; \mu, \sigma^2)) = HALF \log_2 (2 \pi \sigma^2) + HALF || H(NN(x; \mu, \sigma^2)) = HALF \log_2 (2 \pi e \sigma^2)
\sum_{h=1}^{H} \log_2 e^{z_h} = \sum_{h=1}^{H} z_h
\nabla_z \log_2 NN(z; \mathbf{0}, \mathbf{I}) = -z
e^{\mathrm{ELBO}} \leq e^{\log_2 PX}
-\int q(x) \nabla_\theta \log_2 PX \, dx = -\int q(x) \frac{\nabla_\theta PX}{PX} \, dx
\log_2 \frac{p(z)}{q(z)} \leq \frac{p(z)}{q(z)} - 1 || \log \frac{p(z)}{q(z)} \leq \frac{p(z)}{q(z)} - 1
""",
"a bare density with its variables below it": r"""
\mathbb{E}_{q_{Z|X}}[f(z)] = \int q_Z(z) f(z) \, dz || \mathbb{E}_{q_{Z|X}}[f(z)] = \int q_{Z|X}(z|x) f(z) \, dz
\mathbb{E}_{p_{Z|X}}[f(z)] = \int p_Z(z) f(z) \, dz
KK(q_{Z|X} \| p_Z) = \int q_Z(z) \log \frac{q_Z(z)}{p_Z(z)} \, dz || KK(q_{Z|X} \| p_Z) \geq 0
H(p_Z) = -\int p_X(x) \log p_X(x) \, dx || H(p_Z) = -\int p_Z(z) \log p_Z(z) \, dz
\mathbb{E}_{p_Z}[f(x)] = \int p_X(x) f(x) \, dx
\int p_X(x) f(x) \, dx = \int p_Y(y) f(y) \, dy
\mathbb{E}_{p_X(x)}[f(x)] = \mathbb{E}_{p_Y(y)}[f(y)]
KK(p_{X,Z} \| p_X p_Z) = H(p_{X,Z}) || KK(p_{X,Z} \| p_X p_Z) = I(X;Z)
p_{Z|X}(x|z) = \frac{p_{X|Z}(x|z) p_Z(z)}{p_X(x)} || p_{Z|X}(z|x) = \frac{p_{X|Z}(x|z) p_Z(z)}{p_X(x)}
""",
"an index that no sum binds, or another one": r"""
\sum_{i=1}^{N} \int Q_i(z) \log p(x^{(i)}, z) \, dz = \int Q_i(z) \sum_{i=1}^{N} \log p(x^{(i)}, z) \, dz
\sum_{x \in \mathcal{D}} (x - x^{(n)})^2 = 0 || \sum_{x \in \mathcal{D}} x = SUMN x^{(n)}
\sum_{i=1}^{2} p_i = \sum_{i=1}^{3} p_i
\sum_{i=1}^{K} p_i = \sum_{i=1}^{L} p_i || \sum_{i=1}^{K} p_i \log \frac{p_i}{q_i} \geq 0
\sum_{k=1}^{K} p_k(x) = K p(x)
H(q) = \sum_{j=1}^{K} H(q_j)
q(z) = \frac{1}{N} \sum_{i=1}^{N} q_i(z)
\sum_{k=1}^{K} \log p_k(x) \leq K \log p(x)
\log \frac{1}{N} \sum_{i=1}^{N} Q_i(z) = \frac{1}{N} \sum_{i=1}^{N} \log Q_i(z)
""",
"any f": r"""
f(x) \geq 0 || f(x)^2 \geq 0
f(x) \leq 0
f(x) \leq 10
f(x) \geq -100
f(a + b) = f(a) + f(b) || f(a + b) = f(b + a)
f(2 a) = 2 f(a)
f(-a) = f(a)
f(a + 3) - 3 f(a + 2) + 3 f(a + 1) - f(a) = 0
f(a + 4) - 4 f(a + 3) + 6 f(a + 2) - 4 f(a + 1) + f(a) = 0
f(a) g(b) = f(b) g(a) || f(a) g(b) = g(b) f(a)
Eq[f(z)] = f(Eq[z]) || Eq[3 f(z)] = 3 Eq[f(z)]
Eq[f(z) g(z)] = Eq[f(z)] Eq[g(z)]
f(Ep[x]) \leq Ep[f(x)] || f(Ep[x]) \geq Ep[f(x)] || f concave
f(Ep[x]) \geq Ep[f(x)] || f(Ep[x]) \leq Ep[f(x)] || f \text{ is convex}
f(Ep[x]) \leq Ep[f(x)] || f(Ep[x]) = Ep[f(x)] || f linear
f(x) \geq 0 || f(x) > 0 || f positive, convex : false f convex
f(a) \geq f(b) || f(a) \geq f(b) || f increasing; a > b : false a > b
f(a) \leq f(b) || f(a + e^b) \geq f(a) || f increasing
\mathbb{E}_{x \sim NN(x; \mu, \sigma^2)}[f(x)] = HALF (f(\mu + \sigma) + f(\mu - \sigma))
\mathbb{E}_{x \sim NN(x; \mu, \sigma^2)}[f(x)] = f(\mu) + \frac{\sigma^2}{2} f''(\mu)
\mathbb{E}_{x \sim NN(x; \mu, \sigma^2)}[f(x)] = \frac{1}{6} f(\mu - \sqrt{3} \sigma) + \frac{2}{3} f(\mu) + \frac{1}{6} f(\mu + \sqrt{3} \sigma)
\mathbb{E}_{x \sim NN(x; \mu, \sigma^2)}[(x - \mu) f(x)] = \sigma \mathbb{E}_{x \sim NN(x; \mu, \sigma^2)}[f'(x)] || \mathbb{E}_{x \sim NN(x; \mu, \sigma^2)}[(x - \mu) f(x)] = \sigma^2 \mathbb{E}_{x \sim NN(x; \mu, \sigma^2)}[f'(x)]
\frac{d}{da} f(a^2) = f'(a^2) || \frac{d}{da} f(a^2) = 2 a f'(a^2)
\frac{d}{da} f(a) g(a) = f'(a) g'(a)
f'(a) = f(a + 1) - f(a)
f'''(a) = 0
\nabla_{\theta} Eq[f_{\theta}(z)] = Eq[f_{\theta}(z)] || \nabla_{\theta} Eq[f_{\theta}(z)] = Eq[\nabla_{\theta} f_{\theta}(z)]
\nabla_{\phi} EQ[f(z)] = EQ[\nabla_{\phi} f(z)] || \nabla_{\phi} EQ[f(z)] = EQ[f(z) \nabla_{\phi} \log QX]
\nabla_{\phi} EQ[f(z)] = EQ[f(z) \nabla_{\phi} QX]
\mathrm{Var}_{q(z)}[f(z)] = Eq[f(z)^2] || \mathrm{Var}_{q(z)}[f(z)] = Eq[f(z)^2] - Eq[f(z)]^2
\mathrm{Var}_{q(z)}[2 f(z)] = 2 \mathrm{Var}_{q(z)}[f(z)] || \mathrm{Var}_{q(z)}[2 f(z)] = 4 \mathrm{Var}_{q(z)}[f(z)]
\mathrm{Var}_{q(z)}[f(z) + g(z)] = \mathrm{Var}_{q(z)}[f(z)] + \mathrm{Var}_{q(z)}[g(z)]
Eq[f(z)]^2 \geq Eq[f(z)^2] || Eq[f(z)]^2 \leq Eq[f(z)^2]
\log Eq[f(z)] \leq Eq[\log f(z)] || \log Eq[f(z)] \geq Eq[\log f(z)] || f positive
\log Eq[f(z)] = Eq[\log f(z)] ||  || f positive
\exp(Eq[f(z)]) \geq Eq[\exp f(z)] || \exp(Eq[f(z)]) \leq Eq[\exp f(z)]
Eq[\frac{1}{f(z)}] = \frac{1}{Eq[f(z)]} || Eq[\frac{1}{f(z)}] \geq \frac{1}{Eq[f(z)]} || f positive
\max(f(a), 0) = f(a)
|f(a)| = f(a) || |f(a)| = f(a) || f positive : false f convex
""",
"algebra": r"""
\log (a + b) = \log a + \log b || \log (a b) = \log a + \log b || a > 0; b > 0
\log \frac{a}{b} = \frac{\log a}{\log b} || \log \frac{a}{b} = \log a - \log b || a > 0; b > 0
\log a^2 = (\log a)^2 || \log a^2 = 2 \log a || a > 0
\exp(a + b) = \exp a + \exp b || \exp(a + b) = \exp(a) \exp(b)
(a + b)^2 = a^2 + b^2 || (a + b)^2 = a^2 + 2 a b + b^2
(a - b)^3 = a^3 - 3 a^2 b + 3 a b^2 + b^3 || (a - b)^3 = a^3 - 3 a^2 b + 3 a b^2 - b^3
\frac{1}{a + b} = \frac{1}{a} + \frac{1}{b} || \frac{1}{a} + \frac{1}{b} = \frac{a + b}{a b}
\sqrt{a^2} = a || \sqrt{a^2} = |a|
|a + b| = |a| + |b| || |a + b| \leq |a| + |b|
|u + 1.4| = u + 1.4
|u + 9| = u + 9
a^2 \geq a
x^2 \geq x - 0.2 || x^2 \geq x - 0.25
x^3 + 10 \geq 0
x^3 \geq -1000
e^x \geq 1 + x + x^2 || e^x \geq 1 + x
\log x \geq x - 1 || \log x \leq x - 1
\log (1 + a^2) \leq \frac{a^2}{2}
\sigma^2 \leq 100 || \sigma^2 \geq 0
\alpha \geq 0.001 || \alpha > 0
\mu \leq 10
\tanh(a) \leq a || \tanh(a) \leq 1
\sin(a) \leq a || \sin(a) \leq 1
\frac{1}{a} \leq 1 ||  || a > 0
a b \leq 1
\sum_{k=1}^{K} k = K + 1 || \sum_{k=1}^{K} k = \frac{K (K + 1)}{2}
\sum_{n=1}^{N} (a - n) = N a - 6 || \sum_{n=1}^{N} (a - n) = N a - \frac{N (N + 1)}{2}
\sum_{k=1}^{K} (x - k) = K x - K - 1
\prod_{n=1}^{N} a = N a || \prod_{n=1}^{N} a = a^N || a > 0
\frac{1}{n} \sum_{i=1}^{n} i = \frac{n - 1}{2} || \frac{1}{n} \sum_{i=1}^{n} i = \frac{n + 1}{2} || n := N
\sum_{i=1}^{M} a = N a || \sum_{i=1}^{M} a = M a
(SUMN x^{(n)})^2 = SUMN (x^{(n)})^2
N - 1 = 2
K = 2
D = H
0.333 = \frac{1}{3}
\pi \approx 3.15 || \pi \approx 3.14
\log 2 \approx 0.6932 || \log 2 \approx 0.6931
""",
"derivatives": r"""
\frac{d}{da} a^3 = 2 a^2 || \frac{d}{da} a^3 = 3 a^2
\frac{d}{da} \log a = \frac{1}{a^2} || \frac{d}{da} \log a = \frac{1}{a} || a > 0
\frac{\partial^2}{\partial a^2} a^4 = 4 a^2 || \frac{\partial^2}{\partial a^2} a^4 = 12 a^2
\frac{\partial}{\partial \mu} \log NN(x; \mu, \sigma^2) = \frac{\mu - x}{\sigma^2} || \frac{\partial}{\partial \mu} \log NN(x; \mu, \sigma^2) = \frac{x - \mu}{\sigma^2}
\frac{\partial}{\partial \sigma} \log NN(x; \mu, \sigma^2) = \frac{(x - \mu)^2}{\sigma^3} || \frac{\partial}{\partial \sigma} \log NN(x; \mu, \sigma^2) = \frac{(x - \mu)^2}{\sigma^3} - \frac{1}{\sigma}
\nabla_{\theta} \log PX = \frac{\nabla_{\theta} PX}{PX^2} || \nabla_{\theta} \log PX = \frac{\nabla_{\theta} PX}{PX}
\nabla_{\theta} \log PX = EQ[\nabla_{\theta} \log PJ] || \nabla_{\theta} \log PX = \mathbb{E}_{PZX}[\nabla_{\theta} \log PJ]
\nabla_{\phi} BOUND = \nabla_{\phi} KK(QX \,\|\, PZX) || \nabla_{\phi} BOUND = -\nabla_{\phi} KK(QX \,\|\, PZX)
\nabla_{\phi} BOUND = EQ[\nabla_{\phi} \log QX]
\nabla_{\theta} BOUND = \nabla_{\theta} \log PX || \nabla_{\theta} BOUND = EQ[\nabla_{\theta} \log PXZ]
""",
"densities": r"""
PX = \int PXZ \, dz || PX = \int PXZ p(z) \, dz
PX = \int PJ \, dx || PX = \int PJ \, dz
PZX = PXZ p(z) || PZX = \frac{PXZ p(z)}{PX}
PZX = \frac{PXZ}{PX}
PZX = \frac{PXZ PX}{p(z)}
PJ = PXZ PX || PJ = PZX PX
PJ = PX p(z)
PXZ = PZX || PXZ = \frac{PZX PX}{p(z)}
\log PX = \log PXZ + \log p(z) + \log PZX || \log PX = \log PXZ + \log p(z) - \log PZX
\log PX = \int \log PJ \, dz
\log PX = \int QX \log PJ \, dz
PZX \propto PXZ || PZX \propto PXZ p(z)
PZX \propto PJ^2 || PZX \propto PJ
PZX \propto \exp(PJ)
p_{\theta}(z \mid x) \propto p_{\theta}(x) || p_{\theta}(x \mid z) \propto p_{\theta}(x, z)
\int QX \, dz = 0 || \int QX \, dz = 1
\int QX \, dx = 1
\int QX^2 \, dz = 1
NN(x; \mu, \sigma^2) = NN(\mu; x, \sigma) || NN(x; \mu, \sigma^2) = NN(\mu; x, \sigma^2)
\log NN(x; \mu, \sigma^2) = -HALF \log (2 \pi \sigma) - \frac{(x - \mu)^2}{2 \sigma^2} || \log NN(x; \mu, \sigma^2) = -HALF \log (2 \pi \sigma^2) - \frac{(x - \mu)^2}{2 \sigma^2}
\log NN(x; \mu, \sigma^2) = -HALF \log (2 \pi \sigma^2) + \frac{(x - \mu)^2}{2 \sigma^2}
\log NN(x; \mu, \Sigma) = -HALF \log (2 \pi) - HALF \log |\Sigma| - HALF (x - \mu)^{\top} \Sigma^{-1} (x - \mu) || \log NN(x; \mu, \Sigma) = -\frac{d}{2} \log (2 \pi) - HALF \log |\Sigma| - HALF (x - \mu)^{\top} \Sigma^{-1} (x - \mu)
\log NN(x; \mu, \Sigma) = -HALF \log |2 \pi \Sigma| - HALF (x - \mu)^{\top} \Sigma (x - \mu) || \log NN(x; \mu, \Sigma) = -\frac{D}{2} \log (2 \pi) - HALF \log |\Sigma| - HALF (x - \mu)^{\top} \Sigma^{-1} (x - \mu)
\log NN(z; \mathbf{0}, \mathbf{I}) = -HALF \sum_{h=1}^{H} z_h^2 || \log NN(z; \mathbf{0}, \mathbf{I}) = -HALF \sum_{h=1}^{H} (z_h^2 + \log (2 \pi))
\log p_{\theta}(\mathcal{D}) = SUMN \log PX || \log p_{\theta}(\mathcal{D}) = SUMN \log p_{\theta}(x^{(n)})
DATA = SUMN p_{\theta}(x^{(n)}) || DATA = \prod_{n=1}^{N} p_{\theta}(x^{(n)})
\log DATA = \prod_{n=1}^{N} \log p_{\theta}(x^{(n)})
\log DATA = \frac{1}{N} SUMN \log p_{\theta}(x^{(n)})
\log p(x) \leq 0
\log PX \leq 0
PX \leq 1 || PX \geq 0
PXZ \leq 1
q(z) \leq 1
\log PJ \leq \log p(z)
\log PJ \leq \log PX
PZX \geq p(z)
""",
"expectations": r"""
Ep[x^2] = Ep[x]^2 || Ep[x^2] = Ep[x]^2 + \mathrm{Var}_{p(x)}[x]
Ep[2 x + 1] = 2 Ep[x] || Ep[2 x + 1] = 2 Ep[x] + 1
\mathbb{E}_{NN(z; \mu, \sigma^2)}[z^2] = \mu^2 + \sigma || \mathbb{E}_{NN(z; \mu, \sigma^2)}[z^2] = \mu^2 + \sigma^2
\mathbb{E}_{NN(z; \mu, \sigma^2)}[z^3] = \mu^3 || \mathbb{E}_{NN(z; \mu, \sigma^2)}[z^3] = \mu^3 + 3 \mu \sigma^2
\mathbb{E}_{NN(z; 0, 1)}[z^4] = 2 || \mathbb{E}_{NN(z; 0, 1)}[z^4] = 3
\mathbb{E}_{NN(z; \mu, \sigma^2)}[e^z] = e^{\mu} || \mathbb{E}_{NN(z; \mu, \sigma^2)}[e^z] = e^{\mu + \frac{\sigma^2}{2}}
\mathbb{E}_{NN(z; \mu, \sigma^2)}[f(z)] = \mathbb{E}_{NN(\epsilon; 0, 1)}[f(\mu + \sigma^2 \epsilon)] || \mathbb{E}_{NN(z; \mu, \sigma^2)}[f(z)] = \mathbb{E}_{NN(\epsilon; 0, 1)}[f(\mu + \sigma \epsilon)]
EQ[f(z)] = \int f(z) PZX \, dz || EQ[f(z)] = \int f(z) QX \, dz
EQ[\mathrm{decoder}(z)] = \mathrm{decoder}(\mu)
EQ[\log QX] = 0 || EQ[\log QX] = \int QX \log QX \, dz
EQ[\log QX] \leq 0
EQ[\nabla_{\phi} \log QX] = \nabla_{\phi} EQ[\log QX] || \nabla_{\phi} EQ[\log QX] = EQ[(\log QX + 1) \nabla_{\phi} \log QX]
\mathbb{E}_{p(z)}[PXZ] = PZX || \mathbb{E}_{p(z)}[PXZ] = PX
\log \mathbb{E}_{p(z)}[PXZ] = \mathbb{E}_{p(z)}[\log PXZ] || \log \mathbb{E}_{p(z)}[PXZ] \geq \mathbb{E}_{p(z)}[\log PXZ]
EQ[\frac{PJ}{QX}] = p(z) || EQ[\frac{PJ}{QX}] = PX
EQ[\frac{QX}{PJ}] = PX
\mathbb{E}_{PZX}[\frac{1}{PXZ}] = PX || \mathbb{E}_{PZX}[\frac{1}{PXZ}] = \frac{1}{PX}
Ep[f(x)] = \mathbb{E}_{q(x)}[\frac{q(x)}{p(x)} f(x)] || Ep[f(x)] = \mathbb{E}_{q(x)}[\frac{p(x)}{q(x)} f(x)]
Ep[f(x)] \approx SUMN f(x^{(n)}) \quad (x^{(n)} \sim p(x)) || Ep[f(x)] \approx \frac{1}{N} SUMN f(x^{(n)}) \quad (x^{(n)} \sim p(x))
Ep[f(x)] = \frac{1}{N} SUMN f(x^{(n)}) || Ep[f(x)] \approx \frac{1}{N} SUMN f(x^{(n)}) || x^{(n)} \sim p(x)
Ep[f(x)] \approx \frac{1}{N} SUMN f(x^{(n)}) \quad (x^{(n)} \sim q(x)) || Ep[f(x)] \approx \frac{1}{N} SUMN \frac{p(x^{(n)})}{q(x^{(n)})} f(x^{(n)}) \quad (x^{(n)} \sim q(x))
Ep[f(x)] \approx \frac{1}{N - 1} SUMN f(x^{(n)}) \quad (x^{(n)} \sim p(x))
Ep[f(x)] \approx \frac{1}{N} \sum_{i=1}^{M} f(x^{(i)}) \quad (x^{(i)} \sim p(x)) || Ep[f(x)] \approx \frac{1}{M} \sum_{i=1}^{M} f(x^{(i)}) \quad (x^{(i)} \sim p(x))
Ep[f(x)] \approx \frac{1}{K} \sum_{k=0}^{K} f(x^{(k)}) \quad (x^{(k)} \sim p(x))
Ep[x]^2 \approx \frac{1}{N} SUMN (x^{(n)})^2 \quad (x^{(n)} \sim p(x))
\log PX \approx \frac{1}{K} \sum_{k=1}^{K} \log PXZ \quad (z^{(k)} \sim p(z))
""",
"KL": r"""
KK(q(z) \,\|\, p(z)) = KK(p(z) \,\|\, q(z)) || KK(q(z) \,\|\, p(z)) \geq 0
KK(q(z) \,\|\, p(z)) = \int q(z) \log \frac{p(z)}{q(z)} \, dz || KK(q(z) \,\|\, p(z)) = \int q(z) \log \frac{q(z)}{p(z)} \, dz
KK(q(z) \,\|\, p(z)) = \int p(z) \log \frac{q(z)}{p(z)} \, dz
KK(q(z) \,\|\, p(z)) = \int q(z) \frac{q(z)}{p(z)} \, dz
KK(q(z) \,\|\, p(z)) \leq 0
KK(q(z) \,\|\, p(z)) \leq 1
KK(q(z) \,\|\, p(z)) \leq 10
KK(q(z) \,\|\, p(z)) = Eq[\log q(z)] + Eq[\log p(z)] || KK(q(z) \,\|\, p(z)) = Eq[\log q(z)] - Eq[\log p(z)]
KK(q(z) \,\|\, p(z)) \geq KK(p(z) \,\|\, q(z))
KK(q(z) \,\|\, q(z)) = 1 || KK(q(z) \,\|\, q(z)) = 0
KK(QX \,\|\, p(z)) = HALF \sum_{h=1}^{H} (1 + \log \sigma_h^2 - \mu_h^2 - \sigma_h^2) || KK(QX \,\|\, p(z)) = -HALF \sum_{h=1}^{H} (1 + \log \sigma_h^2 - \mu_h^2 - \sigma_h^2)
KK(QX \,\|\, p(z)) = HALF \sum_{h=1}^{H} (\mu_h^2 + \sigma_h^2 - \log \sigma_h - 1) || KK(QX \,\|\, p(z)) = HALF \sum_{h=1}^{H} (\mu_h^2 + \sigma_h^2 - 2 \log \sigma_h - 1)
KK(QX \,\|\, p(z)) = HALF \sum_{j=1}^{d} (\mu_j^2 + \sigma_j^2 - \log \sigma_j^2) - HALF || KK(QX \,\|\, p(z)) = HALF \sum_{j=1}^{d} (\mu_j^2 + \sigma_j^2 - \log \sigma_j^2) - \frac{d}{2}
KK(QX \,\|\, p(z)) = HALF \sum_{i=1}^{k} (\mu_i^2 + \sigma_i^2 - \log \sigma_i^2) || KK(QX \,\|\, p(z)) = HALF \sum_{i=1}^{k} (\mu_i^2 + \sigma_i^2 - \log \sigma_i^2 - 1)
KK(QX \,\|\, p(z)) = HALF \sum_{j=1}^{J} (\mu_j^2 + \sigma_j^2 - \log \sigma_j^2 + 1) || KK(QX \,\|\, p(z)) = HALF \sum_{j=1}^{J} (\mu_j^2 + \sigma_j^2 - \log \sigma_j^2 - 1) || J := H
KK(QX \,\|\, p(z)) = HALF (\mu_1^2 + \sigma_1^2 - \log \sigma_1^2 - 1)
KK(QX \,\|\, p(z)) = \frac{1}{2 H} \sum_{h=1}^{H} (\mu_h^2 + \sigma_h^2 - \log \sigma_h^2 - 1)
KK(QX \,\|\, p(z)) = HALF (\|\mu\|^2 + \|\sigma\|^2 - \sum_{j=1}^{d} \log \sigma_j^2 - 1) || KK(QX \,\|\, p(z)) = HALF (\|\mu\|^2 + \|\sigma\|^2 - \sum_{j=1}^{d} \log \sigma_j^2 - d)
KK(NN(\mu_1, \sigma_1^2) \,\|\, NN(\mu_2, \sigma_2^2)) = \log \frac{\sigma_1}{\sigma_2} + \frac{\sigma_1^2 + (\mu_1 - \mu_2)^2}{2 \sigma_2^2} - HALF || KK(NN(\mu_1, \sigma_1^2) \,\|\, NN(\mu_2, \sigma_2^2)) = \log \frac{\sigma_2}{\sigma_1} + \frac{\sigma_1^2 + (\mu_1 - \mu_2)^2}{2 \sigma_2^2} - HALF
KK(NN(\mu_1, \sigma_1^2) \,\|\, NN(\mu_2, \sigma_2^2)) = \log \frac{\sigma_2}{\sigma_1} + \frac{\sigma_1^2 + (\mu_1 - \mu_2)^2}{2 \sigma_1^2} - HALF
KK(NN(x; \mu_1, \Sigma_1) \,\|\, NN(x; \mu_2, \Sigma_2)) = HALF (TR(\Sigma_2^{-1} \Sigma_1) + (\mu_2 - \mu_1)^{\top} \Sigma_2^{-1} (\mu_2 - \mu_1) - 1 + \log \frac{\det \Sigma_2}{\det \Sigma_1}) || KK(NN(x; \mu_1, \Sigma_1) \,\|\, NN(x; \mu_2, \Sigma_2)) = HALF (TR(\Sigma_2^{-1} \Sigma_1) + (\mu_2 - \mu_1)^{\top} \Sigma_2^{-1} (\mu_2 - \mu_1) - D + \log \frac{\det \Sigma_2}{\det \Sigma_1})
KK(NN(x; \mu_1, \Sigma_1) \,\|\, NN(x; \mu_2, \Sigma_2)) = HALF (TR(\Sigma_1^{-1} \Sigma_2) + (\mu_2 - \mu_1)^{\top} \Sigma_2^{-1} (\mu_2 - \mu_1) - D + \log \frac{\det \Sigma_2}{\det \Sigma_1})
KK(NN(\mu, \Sigma) \,\|\, NN(\mathbf{0}, \mathbf{I})) = HALF (TR(\Sigma) + \mu^{\top} \mu - k + \log |\Sigma|) || KK(NN(\mu, \Sigma) \,\|\, NN(\mathbf{0}, \mathbf{I})) = HALF (TR(\Sigma) + \mu^{\top} \mu - k - \log |\Sigma|)
-KK(QX \,\|\, p(z)) = \int QX \log \frac{PX}{QX} \, dz || -KK(QX \,\|\, p(z)) = \int QX \log \frac{p(z)}{QX} \, dz
KK(QX \,\|\, PZX) = \log PX + BOUND || KK(QX \,\|\, PZX) = \log PX - BOUND
KK(QX \,\|\, PZX) = KK(QX \,\|\, p(z)) - EQ[\log PXZ] || KK(QX \,\|\, PZX) = KK(QX \,\|\, p(z)) - EQ[\log PXZ] + \log PX
KK(QX \,\|\, PZX) \leq KK(QX \,\|\, p(z))
KK(QX \,\|\, p(z)) = KK(q_{\phi}(z) \,\|\, p(z)) || \mathbb{E}_{p_{*}(x)}[KK(QX \,\|\, p(z))] \geq KK(q_{\phi}(z) \,\|\, p(z))
""",
"the ELBO": r"""
\log PX = BOUND || \log PX \geq BOUND
\log PX \leq BOUND
\log PX = BOUND - KK(QX \,\|\, PZX) || \log PX = BOUND + KK(QX \,\|\, PZX)
\log PX = BOUND + KK(QX \,\|\, p(z))
\log PX = BOUND + KK(PZX \,\|\, QX)
BOUND = EQ[\log PXZ] + KK(QX \,\|\, p(z)) || BOUND = EQ[\log PXZ] - KK(QX \,\|\, p(z))
BOUND = EQ[PXZ] - KK(QX \,\|\, p(z))
BOUND = EQ[\log PXZ] - KK(p(z) \,\|\, QX)
BOUND = EQ[\log PXZ] - KK(QX \,\|\, PZX) || BOUND = \log PX - KK(QX \,\|\, PZX)
BOUND = EQ[\log PJ] + EQ[\log QX] || BOUND = EQ[\log PJ] - EQ[\log QX]
BOUND = \mathbb{E}_{p(z)}[\log PXZ] - KK(QX \,\|\, p(z))
BOUND = EQ[\log \frac{PXZ}{QX}] || BOUND = EQ[\log \frac{PJ}{QX}]
BOUND = EQ[\log PXZ] - \beta KK(QX \,\|\, p(z))
\mathrm{ELBO} = EQ[\log PXZ] - KK(QX \,\|\, PZX) || \mathrm{ELBO} = EQ[\log PXZ] - KK(QX \,\|\, p(z))
\mathrm{ELBO} = EQ[\log PXZ] + KK(QX \,\|\, p(z))
\mathcal{L} = EQ[PXZ] - KK(QX \,\|\, p(z)) || \mathcal{L} = EQ[\log PXZ] - KK(QX \,\|\, p(z))
\mathcal{L}(\theta, \phi; x) = EQ[\log PXZ] + KK(QX \,\|\, p(z)) || \mathcal{L}(\theta, \phi; x) = EQ[\log PXZ] - KK(QX \,\|\, p(z))
\mathcal{L} = -EQ[\log PXZ] - KK(QX \,\|\, p(z)) || \mathcal{L} = -EQ[\log PXZ] + KK(QX \,\|\, p(z))
\log PX \geq EQ[\log PXZ]
\log PX \geq EQ[\log PXZ] + KK(QX \,\|\, p(z)) || \log PX \geq EQ[\log PXZ] - KK(QX \,\|\, p(z))
\log PX \geq EQ[\log PJ]
\log PX \leq \int q(z) \log \frac{PJ}{q(z)} \, dz || \log PX \geq \int q(z) \log \frac{PJ}{q(z)} \, dz
\log PX = \log \int QX \frac{PJ}{QX} \, dz = \int QX \log \frac{PJ}{QX} \, dz || \log PX = \log \int QX \frac{PJ}{QX} \, dz \geq \int QX \log \frac{PJ}{QX} \, dz
\log DATA \geq \mathrm{ELBO}(x; \theta, \phi) || \log DATA \geq SUMN \mathrm{ELBO}(x^{(n)}; \theta, \phi)
\mathrm{ELBO}(x; \theta, \phi) \geq 0
\mathrm{ELBO}(x; \theta, \phi) \leq 0
\mathcal{L}(\theta, \phi; x^{(i)}) = -KK(q_{\phi}(z \mid x^{(i)}) \,\|\, p(z)) + EQ[\log p_{\theta}(x^{(i)} \mid z)]
""",
"maximisers": r"""
\operatorname*{argmax}_{\theta} \log PX = \operatorname*{argmin}_{\theta} \log PX || \operatorname*{argmax}_{\theta} \log PX = \operatorname*{argmin}_{\theta} -\log PX
\operatorname*{argmax}_{\theta} DATA = \operatorname*{argmax}_{\theta} SUMN p_{\theta}(x^{(n)}) || \operatorname*{argmax}_{\theta} DATA = \operatorname*{argmax}_{\theta} SUMN \log p_{\theta}(x^{(n)})
\operatorname*{argmax}_{\theta} \log PX = \operatorname*{argmax}_{\theta} BOUND || \operatorname*{argmax}_{\theta} \log PX = \operatorname*{argmax}_{\theta} 2 \log PX + 1
\operatorname*{argmax}_{\phi} BOUND = \operatorname*{argmin}_{\phi} KK(QX \,\|\, p(z)) || \operatorname*{argmax}_{\phi} BOUND = \operatorname*{argmin}_{\phi} KK(QX \,\|\, PZX)
\operatorname*{argmax}_{\phi} BOUND = \operatorname*{argmax}_{\phi} EQ[\log PXZ]
\operatorname*{argmax}_{\mu} -\log NN(x; \mu, \sigma^2) = \operatorname*{argmax}_{\mu} (x - \mu)^2 || \operatorname*{argmax}_{\mu} \log NN(x; \mu, \sigma^2) = \operatorname*{argmin}_{\mu} (x - \mu)^2
\operatorname*{argmax}_{\mu} SUMN \log NN(x^{(n)}; \mu, \sigma^2) = SUMN x^{(n)} || \operatorname*{argmax}_{\mu} SUMN \log NN(x^{(n)}; \mu, \sigma^2) = \frac{1}{N} SUMN x^{(n)}
\operatorname*{argmin}_{a} (a - b)^2 = -b || \operatorname*{argmin}_{a} (a - b)^2 = b
\operatorname*{argmin}_{\theta} KK(p_{*}(x) \,\|\, PX) = \operatorname*{argmin}_{\theta} KK(PX \,\|\, p_{*}(x)) || \operatorname*{argmin}_{\theta} KK(p_{*}(x) \,\|\, PX) = \operatorname*{argmax}_{\theta} \mathbb{E}_{p_{*}(x)}[\log PX]
\operatorname*{argmax}_{\theta} \log PX \geq \operatorname*{argmax}_{\theta} BOUND
""",
"matrices": r"""
TR(\Sigma C) = TR(\Sigma) TR(C) || TR(\Sigma C) = TR(C \Sigma)
\det(\Sigma C) = \det(\Sigma) + \det(C) || \det(\Sigma C) = \det(\Sigma) \det(C)
\Sigma C = C \Sigma || \Sigma + C = C + \Sigma
(\Sigma C)^{-1} = \Sigma^{-1} C^{-1} || (\Sigma C)^{-1} = C^{-1} \Sigma^{-1}
\log \det \Sigma = TR(\Sigma) || \log \det \Sigma = -\log \det \Sigma^{-1}
\det(2 \Sigma) = 2 \det \Sigma
\|\mu\|^2 = \mu \mu^{\top} || \|\mu\|^2 = \mu^{\top} \mu
\|\mu\| = \sum_{h=1}^{H} \mu_h || \|\mu\|^2 = \sum_{h=1}^{H} \mu_h^2
TR(\mathbf{I}) = 1
TR(\mu \mu^{\top}) = \mu_1^2 || TR(\mu \mu^{\top}) = \mu^{\top} \mu
(x - \mu)^{\top} \Sigma^{-1} (x - \mu) = \Sigma^{-1} \|x - \mu\|^2
\mu^{\top} \Sigma \mu \leq 0 || \mu^{\top} \Sigma \mu \geq 0
TR(\Sigma) \leq 100 || TR(\Sigma) \geq 0
\log \det \Sigma \leq 0
\mathbb{E}_{NN(z; \mu, \Sigma)}[z z^{\top}] = \Sigma || \mathbb{E}_{NN(z; \mu, \Sigma)}[z^{\top} z] = TR(\Sigma) + \mu^{\top} \mu
\mathbb{E}_{NN(z; \mu, \Sigma)}[z^{\top} z] = \mu^{\top} \mu
""",
"definitions": r"""
a := b c
a = b + c
w(x) := \frac{p(x)}{q(x)} || w(x) := \frac{p(x)}{q(x)} \\ Ep[f(x)] = \mathbb{E}_{q(x)}[w(x) f(x)]
w(x) := \frac{q(x)}{p(x)} \\ Ep[f(x)] = \mathbb{E}_{q(x)}[w(x) f(x)]
D_{KL} = Eq[\log \frac{p(z)}{q(z)}] || D_{KL} = Eq[\log \frac{q(z)}{p(z)}]
D_{KL} = HALF (1 + \log \sigma^2 - \mu^2 - \sigma^2) || D_{KL} = -HALF (1 + \log \sigma^2 - \mu^2 - \sigma^2) || q(z) := NN(z; \mu, \sigma^2); p(z) := NN(z; 0, 1)
\mathrm{KL} = \int q(z) \log \frac{p(z)}{q(z)} \, dz || \mathrm{KL} = \int q(z) \log \frac{q(z)}{p(z)} \, dz
H = \int q(z) \log q(z) \, dz || H = -\int q(z) \log q(z) \, dz
I = \int \int PJ \log \frac{PX p(z)}{PJ} \, dz \, dx
q(z) := 2 NN(z; 0, 1) || q(z) := NN(z; 0, 1)
q(z) := e^{-z^2}
q(z) := 3
p_{\theta}(x, z) := PXZ
p_{\theta}(z \mid x) := PXZ p(z)
\mathrm{ELBO}(x; \theta, \phi) := 2 EQ[\log \frac{PJ}{QX}] || \mathrm{ELBO}(x; \theta, \phi) := EQ[\log \frac{PJ}{QX}]
Ep[f(x)] := \int q(x) f(x) \, dx || Ep[f(x)] := \int p(x) f(x) \, dx
\bar{x} := SUMN x^{(n)} \\ SUMN (x^{(n)} - \bar{x}) = 0 || \bar{x} := \frac{1}{N} SUMN x^{(n)} \\ SUMN (x^{(n)} - \bar{x}) = 0
""",
"chains": r"""
a (b + c) = a b + c = a b + a c || a (b + c) = a b + a c = a c + a b
\log PX = \log \int PJ \, dz \\ = \log \int PXZ p(z) \, dz \\ = \int \log (PXZ p(z)) \, dz
\log PX = EQ[\log PX] \\ = EQ[\log \frac{PJ}{PZX}] \\ = EQ[\log \frac{PJ}{QX}] + EQ[\log \frac{PZX}{QX}] || \log PX = EQ[\log PX] \\ = EQ[\log \frac{PJ}{PZX}] \\ = EQ[\log \frac{PJ}{QX}] + EQ[\log \frac{QX}{PZX}]
\log PX \geq BOUND \geq \log PX
a \leq a + e^b \leq a || a \leq a + e^b \leq a + e^b + 1
BOUND = EQ[\log PXZ p(z)] - EQ[\log QX] = EQ[\log PXZ] + EQ[\log \frac{QX}{p(z)}]
KK(q(z) \,\|\, p(z)) = Eq[\log \frac{q(z)}{p(z)}] = -Eq[\log \frac{q(z)}{p(z)}] || KK(q(z) \,\|\, p(z)) = Eq[\log \frac{q(z)}{p(z)}] = -Eq[\log \frac{p(z)}{q(z)}]
1 = 2 = 1
""",
"as it is typed": r"""
a + b ≠ b + a || a + b ≠ a − b
\log p(x) \neq \log \int p(x, z) dz
f(a) \neq f(a)
L = \mathbb{E}_{q(z|x)}[\log p(x|z)] + KL(q(z|x) \| p(z)) || L = \mathbb{E}_{q(z|x)}[\log p(x|z)] - KL(q(z|x) \| p(z))
\log p(x) = L - KL(q(z|x) \| p(z|x)) || \log p(x) = L + KL(q(z|x) \| p(z|x))
\log p(x) ≤ L || \log p(x) ≥ L
KL(q \| p) = \sum_j (1 + \log σ_j² − μ_j² − σ_j²)
KL(q \| p) = -HALF \sum_j (1 + \log σ_j − μ_j² − σ_j²)
KL(p \| q) = -HALF \sum_j (1 + \log σ_j² − μ_j² − σ_j²) || KL(q \| p) = -HALF \sum_j (1 + \log σ_j² − μ_j² − σ_j²)
\sum_i x_i = 2 \sum_i x_i || \sum_i 2 x_i = 2 \sum_i x_i
p(x) = \int p_θ(x|z) \, dz || p(x) = \int p_θ(x|z) p(z) \, dz
p(x) ≥ p_θ(x|z) p(z)
""",
"givens": r"""
a = b || a = b || a := b : false b > 0
a + b = 2 b || a + b = 2 b || a := b : false a > b
f(x) = x^2 + 1 || f(x) - 1 = x^2 || f(x) := x^2 + 1 : false f(x) > 0
EQ[z] = \mu + \sigma || EQ[z] = \mu || z \sim QX
Ep[x] = a + b || Ep[x] = a + b || p(x) := NN(x; a + b, 1) : false p(x) := NN(x; a - b, 1)
\log PX = -\lambda x + \log x || \log PX = -\lambda x + \log \lambda || p_{\theta}(x) := \lambda e^{-\lambda x}; x > 0
\sqrt{a^2} = a || \sqrt{a^2} = a || a > 0 : false a > -1
\frac{a}{b} \geq 1 || \frac{a}{b} \geq 1 || a > b; b > 0 : false a > b
\log a \geq 0 || \log a \geq 0 || a > 1 : false a > 0.5
p_{\theta}(x) = NN(x; 0, 1)
J = 2 ||  || J := H
\sum_{j=1}^{J} \mu_j^2 = \mu_1^2 || \sum_{j=1}^{J} \mu_j^2 = \|\mu\|^2 || J := H
""",
"constants": r"""
a + c = a || a = a + c - c
(a + c)^2 = a^2
f(x + c) = f(x)
e^{a + \text{const}} = e^a
\log PX \geq BOUND + C || \log PX \geq BOUND
a \cdot \text{const} = 0
Eq[f(z + c)] = Eq[f(z)]
PZX \propto PJ + \text{const} || PZX \propto PJ
(a + b)^2 = (a + b + c)^2 = a^2 + 2 a b + b^2 || (a + b)^2 = a^2 + 2 a b + b^2
""",
"samples": r"""
\mathbb{E}_{z_1, \ldots, z_K \sim QX}[\log \frac{1}{K} \sum_{k=1}^{K} \frac{p_{\theta}(x, z_k)}{q_{\phi}(z_k \mid x)}] = \log \frac{1}{K} \sum_{k=1}^{K} \frac{p_{\theta}(x, z_k)}{q_{\phi}(z_k \mid x)} || \mathbb{E}_{z_1, \ldots, z_K \sim QX}[\log \frac{1}{K} \sum_{k=1}^{K} \frac{p_{\theta}(x, z_k)}{q_{\phi}(z_k \mid x)}] \leq \log PX
\mathbb{E}_{x_1, \dots, x_N \sim p(x)}[\frac{1}{N} SUMN f(x_n)] = \frac{1}{N} SUMN f(x_n) || \mathbb{E}_{x_1, \dots, x_N \sim p(x)}[\frac{1}{N} SUMN f(x_n)] = Ep[f(x)]
x^{(n)} = x^{(i)} || x^{(n)} = x^{(n)}
\log p_{\theta}(x^{(i)}) = \log p_{\theta}(x^{(n)})
\log \sum_{k=1}^{K} p(z^{(k)}) p_{\theta}(x \mid z^{(k)}) \geq \log (p(z^{(k)}) p_{\theta}(x \mid z^{(j)})) || \log \sum_{k=1}^{K} p(z^{(k)}) p_{\theta}(x \mid z^{(k)}) \geq \log (p(z^{(j)}) p_{\theta}(x \mid z^{(j)}))
""",
"at a point": r"""
f(b) > 0 || f(b) > 0 || f \text{ is positive} : false f(a) > 0
f(b + 1) > f(b) || f(b + 1) > f(b) || f \text{ is increasing} : false f'(a) > 0
a = 2 || a^2 = 4 || a^2 = 4
a = b || a^2 = b^2 || a^2 = b^2
f(2) = b || ||  f(a) = b
p(x) = 0 || || p(x^{(1)}) = 0
""",
"impossible": r"""
\int q(z) \, dz = 2 || \int q(z) \, dz = 1 || q(z) := NN(z; 0, 1) : false q(z) := 2 NN(z; 0, 1)
KK(q(z) \,\|\, p(z)) < 0 || || q(z) := HALF NN(z; 0, 1)
PJ = 2 PXZ p(z) || PJ = PXZ p(z) || PJ := PXZ p(z) : false PJ := 2 PXZ p(z)
PZX = PXZ p(z) || || PZX := PXZ p(z)
\mathrm{ELBO} = EQ[\log PXZ] + KK(QX \,\|\, p(z)) || || \mathrm{ELBO} := EQ[\log PXZ] + KK(QX \,\|\, p(z))
""",
"asides": r"""
a + b = b + a, \quad \log PX \leq BOUND \; \forall x \in \mathbb{R}^D || a + b = b + a, \quad \forall a \in \mathbb{R}
PX = \int PJ \, dz, \quad \forall x: \log PX \leq 0 || PX = \int PJ \, dz, \quad \forall x \in \mathbb{R}
a = a, \quad 1 \geq 2 \in \mathbb{R}
KK(q(z) \,\|\, p(z)) \geq 0, \quad KK(q(z) \,\|\, p(z)) \in [0, 1]
""",
"other names": r"""
D_{JS}(p(x) \,\|\, q(x)) = Ep[\log \frac{p(x)}{q(x)}] || D(p(x) \,\|\, q(x)) = Ep[\log \frac{p(x)}{q(x)}]
D_{TV}(p(x) \,\|\, q(x)) \neq D_{TV}(q(x) \,\|\, p(x))
H_{\alpha}(p) = -Ep[\log p(x)] || H(p) = -Ep[\log p(x)]
\log PX \geq \mathcal{L}_{\text{GAN}} || \log PX \geq \mathcal{L}_{\text{ELBO}}
\mathcal{L}_{\text{train}} = \mathcal{L}_{\text{test}}
\mathcal{L}_{\text{IWAE}} = BOUND || \mathcal{L}_{\text{VLB}} = BOUND
\mathcal{L}(\theta, \phi; x, \beta) = BOUND || \mathcal{L}(\theta, \phi; x) = BOUND
\mathcal{L}(x) = \mathcal{L}(z)
p_{\text{emp}}(x) = p_{\text{data}}(x)
\mathcal{L} = EQ[\log PXZ] + KK(QX \,\|\, p(z)) = KK(QX \,\|\, p(z)) + EQ[\log PXZ] || \mathcal{L} = EQ[\log PXZ] - KK(QX \,\|\, p(z)) = -KK(QX \,\|\, p(z)) + EQ[\log PXZ]
""",
"reach": r"""
EQ[\nabla_{\phi} \log QX f(z)] = EQ[\nabla_{\phi} \log QX] || EQ[(\nabla_{\phi} \log QX) f(z)] = \nabla_{\phi} EQ[f(z)]
\exp(a)^2 = \exp(a^2) || \exp(a)^2 = \exp(2 a)
\sin(a)^2 = \sin(a^2) || \sin(a)^2 + \cos(a)^2 = 1
\log(a)^2 = 2 \log(a) || (\log a)^2 = \log(a) \log(a) || a > 0
\sigma(x)^2 = \sigma x^2
E(f(x)) = f(x) E(1) || E(\log p(z, x)) - E(\log q(z)) = Eq[\log p(z, x)] - Eq[\log q(z)] || z \sim q(z) : false x \sim p(x)
""",
"one world": r"""
\frac{\partial^2}{\partial z^2} \mathrm{decoder}(z) = 0 || \frac{\partial}{\partial z} (2 z) = 2
\frac{\partial}{\partial x} \sigma_{\phi}(x) = 0
\mathbb{E}_{p_{*}(x)}[\mu_{\phi}(x)] = \mu_{\phi}(\mathbb{E}_{p_{*}(x)}[x])
q_{\phi}(z) = NN(z; \mathbb{E}_{q_{\phi}(z)}[z], \mathrm{Var}_{q_{\phi}(z)}[z])
PX = NN(x; \mathbb{E}_{PX}[x], \mathrm{Var}_{PX}[x])
\frac{\partial^2}{\partial x^2} \log p(x) = -\frac{1}{\mathrm{Var}_{p(x)}[x]}
N \geq 2
K \leq 5
D \geq H
\log K \geq \log 2
""",
"limits and extremes": r"""
\int_{0}^{\infty} 1 \, dx = 12
\int_{0}^{20} x \, dx = 72 || \int_{0}^{20} x \, dx = 200
\int_{1}^{\infty} \frac{1}{x^2} \, dx = \frac{11}{12} || \int_{1}^{\infty} \frac{1}{x^2} \, dx = 1
\int_{0}^{\infty} e^{-x} \, dx = 2 || \int_{0}^{\infty} x e^{-x} \, dx = 1
\max_a (-a^2) \neq \max_a (-(a - 1)^2)
\sup_a \tanh(a) < \sup_a \tanh(a + 1)
\sigma \approx 1
PX \approx 0
""",
"signs of what is inside": r"""
|\log p(x)| = -\log p(x) || |\log p(x)| \geq \log p(x)
|\log q(z)| = -\log q(z)
|\log NN(x; \mu, \sigma^2)| = -\log NN(x; \mu, \sigma^2) || |KK(q(z) \| p(z))| = KK(q(z) \| p(z))
|H(q)| = H(q)
|Eq[\log q(z)]| = -Eq[\log q(z)]
\sqrt{(\log p(x))^2} = -\log p(x) || \sqrt{(\log p(x))^2} = |\log p(x)|
|\log PXZ| + \log PXZ = 0
\max(p(x), 1) = 1
\max(\log p(x), 0) = 0 || \max(\log p(x), 0) \geq \log p(x)
\min(p(x), 1) = p(x)
\log p(x) = \begin{cases} \log p(x) & \text{if } p(x) \leq 1 \\ 0 & \text{otherwise} \end{cases}
\mathbb{E}_{z \sim NN(0, 1)}[|z|] = \frac{1}{\sqrt{\pi}} || \mathbb{E}_{z \sim NN(0, 1)}[|z|] = \sqrt{\frac{2}{\pi}}
\mathbb{E}_{z \sim NN(0, 1)}[\max(z, 0)] = HALF || \mathbb{E}_{z \sim NN(0, 1)}[\max(z, 0)] = \frac{1}{\sqrt{2 \pi}}
""",
"cases": r"""
|a| = \begin{cases} a & a \geq 0 \\ a & a < 0 \end{cases} || |a| = \begin{cases} a & a \geq 0 \\ -a & a < 0 \end{cases}
|a| = \begin{cases} a & \text{if } a > 1 \\ -a & \text{otherwise} \end{cases} || |a| = \begin{cases} a & \text{if } a > 0 \\ -a & \text{otherwise} \end{cases}
|a| = \left\{ \begin{array}{ll} -a & a \geq 0 \\ a & a < 0 \end{array} \right. || |a| = \left\{ \begin{array}{ll} a & a \geq 0 \\ -a & a < 0 \end{array} \right.
\mathrm{Bern}(x; \pi) = \begin{cases} \pi & x = 0 \\ 1 - \pi & x = 1 \end{cases} || \mathrm{Bern}(x; \pi) = \begin{cases} \pi & x = 1 \\ 1 - \pi & x = 0 \end{cases}
\max(a, 0) + \min(a, 0) = 0 || \max(a, 0) + \min(a, 0) = a
\min(a, b) = \frac{a + b + |a - b|}{2} || \max(a, b) = \frac{a + b + |a - b|}{2}
\min(a, 1) = \begin{cases} a & a < 1 \\ 0 & a \geq 1 \end{cases}
""",
"other peaks": r"""
\arg\max_a (a^3 - 3 a) = -1 || \arg\max_a (-(a - 1)^2 + 3) = 1
\arg\min_a (a^3 - 3 a) = 1
\arg\max_a (a^4 - 2 a^2) = 0 || \arg\min_a (a^4 - 2 a^3 + a^2 + (a - 1)^2) = 1
\arg\max_a \cos(a) = 2 \pi
\arg\max_a \sin(a) = \frac{\pi}{2}
\arg\max_a (a^2 e^{-a}) = 2 || \arg\max_a (-e^a + 2 a) = \log 2
\arg\min_a a \sin(a) = 0
\arg\min_a a^2 (a - 3)^2 = 0
\arg\min_a (3 a^4 - 4 a^3 - 12 a^2) = -1 || \arg\min_a (3 a^4 - 4 a^3 - 12 a^2) = 2
\arg\max_a (e^{-(a - 3)^2} + 2 e^{-(a + 3)^2}) = 3
""",
"at a brace": r"""
\log PX = BOUND + \underbrace{KK(QX \| PZX)}_{\leq 0} || \log PX = BOUND + \underbrace{KK(QX \| PZX)}_{\geq 0}
\log PX = BOUND + \underbrace{KK(QX \| PZX)}_{= 0} || \log PX = BOUND + \underbrace{KK(QX \| PZX)}_{\text{gap}}
\underbrace{KK(q(z) \| p(z))}_{\leq 0} \geq 0 || \underbrace{KK(q(z) \| p(z))}_{\geq 0} \geq 0
Eq[\log q(z)] = \underbrace{-H(q)}_{\geq 0}
\int \underbrace{q(z)}_{= p(z)} dz = 1 || \int \underbrace{q(z)}_{> 0} dz = 1
\int \underbrace{PJ}_{= PX p(z)} dz = PX || \int \underbrace{PJ}_{= PXZ p(z)} dz = PX
\log PX = \underbrace{\log \int PJ dz}_{\leq 0} || \log PX = \underbrace{\log \int PJ dz}_{L} = L
(a + b)^2 = a^2 + \underbrace{2 a b}_{\geq 0} + b^2
(a + b)^2 = \overbrace{a^2 + b^2}^{= (a - b)^2} + 2 a b || (a + b)^2 = \overbrace{a^2 + b^2}^{\geq 2 a b} + 2 a b
\log PX = \underbrace{EQ[\log \frac{PJ}{QX}]}_{BOUND + 1} + KK(QX \| PZX) || \log PX = \underbrace{EQ[\log \frac{PJ}{QX}]}_{BOUND} + KK(QX \| PZX)
\log PX = \underbrace{EQ[\log PXZ] + KK(QX \| p(z))}_{\text{ELBO}} + KK(QX \| PZX) - 2 KK(QX \| p(z)) || \log PX = \underbrace{EQ[\log PXZ] - KK(QX \| p(z))}_{\text{ELBO}} + KK(QX \| PZX)
\underbrace{Eq[f(z)]}_{= f(Eq[z])} = \int q(z) f(z) dz
""",
"conditions beside a line": r"""
|a| = a \quad \text{if } a \leq 0 || |a| = a \quad \text{if } a \geq 0
|a| = -a \quad \text{for } a > 0 || |a| = -a \quad \text{for } a < 0
\log a \leq 0 \quad \text{for } a > 1 || \log a \leq 0 \quad \text{for } 0 < a < 1
a^2 \geq a \quad \text{for all } a > 0 || a^2 \geq a \quad \text{whenever } a \geq 1
\log x \geq 0 \quad \forall x > 0 || \log x \leq x - 1 \quad \forall x > 0
\log (a b) = \log a - \log b \quad (a, b > 0) || \log (a b) = \log a + \log b \quad (a, b > 0)
\frac{a}{b} \geq a \quad \text{whenever } b > 0
\log p(x) \leq 0 \quad \text{if } x > 0
\sqrt{a^2} = a \\ a^2 = |a|^2 \quad \text{if } a > 0 || \sqrt{a^2} = a \quad \text{if } a > 0 \\ a^2 = |a|^2
\beta KK(q(z) \| p(z)) \leq KK(q(z) \| p(z)) \quad \text{for } \beta > 1 || \beta KK(q(z) \| p(z)) \geq KK(q(z) \| p(z)) \quad \text{for } \beta > 1
Ep[f(x)] = \mathbb{E}_{q(x)}[w(x) f(x)] \quad \text{where } w(x) = \frac{q(x)}{p(x)} || Ep[f(x)] = \mathbb{E}_{q(x)}[w(x) f(x)] \quad \text{where } w(x) = \frac{p(x)}{q(x)}
\log PX \geq \mathcal{L} \quad \text{where } \mathcal{L} = EQ[PXZ]
KK(q(z) \| p(z)) \geq 0 \quad \text{with equality iff } q(z) = 2 p(z)
""",
"constants in one name": r"""
\log PZX = \log PXZ + \text{const w.r.t. } z || \log PZX = \log PXZ + \log p(z) + \text{const w.r.t. } z
\log PJ = \log PZX + \text{const w.r.t. } x || \log PJ = \log PZX + \text{const w.r.t. } z
\log PXZ = \log PJ + \text{const w.r.t. } z || \log PXZ = \log PJ + \text{const w.r.t. } x
KK(QX \| PZX) = BOUND + \text{const w.r.t. } \phi || KK(QX \| PZX) = -BOUND + \text{const w.r.t. } \phi
\log NN(x; \mu, \sigma^2) = C - \frac{(x - \mu)^2}{\sigma^2} || \log NN(x; \mu, \sigma^2) = C - \frac{(x - \mu)^2}{2 \sigma^2}
""",
"many values, any size": r"""
-\sum_x p(x) \log p(x) \leq \log 4 || -\sum_x p(x) \log p(x) \geq 0
\sum_x p(x)^2 \geq \frac{1}{4} || \sum_x p(x)^2 \leq 1
(D - 1) (D - 2) (D - 3) = 0 || D^2 - 1 = (D - 1) (D + 1)
H^3 + 11 H = 6 H^2 + 6
D + H \leq 6 || D + H \leq 2 D H
\log N \geq 1 || \log N \leq N - 1
""",
"below the tolerance": r"""
a + 10^{-9} = a || a + 10^{-9} > a
e^{-100} = 0 || e^{-100} > 0
\pi = 3.14159265 || \pi \approx 3.14159265
\sigma^2 + 10^{-8} = \sigma^2
KK(NN(\mu, \sigma^2) \| NN(0, 1)) = HALF (\mu^2 + \sigma^2 - \log \sigma^2 - 1) + 10^{-9} || KK(NN(\mu, \sigma^2) \| NN(0, 1)) = HALF (\mu^2 + \sigma^2 - \log \sigma^2 - 1)
""",
"bounds by a number": r"""
Ep[x^2] \leq 10^4
Ep[x^2] - 10^4 \leq 0
\log NN(x; \mu, \sigma^2) \leq 20
Eq[\log q(z)] \leq 2
a^2 \geq 10^{-12} || a^2 \geq 0
a^2 \geq a^2 + 10^{-13}
H \|z\|^2 \leq 3 \|z\|^2 || \|z\|^2 \leq H \|z\|^2
\sum_{d=1}^{D} x_d \leq 3 || \sum_{d=1}^{D} x_d \leq D || PXZ := \prod_{d=1}^{D} \mathrm{Bernoulli}(x_d; \hat{x}_d)
\sum_{d=1}^{D} x_d \leq 1 + 2 || \sum_{d=1}^{D} x_d \geq 0 || PXZ := \prod_{d=1}^{D} \mathrm{Bernoulli}(x_d; \hat{x}_d)
a^2 \underset{= 0}{\geq} 0 || a^2 \underset{(1)}{\geq} 0
""",
"told apart": r"""
p_1(x) = p_2(x)
\log p_1(x) - \log p_2(x) = 0
f_1(x) - f_2(x) = 0 || f_1(x) + f_2(x) = f_2(x) + f_1(x)
\mu_{\phi, 1}(x) = \mu_{\phi, 2}(x)
\sum_{j=1}^{H} \mu_{\phi, j}(x) = H \mu_{\phi, 1}(x) || \sum_{j=1}^{H} 2 \mu_{\phi, j}(x) = 2 \sum_{j=1}^{H} \mu_{\phi, j}(x)
P(x) - p(x) = 0
KK(P \| p) = 0
KK(P \| q) = KK(p \| q)
KK(P(x) \| q(x)) = KK(p(x) \| q(x))
KK(q(z) \| p(z)) = \log Z || KK(q(z) \| p(z)) \geq 0
\nabla_x^2 \log p(x) = \nabla_x \log p(x) || \nabla_x^2 \log p(x) = \nabla_x \nabla_x \log p(x)
\nabla_x \log p(x) \nabla_x \log q(x) = \nabla_x (\log p(x) \nabla_x \log q(x)) || \nabla_x \log p(x) \nabla_x \log q(x) = \nabla_x \log q(x) \nabla_x \log p(x)
p_{data}(x_0) = \int p_\theta(x_{0:T}) dx_{1:T} || p_\theta(x_0) = \int p_\theta(x_{0:T}) dx_{1:T}
""",
"schedules": r"""
\beta_t = 1 - \frac{\bar\alpha_{t-1}}{\bar\alpha_t} || \beta_t = 1 - \frac{\bar\alpha_t}{\bar\alpha_{t-1}}
\tilde\beta_t = \frac{1 - \bar\alpha_t}{1 - \bar\alpha_{t-1}} \beta_t || \tilde\beta_t = \frac{1 - \bar\alpha_{t-1}}{1 - \bar\alpha_t} \beta_t
\sum_{t > 1} \log \frac{q(x_t | x_0)}{q(x_{t-1} | x_0)} = \log \frac{q(x_T | x_0)}{q(x_2 | x_0)} || \sum_{t > 1} \log \frac{q(x_t | x_0)}{q(x_{t-1} | x_0)} = \log \frac{q(x_T | x_0)}{q(x_1 | x_0)}
\mathbb{E}[-\log p_\theta(x_0)] \geq \mathbb{E}_q[-\log \frac{p_\theta(x_{0:T})}{q(x_{1:T} | x_0)}] || \mathbb{E}[-\log p_\theta(x_0)] \leq \mathbb{E}_q[-\log \frac{p_\theta(x_{0:T})}{q(x_{1:T} | x_0)}]
""",
"other letters": r"""
KK(P \| Q) = \int q(x) \log \frac{p(x)}{q(x)} dx || KK(P \| Q) = \int p(x) \log \frac{p(x)}{q(x)} dx
KK(f(x) \| g(x)) = \int g(x) \log \frac{f(x)}{g(x)} dx || KK(f(x) \| g(x)) = \int f(x) \log \frac{f(x)}{g(x)} dx
H(p) = \sum_i p_i \log p_i || H(p) = -\sum_i p_i \log p_i
KK(P \| Q) = \sum_i q(i) \log \frac{p(i)}{q(i)} || KK(P \| Q) = \sum_i p(i) \log \frac{p(i)}{q(i)}
KK(q(w) \| p(w | \mathcal{D})) = \mathcal{L}(q) + \log p(\mathcal{D}) || KK(q(w) \| p(w | \mathcal{D})) = -\mathcal{L}(q) + \log p(\mathcal{D})
\log p(x) = \int p(\theta) \log p(x | \theta) d\theta || \log p(x) = \log \int p(x | \theta) p(\theta) d\theta
\mathrm{ELBO} = \mathbb{E}_{q_\phi(z)}[\log PJ] || \mathrm{ELBO} = \mathbb{E}_{q_\phi(z)}[\log PJ - \log q_\phi(z)]
KK(q \| p) = \mathbb{E}_q[\log p(x, z)] - \mathbb{E}_q[\log q(z)] + \log p(x) || KK(q \| p) = -(\mathbb{E}_q[\log p(x, z)] - \mathbb{E}_q[\log q(z)]) + \log p(x)
\mathbb{E}_{p(s)}[s] = 0 || \mathbb{E}_{p(s)}[s] = \int s p(s) ds
H(X) = E_{x \sim P}[\log p(x)] || H(X) = -E_{x \sim P}[\log p(x)]
\log_2 8 = 2 || \log_2 8 = 3
KK(q_\phi \| p) = HALF \sum_{j=1}^{d} (1 + \log \sigma_j^2 - \mu_j^2 - \sigma_j^2) || KK(q_\phi \| p) = -HALF \sum_{j=1}^{d} (1 + \log \sigma_j^2 - \mu_j^2 - \sigma_j^2)
KK(QX \| NN(0, I)) = HALF \sum_{j=1}^{L} (\sigma_{\phi,j}^2(x) + \mu_{\phi,j}^2(x) - \log \sigma_{\phi,j}^2(x)) || KK(QX \| NN(0, I)) = HALF \sum_{j=1}^{L} (\sigma_{\phi,j}^2(x) + \mu_{\phi,j}^2(x) - 1 - \log \sigma_{\phi,j}^2(x))
""",
"two letters": r"""
p(y | x) = \frac{p(x | y) p(x)}{p(y)} || p(y | x) = \frac{p(x | y) p(y)}{p(x)}
I(X; Y) = H(X) + H(Y) + H(X, Y) || I(X; Y) = H(X) + H(Y) - H(X, Y)
H(Y) = \log 2 || H(Y | X) \leq H(Y)
\mathrm{MI}(X; Y) = H(X) - H(Y | X) || \mathrm{MI}(X; Y) = H(Y) - H(Y | X)
KK(p \| q) = \sum_i q(x_i) \log \frac{p(x_i)}{q(x_i)} || KK(p \| q) = \sum_i p(x_i) \log \frac{p(x_i)}{q(x_i)}
D_{JS}(p(x) \| q(x)) = HALF KK(p(x) \| q(x)) + HALF KK(q(x) \| p(x)) || D_{JS}(p(x) \| q(x)) \leq \log 2
\mathrm{VLB} = EQ[\log PXZ] + KK(QX \| p(z)) || \mathrm{VLB} = EQ[\log PXZ] - KK(QX \| p(z))
\ln p(X) = \mathcal{L}(q) - KK(q \| p) || \ln p(X) = \mathcal{L}(q) + KK(q \| p)
P(X) \approx \frac{1}{n} \sum_i P(X | z_i), \quad z_i \sim Q(z | X) || P(X) \approx \frac{1}{n} \sum_i P(X | z_i), \quad z_i \sim P(z)
""",
"units": r"""
\log p(x) \geq \mathbb{E}_{q(z_1, z_2 | x)}[\log p(x | z_1) + \log p(z_1 | z_2) + \log p(z_2)] || \log p(x) \geq \mathbb{E}_{q(z_1, z_2 | x)}[\log p(x | z_1) + \log p(z_1 | z_2) + \log p(z_2) - \log q(z_1, z_2 | x)]
\log p(x) \geq \mathbb{E}_{q(z_{1:T} | x)}[\log p(x, z_{1:T})] || \log p(x) \geq \mathbb{E}_{q(z_{1:T} | x)}[\log \frac{p(x, z_{1:T})}{q(z_{1:T} | x)}]
\log p_\theta(x_0) \geq \mathbb{E}_{q(x_{1:T} | x_0)}[\log p_\theta(x_{0:T})] || \log p_\theta(x_0) \geq \mathbb{E}_{q(x_{1:T} | x_0)}[\log \frac{p_\theta(x_{0:T})}{q(x_{1:T} | x_0)}]
""",
"energies": r"""
\nabla_x \log p(x) = \nabla_x f(x) || \nabla_x \log p(x) = -\nabla_x f(x) || p(x) := \frac{e^{-f(x)}}{Z}
\log p(x) = -f(x) + \log Z || \log p(x) = -f(x) - \log Z || p(x) := \frac{e^{-f(x)}}{Z}
\log p(x) = -f(x) || \log p(x) + f(x) = -\log Z || p(x) := \frac{\exp(-f(x))}{Z}
\nabla_x^2 \log p(x) \leq 0 || \nabla_x^2 \log p(x) = -\nabla_x^2 f(x) || p(x) := \frac{e^{-f(x)}}{Z}
\nabla_\theta \log p_\theta(x) = -\nabla_\theta f_\theta(x) || \nabla_\theta \log p_\theta(x) = -\nabla_\theta f_\theta(x) + \mathbb{E}_{p_\theta(x)}[\nabla_\theta f_\theta(x)] || p_\theta(x) := \frac{e^{-f_\theta(x)}}{Z_\theta}
KK(q(s) \| p(s)) = \int q(s) \log q(s) + \int q(s) \beta E(s) - \log Z || KK(q(s) \| p(s)) = \int q(s) \log q(s) + \int q(s) \beta E(s) + \log Z || p(s) := \frac{e^{-\beta E(s)}}{Z}
f(x) \geq 0 || f(x) \leq f(x) + e^{-f(x)} || p(x) := \frac{e^{-f(x)}}{Z}
Z = 1 || Z = \int e^{-f(x)} dx || p(x) := \frac{e^{-f(x)}}{Z}
""",
"between limits": r"""
\int_0^1 x^2 dx = \frac{x^3}{2} \Big|_0^1 || \int_0^1 x^2 dx = \frac{x^3}{3} \Big|_0^1
\int_1^2 x^2 dx = \left[ \frac{x^3}{3} \right]_2^1 || \int_1^2 x^2 dx = \left[ \frac{x^3}{3} \right]_1^2
\int_0^\infty e^{-x} dx = e^{-x} \Big|_0^\infty || \int_0^\infty e^{-x} dx = -e^{-x} \Big|_0^\infty
x^2 \Big|_0^\infty = 0
p(x) \Big|_{-\infty}^\infty = 1 || p(x) \Big|_{-\infty}^\infty = 0
""",
"where it is an equality": r"""
KK(q(z) \| p(z)) \geq 0 \quad \text{with equality iff } q(z) = r(z) || KK(q(z) \| p(z)) \geq 0 \quad \text{with equality iff } q(z) = p(z)
KK(q(z) \| p(z)) \geq -1 \quad \text{with equality iff } q = p || KK(q \| p) \geq 0 \quad \text{with equality iff } q = p
\log PX \geq Eq[\log \frac{PJ}{q(z)}] \quad \text{with equality iff } q(z) = p(z) || \log PX \geq Eq[\log \frac{PJ}{q(z)}] \quad \text{with equality iff } q(z) = PZX
Ep[KK(QX \| p(z))] \geq KK(q_\phi(z) \| p(z)) \quad \text{with equality iff } QX = p(z)
H(p, q) \geq H(p) \quad \text{with equality iff } p = 2 q || H(p, q) \geq H(p) \quad \text{with equality if and only if } p = q
KK(q \| p) = 0 \quad \text{with equality iff } q = p
""",
"dots between": r"""
DATA = p_\theta(x^{(2)}) \cdots p_\theta(x^{(N)}) || DATA = p_\theta(x^{(1)}) \cdots p_\theta(x^{(N)})
\log DATA = \log p_\theta(x^{(2)}) + \dots + \log p_\theta(x^{(N)}) || \log DATA = \log p_\theta(x^{(1)}) + \log p_\theta(x^{(2)}) + \dots + \log p_\theta(x^{(N)})
q(x_{1:T} | x_0) = q(x_2 | x_1) \dots q(x_T | x_{T-1}) || q(x_{1:T} | x_0) = q(x_1 | x_0) \dots q(x_T | x_{T-1})
q(x_{1:T} | x_0) = q(x_1 | x_0) \dots q(x_{T-1} | x_T)
p(x, z_{1:L}) = p(z_L) p(x | z_1) \prod_{l=2}^{L-1} p(z_l | z_{l+1}) || p(x, z_{1:L}) = p(z_L) p(x | z_1) \prod_{l=1}^{L-1} p(z_l | z_{l+1})
\log p(x) = -\log \int p(x_{0:T}) dx_{1:T} || \log p(x) = \log \int p(x_{0:T}) dx_{1:T}
""",
"told later or not at all": r"""
\mathbb{E}_{z_1, \dots, z_K \sim q}[\sum_{k=1}^K w_k] = p(x), \quad w_k = \frac{p(x, z_k)}{q(z_k | x)} || \mathbb{E}_{z_1, \dots, z_K \sim q}[\frac1K \sum_{k=1}^K w_k] = p(x), \quad w_k = \frac{p(x, z_k)}{q(z_k | x)}
\log PX = w + KK(QX \| PZX) + 1, \quad w = BOUND || \log PX = w + KK(QX \| PZX), \quad w = BOUND
Eq[f(z)] \approx \sum_{l=1}^L f(z_l) || Eq[f(z)] \approx \frac1L \sum_{l=1}^L f(z_l)
\mathbb{E}_{p(z)}[f(z)] \approx \frac1L \sum_{l=1}^L f(z_l) \frac{q(z_l)}{p(z_l)}
\mathcal{L}(\theta, \phi; x^{(i)}) \simeq HALF \sum_{j=1}^J (1 + \log((\sigma_j^{(i)})^2) + (\mu_j^{(i)})^2 - (\sigma_j^{(i)})^2) + \frac1L \sum_{l=1}^L \log p_\theta(x^{(i)} | z^{(i,l)}) || \mathcal{L}(\theta, \phi; x^{(i)}) \simeq HALF \sum_{j=1}^J (1 + \log((\sigma_j^{(i)})^2) - (\mu_j^{(i)})^2 - (\sigma_j^{(i)})^2) + \frac1L \sum_{l=1}^L \log p_\theta(x^{(i)} | z^{(i,l)})
x_t = \sqrt{\bar\alpha_t} x_0 + \sqrt{1 - \bar\alpha_t} \epsilon \\ x_t + \sqrt{1 - \bar\alpha_t} \epsilon = \sqrt{\bar\alpha_t} x_0 || x_t = \sqrt{\bar\alpha_t} x_0 + \sqrt{1 - \bar\alpha_t} \epsilon \\ x_t - \sqrt{1 - \bar\alpha_t} \epsilon = \sqrt{\bar\alpha_t} x_0
\int q(z) \log \frac{q(z)}{p(z)} = KK(p(z) \| q(z)) || \int q(z) \log \frac{q(z)}{p(z)} = KK(q(z) \| p(z))
""",
"more letters": r"""
H(X), H(Y) \geq H(X, Y) || H(X, Y) \leq H(X) + H(Y)
\text{CE}(P, Q) = -\mathbb{E}_{x \sim Q}[\log p(x)] || \text{CE}(P, Q) = -\mathbb{E}_{x \sim P}[\log q(x)]
\text{CE}(p, q) = H(q) + KK(p \| q) || \text{CE}(p, q) = H(p) + KK(p \| q)
MI(X, U) = \sum_{x,u} \hat p(x, u) \log \frac{\hat p(x) \hat p(u)}{\hat p(x, u)} || MI(X, U) = \sum_{x,u} \hat p(x, u) \log \frac{\hat p(x, u)}{\hat p(x) \hat p(u)}
KK(\tilde p(x) \| p(x)) = 0 || KK(\tilde p(x) \| p(x)) \geq 0
\log p(y | x) = \mathbb{E}_{q(z | x, y)}[\log \frac{p(y, z | x)}{q(z | x, y)}] - KK(q(z | x, y) \| p(z | x, y)) || \log p(y | x) = \mathbb{E}_{q(z | x, y)}[\log \frac{p(y, z | x)}{q(z | x, y)}] + KK(q(z | x, y) \| p(z | x, y))
\mathrm{Var}[a X + b] = a \mathrm{Var}[X] || \mathrm{Var}[a X + b] = a^2 \mathrm{Var}[X]
f(\mathbb{E}[X]) \leq \mathbb{E}[f(X)]
H(NN(\mu, \sigma^2)) = HALF \log(2 \pi \sigma^2) || H(NN(\mu, \sigma^2)) = HALF \log(2 \pi e \sigma^2)
\langle \log p_\theta(x) \rangle_{data} = H[p_{data}] - KK(p_{data} \| p_\theta) || \langle \log p_\theta(x) \rangle_{data} = -H[p_{data}] - KK(p_{data} \| p_\theta)
\nabla_\phi \mathbb{E}_{q(\epsilon)}[f_\phi(g_\phi(\epsilon))] = \mathbb{E}_{q(\epsilon)}[f_\phi(g_\phi(\epsilon))] || \nabla_\phi \mathbb{E}_{q(\epsilon)}[f_\phi(g_\phi(\epsilon))] = \mathbb{E}_{q(\epsilon)}[\nabla_\phi f_\phi(g_\phi(\epsilon))]
\nabla_\phi EQ[f(z)] = \mathbb{E}_{p(\epsilon)}[f(g_\phi(\epsilon, x))] || \nabla_\phi EQ[f(z)] = \nabla_\phi \mathbb{E}_{p(\epsilon)}[f(g_\phi(\epsilon, x))]
I(X; Y) = \mathbb{E}[KK(p(x) \| p(x | y))], \quad \int p(y) dy = 1 || I(X; Y) = \mathbb{E}[KK(p(x | y) \| p(x))], \quad \int p(y) dy = 1
p(x | y) = \frac{p(y | x) p(x)}{p(y)} \propto p(y | x) || p(x | y) = \frac{p(y | x) p(x)}{p(y)} \propto p(y | x) p(x)
""",
"entropies of densities": r"""
H(X) \leq H(X, Y) || H(X, Y) = H(X) + H(Y \mid X)
H(X \mid Y) \geq 0 || H(X \mid Y) \leq H(X)
I(X; Y) \leq H(X) || I(X; Y) \geq 0
H(q) \geq 0 || H(p) = -\sum_x p(x) \log p(x)
""",
"few digits": r"""
\log (1 - \mathrm{sigmoid}(a)) = -\log (2 + e^a) || \log (1 - \mathrm{sigmoid}(a)) = -\log (1 + e^a)
\log (1 - \mathrm{sigmoid}(a)) \geq -\log (1 + e^a) + 0.001 || \log (1 - \mathrm{sigmoid}(a)) \leq -a
\sum_{k=1}^{K} a_k - a_1 = a_1 || \sum_{k=1}^{K} a_k - a_1 = \sum_{k=2}^{K} a_k
\sum_{j=1}^{K} (\sum_{k=1}^{K} a_k - a_j) = K \sum_{k=1}^{K} a_k || \sum_{j=1}^{K} (\sum_{k=1}^{K} a_k - a_j) = (K - 1) \sum_{k=1}^{K} a_k
\sum_{k=1}^{K} \sum_{j=1}^{K} (a_k - a_j) = K || \sum_{k=1}^{K} \sum_{j=1}^{K} (a_k - a_j) = 0
""",
}  # fmt: skip


@dataclass(frozen=True)
class Falsehood:
    kind: str
    false: str
    given: tuple[str, ...]  # of the false one
    true: str
    true_given: tuple[str, ...]


def _long(text: str) -> str:
    for short, latex in sorted(SHORT.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(short, latex) if short.isupper() else text
    for short, latex in SHORT.items():
        text = text if short.isupper() else text.replace(short + "[", latex + "[")
    return text.strip()


def _row(kind: str, line: str) -> Falsehood:
    parts = [part.strip() for part in line.split("||")] + ["", ""]
    given, _, other = parts[2].partition(" : false ")
    givens = [tuple(filter(None, map(_long, text.split(";"))))
              if "(" not in text else tuple(filter(None, map(_long, _split(text))))
              for text in (given, other or given)]  # fmt: skip
    return Falsehood(kind, _long(parts[0]), givens[1], _long(parts[1]), givens[0])


def _split(text: str) -> list[str]:
    """At semicolons outside of brackets."""
    pieces, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == ";" and not depth:
            pieces.append("")
        else:
            pieces[-1] += char
    return pieces


FALSEHOODS = [
    _row(kind, line) for kind, lines in ROWS.items() for line in lines.strip().splitlines()
]
