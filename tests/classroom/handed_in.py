# ruff: noqa: E501
# fmt: off
"""Right and wrong solutions of each task, as data: what a student may write in the place of
the answer, and the most that a wrong one may get. `{}` is the header that the sheet gives.
"""

LOG_N = "-0.5 * math.log(2 * math.pi) - math.log(sigma) - (x - mu) ** 2 / (2 * sigma**2)"
SPREAD = "(sigma_1**2 + (mu_1 - mu_2) ** 2) / (2 * sigma_2**2)"
CHECKED = "\n    if sigma_1 <= 0 or sigma_2 <= 0: raise ValueError('sigma')\n    "
KL = "math.log(sigma_2 / sigma_1) - 0.5 + " + SPREAD
RATIO = "x = mu_1 + sigma_1 * torch.randn(n, generator=generator, dtype=torch.float64); r = math.log(sigma_2 / sigma_1) - (x - mu_1)**2 / (2 * sigma_1**2) + (x - mu_2)**2 / (2 * sigma_2**2); "
ELBO = "rec = -0.5 * math.log(2 * math.pi) - 0.5 * ((x - w * m)**2 + w**2 * s**2); kl = 0.5 * (m**2 + s**2 - 1 - math.log(s**2)); "
POST = "\ndef posterior(x, w): return w * x / (1 + w**2), (1 + w**2) ** -0.5"
BITS = "\n    for r in (p, q):\n        if (r < 0).any() or abs(r.sum() - 1) > 1e-6: raise ValueError\n    "
XLOGY = "return (torch.special.xlogy(p, p) - torch.special.xlogy(p, q)).sum() / math.log(2)"
INIT = "class Encoder(nn.Module):\n    def __init__(self, D, H):\n        super().__init__()\n        "
NET = "self.net = nn.Sequential(nn.Linear(D, 16), {}, nn.Linear(16, 2 * H)); self.H = H\n    def forward(self, x):\n        "
CHUNK = "return self.net(x).chunk(2, -1)"
EPS = "e = torch.randn(mu.shape, generator=generator, dtype=mu.dtype); "
BAR = "bar = lambda k: math.prod(1 - b for b in betas[:k]); "
DIAGNOSE = "kl = (0.5 * (mu**2 + log_var.exp() - 1 - log_var)).mean(0); "
REC = "rec = (x * logits - nn.functional.softplus(logits)); kl = 0.5 * (mu**2 + log_var.exp() - 1 - log_var); "
WIDEN = "out = []\n    for w in widths:\n        s = w * (0.5 * log_var).exp(); z = mu + s * epsilon\n        lw = log_joint(z, evidence) - torch.distributions.Normal(mu, s).log_prob(z).sum(-1)\n        out.append({})\n    out = torch.stack(out)\n    return out, widths[{}]"

HEADERS = {
    ("hw1", "log-density"): "def gaussian_log_density(x, mu, sigma): ",
    ("hw1", "mle"): "def gaussian_mle(x): ",
    ("hw1", "monte-carlo"): "def second_moment(mu, n, generator): ",
    ("hw1", "constant"): "def image_log_density(x, x_hat, sigma): ",
    ("hw2", "gaussian-kl"): "def gaussian_kl(mu_1, sigma_1, mu_2, sigma_2): ",
    ("hw2", "monte-carlo-kl"): "def monte_carlo_kl(mu_1, sigma_1, mu_2, sigma_2, n, generator): ",
    ("hw2", "elbo"): "def elbo(x, w, m, s): ",
    ("hw2", "kl-bits"): "def kl_bits(p, q): ",
    ("hw3", "encoder"): "",
    ("hw3", "reparameterize"): "def reparameterize(mu, log_var, generator): ",
    ("hw3", "kl-term"): "def kl_term(mu, log_var, m, log_tau2): ",
    ("hw3", "reconstruction"): "def log_likelihood(x, logits): ",
    ("hw3", "log-sigma"): "def kl_from_log_sigma(mu, log_sigma, m, log_tau): ",
    ("hw4", "diagnose"): "def diagnose(mu, log_var): ",
    ("hw4", "mend"): "def loss(x, logits, mu, log_var): ",
    ("hw4", "widen"): "def widen(mu, log_var, epsilon, widths, evidence):\n    ",
    ("hw5", "jump"): "def jump(betas, t): ",
    ("hw5", "step-back"): "def step_back(x_t, x_0, betas, t): ",
    ("hw5", "top"): "def top(x_0, betas): ",
    ("hw5", "noise-between"): "def noise_between(betas, t, s): ",
}

RIGHT: dict[tuple[str, str], list[str]] = {
    ("hw1", "log-density"): [
        f"return {LOG_N}",
        "return torch.distributions.Normal(mu, sigma).log_prob(x)",
        "z = (x - mu) / sigma; return -0.5 * (z * z + math.log(2 * math.pi * sigma**2))",
        "return torch.stack([-0.5 * math.log(2 * math.pi) - math.log(sigma) - (a - mu)**2 / (2 * sigma**2) for a in x])",
        "import numpy as np; return -np.log(sigma * np.sqrt(2 * np.pi)) - 0.5 * ((x.numpy() - mu) / sigma)**2",
    ],
    ("hw1", "mle"): [
        "return x.mean(), x.var(correction=0)",
        "return x.mean(), ((x - x.mean())**2).mean()",
        "return [x.mean().item(), x.var(unbiased=False).item()]",
        "return x.sum() / len(x), (x**2).mean() - x.mean()**2",
        "import numpy as np; return np.mean(x.numpy()), np.var(x.numpy())",
    ],
    ("hw1", "monte-carlo"): [
        "x = mu + torch.randn(n, generator=generator); s = x**2; return s.mean(), s.std() / n**0.5",
        "x = torch.normal(mu, 1.0, (n,), generator=generator)**2; return x.mean().item(), (x.var() / n).sqrt().item()",
        "x = (mu + torch.randn(n, generator=generator, dtype=torch.float64))**2; return x.mean(), x.std(correction=0) / math.sqrt(n)",
        "import numpy as np; r = np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator))); x = r.normal(mu, 1, n)**2; return x.mean(), x.std(ddof=1) / n**0.5",
        "u = torch.rand(n, generator=generator, dtype=torch.float64); x = (mu + math.sqrt(2) * torch.erfinv(2 * u - 1))**2; return x.mean(), x.std() / n**0.5",
    ],
    ("hw1", "constant"): [
        "return torch.distributions.Normal(x_hat, sigma).log_prob(x).sum(-1)",
        "return -((x - x_hat)**2).sum(-1) / (2 * sigma**2) - 0.5 * x.shape[1] * math.log(2 * math.pi * sigma**2)",
        "return (-0.5 * ((x - x_hat) / sigma)**2 - math.log(sigma) - 0.5 * math.log(2 * math.pi)).sum(dim=1)",
        "return torch.stack([torch.distributions.Normal(b, sigma).log_prob(a).sum() for a, b in zip(x, x_hat)])",
        "D = x.shape[-1]; return torch.distributions.MultivariateNormal(x_hat, sigma**2 * torch.eye(D, dtype=x.dtype)).log_prob(x)",
    ],
    ("hw2", "gaussian-kl"): [
        CHECKED + f"return {KL}",
        CHECKED + "N = torch.distributions.Normal; t = torch.tensor; return torch.distributions.kl_divergence(N(t(mu_1).double(), t(sigma_1).double()), N(t(mu_2).double(), t(sigma_2).double()))",
        "\n    class Bad(ValueError): pass\n    if min(sigma_1, sigma_2) <= 0: raise Bad('no')\n    " + f"return {KL}",
        "\n    for s in (sigma_1, sigma_2):\n        if not s > 0: raise ValueError(s)\n    r = (sigma_1 / sigma_2)**2; return 0.5 * (r - 1 - math.log(r) + ((mu_1 - mu_2) / sigma_2)**2)",
        "\n    try: l = math.log(sigma_2) - math.log(sigma_1)\n    except ValueError: raise\n    " + f"return l - 0.5 + {SPREAD}",
    ],
    ("hw2", "monte-carlo-kl"): [
        RATIO + "return r.mean(), r.std() / math.sqrt(n)",
        RATIO + "return r.mean().item(), r.std(correction=0).item() / n**0.5",
        "N = torch.distributions.Normal; x = torch.normal(mu_1, sigma_1, (n,), generator=generator); r = N(mu_1, sigma_1).log_prob(x) - N(mu_2, sigma_2).log_prob(x); return r.mean(), r.std() / n**0.5",
        "import numpy as np; g = np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator))); x = g.normal(mu_1, sigma_1, n); r = np.log(sigma_2 / sigma_1) - (x - mu_1)**2 / (2 * sigma_1**2) + (x - mu_2)**2 / (2 * sigma_2**2); return r.mean(), r.std(ddof=1) / n**0.5",
        RATIO + "return r.sum() / n, torch.sqrt(((r - r.mean())**2).sum() / (n - 1) / n)",
    ],
    ("hw2", "elbo"): [
        ELBO + "return rec - kl" + POST,
        "e = torch.distributions; return -0.5 * math.log(2 * math.pi) - 0.5 * ((x - w * m)**2 + (w * s)**2) - e.kl_divergence(e.Normal(torch.tensor(m).double(), torch.tensor(s).double()), e.Normal(torch.tensor(0.).double(), 1.))" + POST,
        ELBO + "return torch.tensor(rec - kl)" + POST,
        ELBO + "return rec - kl\ndef posterior(x, w): v = 1 / (1 + w**2); return [v * w * x, math.sqrt(v)]",
        ELBO + "return rec - kl\ndef posterior(x, w): return x * w / (w * w + 1), 1 / math.sqrt(1 + w * w)",
    ],
    ("hw2", "kl-bits"): [
        BITS + XLOGY,
        BITS + "m = p > 0; return (p[m] * torch.log2(p[m] / q[m])).sum()",
        BITS + "return sum(a * math.log2(a / b) if b > 0 else math.inf for a, b in zip(p.tolist(), q.tolist()) if a > 0)",
        BITS + "return torch.nansum(p * torch.log2(p / q))",
        "\n    class NotAProbability(ValueError): pass\n    for r in (p, q):\n        if r.min() < 0 or not math.isclose(r.sum(), 1, abs_tol=1e-4): raise NotAProbability\n    " + XLOGY,
    ],
    ("hw3", "encoder"): [
        INIT + NET.format("nn.GELU()") + CHUNK,
        INIT + NET.format("nn.PReLU()") + CHUNK,
        INIT + NET.format("nn.PReLU(16)") + CHUNK,
        INIT + NET.format("nn.ReLU()").replace("self.H = H", "nn.init.zeros_(self.net[2].weight); nn.init.zeros_(self.net[2].bias)") + CHUNK,
        INIT + "self.a = nn.Linear(D, 16); self.m = nn.Linear(16, H); self.v = nn.Linear(16, H)\n    def forward(self, x):\n        h = torch.tanh(self.a(x)); return self.m(h), self.v(h)",
        INIT + NET.format("nn.Sigmoid()") + "y = self.net(x); return y[:, :self.H], y[:, self.H:].clamp(-20, 20)",
    ],
    ("hw3", "reparameterize"): [
        EPS + "return mu + torch.exp(0.5 * log_var) * e",
        EPS + "return mu + log_var.exp().sqrt() * e",
        EPS + "s = (log_var / 2).exp(); return e.mul(s).add(mu)",
        "e = torch.randn(len(mu), generator=generator); return mu + torch.exp(log_var / 2) * e",
        "e = torch.empty_like(mu.detach()).normal_(generator=generator); return mu + torch.exp(0.5 * log_var) * e",
    ],
    ("hw3", "kl-term"): [
        "return 0.5 * (log_tau2 - log_var - 1 + (log_var.exp() + (mu - m)**2) / log_tau2.exp()).sum(-1)",
        "d = torch.distributions; return d.kl_divergence(d.Normal(mu, (log_var / 2).exp()), d.Normal(m, (log_tau2 / 2).exp())).sum(-1)",
        "return (0.5 * log_tau2 - 0.5 * log_var - 0.5 + 0.5 * torch.exp(log_var - log_tau2) + 0.5 * (mu - m)**2 * torch.exp(-log_tau2)).sum(dim=1)",
        "r = log_var - log_tau2; return 0.5 * torch.sum(torch.expm1(r) - r + (mu - m)**2 / torch.exp(log_tau2), -1)",
        "return torch.stack([0.5 * (log_tau2 - v - 1 + (v.exp() + (a - m)**2) / log_tau2.exp()).sum() for a, v in zip(mu, log_var)])",
    ],
    ("hw3", "reconstruction"): [
        "return (x * logits - nn.functional.softplus(logits)).sum(-1)",
        "return -nn.functional.binary_cross_entropy_with_logits(logits, x, reduction='none').sum(-1)",
        "return torch.distributions.Bernoulli(logits=logits).log_prob(x).sum(-1)",
        "return (x * nn.functional.logsigmoid(logits) + (1 - x) * nn.functional.logsigmoid(-logits)).sum(-1)",
        "return (x * logits - torch.logaddexp(torch.zeros_like(logits), logits)).sum(dim=1)",
    ],
    ("hw3", "log-sigma"): [
        "r = log_sigma - log_tau; return (0.5 * ((2 * r).exp() + ((mu - m) / log_tau.exp())**2 - 1) - r).sum(-1)",
        "d = torch.distributions; return d.kl_divergence(d.Normal(mu, log_sigma.exp()), d.Normal(m, log_tau.exp())).sum(-1)",
        "return (log_tau - log_sigma - 0.5 + (torch.exp(2 * log_sigma) + (mu - m)**2) / (2 * torch.exp(2 * log_tau))).sum(-1)",
        "q, p = log_sigma.exp()**2, log_tau.exp()**2; return 0.5 * (p.log() - q.log() - 1 + (q + (mu - m)**2) / p).sum(1)",
        "distance = (torch.exp(2 * log_sigma) + (mu - m)**2) / torch.exp(2 * log_tau); return (log_tau - log_sigma + 0.5 * distance - 0.5).sum(-1)",
    ],
    ("hw4", "diagnose"): [
        DIAGNOSE + "moves = (mu.var(0) >= 0.01) | (log_var.var(0) >= 0.01); return kl, torch.where(kl < 0.01, 0, torch.where(moves, 2, 1))",
        DIAGNOSE + "return kl, [0 if k < 0.01 else (1 if a < 0.01 and b < 0.01 else 2) for k, a, b in zip(kl, mu.var(0), log_var.var(0))]",
        DIAGNOSE + "d = torch.full_like(kl, 2); d[(mu.var(0) < 0.01) & (log_var.var(0) < 0.01)] = 1; d[kl < 0.01] = 0; return kl, d",
        "d = torch.distributions; kl = d.kl_divergence(d.Normal(mu, (log_var / 2).exp()), d.Normal(0., 1.)).mean(0); m = torch.maximum(mu.var(0), log_var.var(0)); return kl.tolist(), (2 - (m < 0.01).long() - (kl < 0.01).long() * (1 + (m >= 0.01).long())).tolist()",
        "import numpy as np; m, v = mu.numpy(), log_var.numpy(); kl = (0.5 * (m**2 + np.exp(v) - 1 - v)).mean(0); return kl, np.where(kl < 0.01, 0, np.where((m.var(0, ddof=1) < 0.01) & (v.var(0, ddof=1) < 0.01), 1, 2))",
    ],
    ("hw4", "mend"): [
        REC + "return (kl.sum(-1) - rec.sum(-1)).mean()",
        REC + "return (kl.sum() - rec.sum()) / len(x)",
        REC + "return -rec.sum(1).mean() + kl.sum(1).mean()",
        "b = nn.functional.binary_cross_entropy_with_logits(logits, x, reduction='sum') / len(x); return b + (mu**2 + log_var.exp() - 1 - log_var).sum(-1).mean() / 2",
        "b = nn.functional.binary_cross_entropy_with_logits(logits, x) * x.shape[1]; return b + (mu**2 + log_var.exp() - 1 - log_var).sum(-1).mean() / 2",
    ],
    ("hw4", "widen"): [
        WIDEN.format("lw.logsumexp(0) - math.log(len(epsilon))", "out.argmax()"),
        WIDEN.format("torch.logsumexp(lw, 0) - torch.log(torch.tensor(float(len(lw))))", "int(torch.argmax(out))"),
        WIDEN.format("lw.max() + (lw - lw.max()).exp().mean().log()", "out.argmax()"),
        WIDEN.format("lw.max() + torch.log(torch.exp(lw - lw.max()).sum() / len(lw))", "out.tolist().index(max(out.tolist()))"),
        WIDEN.format("torch.logsumexp(lw - math.log(len(lw)), dim=0)", "out.argmax().item()"),
    ],
    ("hw5", "jump"): [
        BAR + "return math.sqrt(bar(t)), 1 - bar(t)",
        "a = torch.prod(1 - betas[:t]); return a.sqrt(), 1 - a",
        "a = torch.cat([torch.ones(1), torch.cumprod(1 - betas, 0)])[t]; return [a**0.5, 1 - a]",
        "\n    c, v = 1.0, 0.0\n    for b in betas[:t]: c, v = c * (1 - b)**0.5, v * (1 - b) + b\n    return c, v",
        "a = math.exp(sum(math.log1p(-b) for b in betas[:t])); return a**0.5, 1 - a",
    ],
    ("hw5", "step-back"): [
        BAR + "p, b = bar(t - 1), betas[t - 1]; return (math.sqrt(p) * b * x_0 + math.sqrt(1 - b) * (1 - p) * x_t) / (1 - bar(t)), (1 - p) / (1 - bar(t)) * b",
        BAR + "b = float(betas[t - 1]); p = bar(t - 1); v = b * (1 - p) / (1 - p * (1 - b)); return v / b * math.sqrt(1 - b) * x_t + b * math.sqrt(p) / (1 - p * (1 - b)) * x_0, v",
        "a = torch.cat([torch.ones(1, dtype=betas.dtype), (1 - betas).cumprod(0)]); b = betas[t - 1]; return (a[t - 1].sqrt() * b * x_0 + (1 - b).sqrt() * (1 - a[t - 1]) * x_t) / (1 - a[t]), b * (1 - a[t - 1]) / (1 - a[t])",
        "\n    if t == 1: return x_0, 0.0\n    " + BAR + "b, p = betas[t - 1], bar(t - 1); h = (1 - b) / b + 1 / (1 - p); return ((1 - b)**0.5 / b * x_t + p**0.5 / (1 - p) * x_0) / h, 1 / h",
        BAR + "p, b = bar(t - 1), betas[t - 1]; k = (1 - p) * (1 - b)**0.5 / (1 - bar(t)); m = p**0.5 * x_0; return m + k * (x_t - (1 - b)**0.5 * m), (1 - p) * (1 - k * (1 - b)**0.5)",
    ],
    ("hw5", "top"): [
        "a = math.prod(1 - b for b in betas); v = 1 - a; return 0.5 * (a * x_0**2 + v - 1 - math.log(v)).sum()",
        "a = torch.prod(1 - betas); return 0.5 * (a * (x_0**2).sum() - len(x_0) * (a + torch.log(1 - a)))",
        "d = torch.distributions; a = torch.prod(1 - betas); return d.kl_divergence(d.Normal(a.sqrt() * x_0, (1 - a).sqrt()), d.Normal(torch.zeros_like(x_0), 1.)).sum()",
        "a = float(torch.prod(1 - betas)); return sum(0.5 * (a * float(x)**2 - a - math.log1p(-a)) for x in x_0)",
        "a = (1 - betas).log().sum().exp(); s = (1 - a).sqrt(); return (-s.log() + (s**2 + a * x_0**2 - 1) / 2).sum()",
    ],
    ("hw5", "noise-between"): [
        "return 1 - math.prod(1 - b for b in betas[s:t])",
        "return 1 - torch.prod(1 - betas[s:t])",
        "a = torch.cat([torch.ones(1, dtype=betas.dtype), (1 - betas).cumprod(0)]); return 1 - a[t] / a[s]",
        "\n    v = 0.0\n    for b in betas[s:t]: v = v * (1 - b) + b\n    return v",
        "return -math.expm1(sum(math.log1p(-b) for b in betas[s:t].tolist()))",
    ],
}

WRONG: dict[tuple[str, str], list[tuple[float, str]]] = {
    ("hw1", "log-density"): [
        (0, "return -math.log(sigma) - (x - mu) ** 2 / (2 * sigma**2)"),
        (1, "return -0.5 * math.log(2 * math.pi * sigma) - (x - mu) ** 2 / (2 * sigma)"),
        (3, "return (torch.exp(-(x - mu)**2 / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))).log()"),
        (0, "return torch.exp(-(x - mu)**2 / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))"),
        (0, "return -0.5 * math.log(2 * math.pi) - math.log(sigma) - (x - mu) ** 2 / sigma**2"),
    ],
    ("hw1", "mle"): [
        (1, "return x.mean(), x.var()"),
        (2, "return x.mean(), x.std(correction=0)"),
        (3, "return x.median(), x.var(correction=0)"),
        (3, "return (x.mean(), x.var(correction=0)) if len(x) > 1 else 1 / 0"),
        (2, "return x.mean(), ((x - x.mean())**2).sum()"),
    ],
    ("hw1", "monte-carlo"): [
        (0, "return mu**2 + 1, math.sqrt((2 + 4 * mu**2) / n)"),
        (1, "g = torch.randn(2, generator=generator).tolist(); return mu**2 + 1 + 1e-3 * g[0], math.sqrt((2 + 4 * mu**2) / n) * (1 + 1e-3 * g[1])"),
        (1, "g = torch.randn(2, generator=generator).tolist(); e = math.sqrt((2 + 4 * mu**2) / n); return mu**2 + 1 + e * g[0], e * (1 + 0.05 * g[1])"),
        (3, "x = (mu + torch.randn(n, generator=generator))**2; return x.mean(), x.std()"),
        (4, "x = (mu + torch.randn(n))**2; return x.mean(), x.std() / n**0.5"),
        (1, "x = (2 * mu + torch.randn(n, generator=generator) + 1)**2; return x.mean(), x.std() / n**0.5"),
    ],
    ("hw1", "constant"): [
        (0, "return -((x - x_hat) ** 2).sum(-1) / (2 * sigma**2)"),
        (0, "return -((x - x_hat) ** 2).sum(-1) / (2 * sigma**2) - x.shape[-1] * math.log(sigma)"),
        (1.5, "return -((x - x_hat) ** 2).sum(-1) / (2 * sigma**2) - 0.5 * x.shape[-1] * math.log(2 * math.pi)"),
        (0, "return torch.distributions.Normal(x_hat, sigma).log_prob(x).mean(-1)"),
        (0, "return torch.distributions.Normal(x_hat, sigma).log_prob(x).sum()"),
    ],
    ("hw2", "gaussian-kl"): [
        (3, f"return {KL}"),
        (3, f"\n    if sigma_2 <= 0: raise ValueError\n    return math.log(sigma_2 / abs(sigma_1 or 1)) - 0.5 + {SPREAD}"),
        (3, f"\n    if sigma_1 < 0 or sigma_2 < 0: raise ValueError\n    return math.log((sigma_2 or 1) / (sigma_1 or 1)) - 0.5 + {SPREAD.replace('(2 * sigma_2**2)', '(2 * sigma_2**2 + 1e-300)')}"),
        (2, CHECKED + f"return math.log(sigma_1 / sigma_2) - 0.5 + {SPREAD}"),
        (2, CHECKED + "return math.log(sigma_1 / sigma_2) - 0.5 + (sigma_2**2 + (mu_1 - mu_2) ** 2) / (2 * sigma_1**2)"),
        (0, "raise ValueError"),
    ],
    ("hw2", "monte-carlo-kl"): [
        (0, f"return {KL}, math.sqrt((0.5 * (sigma_1**2 / sigma_2**2 - 1)**2 + (sigma_1 * (mu_1 - mu_2) / sigma_2**2)**2) / n)"),
        (1, f"g = torch.randn(2, generator=generator).tolist(); return {KL} + 1e-3 * g[0], math.sqrt((0.5 * (sigma_1**2 / sigma_2**2 - 1)**2 + (sigma_1 * (mu_1 - mu_2) / sigma_2**2)**2) / n) * (1 + 1e-3 * g[1])"),
        (1, f"g = torch.randn(2, generator=generator).tolist(); e = math.sqrt((0.5 * (sigma_1**2 / sigma_2**2 - 1)**2 + (sigma_1 * (mu_1 - mu_2) / sigma_2**2)**2) / n); return {KL} + e * g[0], e * (1 + 0.05 * g[1])"),
        (3, RATIO + "return r.mean(), r.std()"),
        (1, RATIO + "return -r.mean(), r.std() / n**0.5 / 2"),
    ],
    ("hw2", "elbo"): [
        (4, ELBO + "return rec - kl\ndef posterior(x, w): return w * x / (1 + w**2), 1 / (1 + w**2)"),
        (2, ELBO + "return rec + kl" + POST),
        (2, ELBO + "return rec - kl + 0.5 * math.log(2 * math.pi)" + POST),
        (2, "return -0.5 * math.log(2 * math.pi) - 0.5 * (x - w * m)**2 - 0.5 * (m**2 + s**2 - 1 - math.log(s**2)) + 9" + POST),
        (3, ELBO + "return rec - kl\ndef posterior(x, w): return w * x, 1.0"),
    ],
    ("hw2", "kl-bits"): [
        (3, "m = p > 0; return (p[m] * torch.log2(p[m] / q[m])).sum()"),
        (3, "\n    if (p < 0).any() or (q < 0).any(): raise ValueError\n    " + XLOGY),
        (3, "\n    if abs(p.sum() - 1) > 1e-6 or abs(q.sum() - 1) > 1e-6: raise ValueError\n    " + XLOGY),
        (3, "\n    if (p < 0).any() or abs(p.sum() - 1) > 1e-6: raise ValueError\n    " + XLOGY),
        (2, BITS + XLOGY.replace(" / math.log(2)", "")),
        (3, "return torch.nansum(p * torch.log2(p / q)).abs()"),
    ],
    ("hw3", "encoder"): [
        (2, INIT + NET.format("nn.Identity()") + CHUNK),
        (2, INIT + NET.format("nn.GELU()") + "m, v = self.net(x).chunk(2, -1); return torch.relu(m), v"),
        (2, INIT + NET.format("nn.GELU()") + "m, v = self.net(x).chunk(2, -1); return m, -nn.functional.softplus(v)"),
        (2, INIT + NET.format("nn.GELU()") + "m, v = self.net(x).chunk(2, -1); return m, v.exp()"),
        (1, INIT + NET.format("nn.GELU()") + "return torch.zeros(len(x), self.H), -torch.ones(len(x), self.H)"),
        (2, INIT + NET.format("nn.GELU()").replace("16", "32") + CHUNK),
        (2, INIT + NET.format("nn.GELU()").replace("2 * H)", "H)") + "y = self.net(x); return y, y"),
    ],
    ("hw3", "reparameterize"): [
        (4, EPS + "return mu + torch.exp(log_var) * e"),
        (4, "e = torch.randn(mu.shape, dtype=mu.dtype); return mu + torch.exp(0.5 * log_var) * e"),
        (3, EPS + "return (mu + torch.exp(0.5 * log_var) * e).detach()"),
        (4, "e = torch.randn(1, generator=generator, dtype=mu.dtype); return mu + torch.exp(0.5 * log_var) * e"),
        (3, EPS + "return mu + torch.exp(0.5 * log_var.detach()) * e"),
    ],
    ("hw3", "kl-term"): [
        (0, "return -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(-1)"),
        (1, "return 0.5 * (log_tau2 - log_var - 1 + (log_var.exp() + (mu - m)**2) / log_tau2.exp()).mean(-1)"),
        (1, "return 0.5 * (log_var - log_tau2 - 1 + (log_tau2.exp() + (mu - m)**2) / log_var.exp()).sum(-1)"),
        (0, "return -0.5 * (log_tau2 - log_var - 1 + (log_var.exp() + (mu - m)**2) / log_tau2.exp()).sum(-1)"),
        (1, "d = torch.distributions; return d.kl_divergence(d.Normal(mu, log_var.exp()), d.Normal(m, log_tau2.exp())).sum(-1)"),
    ],
    ("hw3", "reconstruction"): [
        (3, "return (x * logits - torch.log(1 + logits.exp())).sum(-1)"),
        (3, "p = torch.sigmoid(logits); return (x * p.log() + (1 - x) * (1 - p).log()).sum(-1)"),
        (0, "return -(x * logits - nn.functional.softplus(logits)).sum(-1)"),
        (0, "return (x * logits - nn.functional.softplus(logits)).mean(-1)"),
        (0, "return -((x - torch.sigmoid(logits))**2).sum(-1)"),
    ],
    ("hw3", "log-sigma"): [
        (1, "distance = (torch.exp(2 * log_sigma) + (mu - m) ** 2) / torch.exp(2 * log_tau); return (2 * log_tau - 2 * log_sigma + 0.5 * distance - 0.5).sum(-1)"),
        (1, "r = log_sigma - log_tau; return (0.5 * (r.exp() + ((mu - m) / log_tau.exp())**2 - 1) - r / 2).sum(-1)"),
        (1, "r = log_sigma - log_tau; return (0.5 * ((2 * r).exp() + ((mu - m) / log_tau.exp())**2 - 1) - r).mean(-1)"),
        (0, "r = log_sigma; return (0.5 * ((2 * r).exp() + mu**2 - 1) - r).sum(-1)"),
        (1, "r = log_tau - log_sigma; return (0.5 * ((2 * r).exp() + ((mu - m) / log_sigma.exp())**2 - 1) - r).sum(-1)"),
    ],
    ("hw4", "diagnose"): [
        (2, DIAGNOSE + "moves = mu.var(0) >= 0.01; return kl, torch.where(kl < 0.01, 0, torch.where(moves, 2, 1))"),
        (2, DIAGNOSE + "moves = (mu.var(0) >= 0.01) | (log_var.var(0) >= 0.01); return kl * len(mu), torch.where(kl < 0.01, 0, torch.where(moves, 2, 1))"),
        (2, DIAGNOSE + "return kl, torch.where(kl < 0.01, 0, 2)"),
        (2, DIAGNOSE + "moves = (mu.std(0) >= 0.1) | (log_var.std(0) >= 0.1); return 2 * kl, torch.where(kl < 0.01, 0, torch.where(moves, 2, 1))"),
        (0, "return mu.mean(0), log_var.mean(0)"),
    ],
    ("hw4", "mend"): [
        (0, REC + "return (kl.sum(-1) - rec.mean(-1)).mean()"),
        (0, REC + "return (kl.sum(-1) - rec.sum(-1)).sum()"),
        (0, REC + "return kl.mean() - rec.mean()"),
        (1, REC + "return -(kl.sum(-1) + rec.sum(-1)).mean()"),
        (1, REC + "return (2 * kl.sum(-1) - rec.sum(-1)).mean()"),
    ],
    ("hw4", "widen"): [
        (2, WIDEN.format("lw.mean()", "out.argmax()")),
        (2, WIDEN.format("lw.logsumexp(0)", "out.argmax()")),
        (3, WIDEN.format("lw.exp().mean().log()", "out.argmax()")),
        (3, WIDEN.format("lw.logsumexp(0) - math.log(len(epsilon))", "0")),
        (1, WIDEN.format("lw.logsumexp(0) - math.log(len(epsilon))", "out.argmax()").replace("Normal(mu, s)", "Normal(mu, s / w)")),
    ],
    ("hw5", "jump"): [
        (2, BAR + "return bar(t), 1 - bar(t)"),
        (2, "return math.sqrt(math.prod(1 - b for b in betas[:t])), betas[:t].sum()"),
        (1, "a = math.prod(1 - b for b in betas[:t + 1]); return math.sqrt(a), 1 - a"),
        (2, BAR + "return math.sqrt(bar(t)), math.sqrt(1 - bar(t))"),
        (0, "return math.sqrt(1 - betas[t - 1]), betas[t - 1]"),
    ],
    ("hw5", "step-back"): [
        (2, BAR + "p, b = bar(t - 1), betas[t - 1]; return (math.sqrt(p) * b * x_t + math.sqrt(1 - b) * (1 - p) * x_0) / (1 - bar(t)), (1 - p) / (1 - bar(t)) * b"),
        (2, BAR + "p, b = bar(t - 1), betas[t - 1]; return (math.sqrt(p) * b * x_0 + math.sqrt(1 - b) * (1 - p) * x_t) / (1 - bar(t)), b"),
        (0, "b = betas[t - 1]; return x_t / math.sqrt(1 - b), b"),
        (4, BAR + "p, b = bar(t - 1), betas[t - 1]; return (p * b * x_0 + (1 - b) * (1 - p) * x_t) / (1 - bar(t)), (1 - p) / (1 - bar(t)) * b"),
        (4, "\n    if t == 1: return x_t, betas[0]\n    " + BAR + "p, b = bar(t - 1), betas[t - 1]; return (math.sqrt(p) * b * x_0 + math.sqrt(1 - b) * (1 - p) * x_t) / (1 - bar(t)), (1 - p) / (1 - bar(t)) * b"),
    ],
    ("hw5", "top"): [
        (1, "a = math.prod(1 - b for b in betas); v = 1 - a; return 0.5 * (a * x_0**2 + v - 1 - math.log(v)).mean()"),
        (1, "a = math.prod(1 - b for b in betas); v = 1 - a; return -0.5 * (a * x_0**2 + v - 1 - math.log(v)).sum()"),
        (1, "a = math.prod(1 - b for b in betas); v = 1 - a; return 0.5 * (a * x_0**2 + v - 1 + math.log(v)).sum()"),
        (1, "a = math.prod(1 - b for b in betas); return 0.5 * (a * x_0**2).sum()"),
        (0, "a = math.prod(1 - b for b in betas); v = 1 - a; return 0.5 * (a * x_0**2 + v - math.log(v)).sum()"),
    ],
    ("hw5", "noise-between"): [
        (1, "return betas[t - 1]"),
        (1, "return betas[s:t].sum()"),
        (0, "return 1 - math.prod(1 - b for b in betas[s + 1:t + 1])"),
        (0, "return math.prod(1 - b for b in betas[s:t])"),
        (0, "return 1 - math.prod(1 - b for b in betas[:t])"),
    ],
}

# ---------------------------------------------------------------- derivations
# Chains without their first side, which the task gives; `\\` between lines.
LOG_DENSITY = r"-\frac{1}{2} \log (2 \pi) - \log \sigma - \frac{(x - \mu)^2}{2 \sigma^2}"
DENSITY = r"\frac{1}{\sqrt{2 \pi \sigma^2}} %s"
HALF = r"-\frac{1}{2} \log (2 \pi \sigma^2) - \frac{(x - \mu)^2}{2 \sigma^2}"
SPLIT = r"\log \frac{1}{\sqrt{2 \pi \sigma^2}} - \frac{(x - \mu)^2}{2 \sigma^2}"
KL_2 = r"\log \frac{\sigma_2}{\sigma_1} - \frac{1}{2} + \frac{\sigma_1^2 + (\mu_1 - \mu_2)^2}{2 \sigma_2^2}"
KL_2_EXPANDED = r"\log \frac{\sigma_2}{\sigma_1} - \frac{1}{2} + \frac{\sigma_1^2 + \mu_1^2 - 2 \mu_1 \mu_2 + \mu_2^2}{2 \sigma_2^2}"
DEF_2 = r"\mathbb{E}_{p(x)}\left[ \log p(x) - \log q(x) \right]"
SQUARES_2 = r"\mathbb{E}_{p(x)}\left[ \log \frac{\sigma_2}{\sigma_1} - \frac{(x - \mu_1)^2}{2 \sigma_1^2} + \frac{(x - \mu_2)^2}{2 \sigma_2^2} \right]"
LEFT_2 = r"\log \frac{\sigma_2}{\sigma_1} - \frac{1}{2} + \frac{1}{2 \sigma_2^2} \mathbb{E}_{p(x)}\left[ (x - \mu_2)^2 \right]"
HEAD_2 = r"D_{\mathrm{KL}}(p(x) \,\|\, q(x))"
HEAD_1 = r"\log \mathcal{N}(x; \mu, \sigma^2)"

DERIVATIONS_RIGHT: dict[str, list[list[str]]] = {
    "hw1": [
        [HEAD_1, r"\log \left( " + DENSITY % r"\exp \left( -\frac{(x - \mu)^2}{2 \sigma^2} \right)" + r" \right)", HALF, LOG_DENSITY],
        [HEAD_1, r"\log \left( " + DENSITY % r"e^{-\frac{(x - \mu)^2}{2 \sigma^2}}" + r" \right)", SPLIT, LOG_DENSITY],
        [HEAD_1, r"\log \left( " + DENSITY % r"\mathrm{exp} \left( -\frac{1}{2} \left( \frac{x - \mu}{\sigma} \right)^2 \right)" + r" \right)", HALF, LOG_DENSITY],
        [HEAD_1, r"\ln \left( " + DENSITY % r"\exp \left( -\frac{(x - \mu)^2}{2 \sigma^2} \right)" + r" \right)", SPLIT, HALF, LOG_DENSITY],
        [HEAD_1, r"\log \left( \frac{1}{\sigma \sqrt{2 \pi}} \operatorname{exp} \left( -\frac{(x - \mu)^2}{2 \sigma^2} \right) \right)", r"-\log (\sigma \sqrt{2 \pi}) - \frac{(x - \mu)^2}{2 \sigma^2}", LOG_DENSITY],
        [HEAD_1, r"\text{log}( " + DENSITY % r"exp( -\frac{(x - \mu)^2}{2 \sigma^2} )" + r" )", HALF, LOG_DENSITY],
    ],
    "hw2": [
        [HEAD_2, DEF_2, SQUARES_2, LEFT_2, KL_2],
        [r"D_{KL}(p \| q)", DEF_2, LEFT_2, KL_2],
        [r"\mathrm{KL}(p \,||\, q)", DEF_2.replace(r"\mathbb{E}", "E"), LEFT_2.replace(r"\mathbb{E}", "E"), KL_2],
        [HEAD_2, DEF_2.replace("p(x)}", "p}"), SQUARES_2.replace("p(x)}", "p}"), KL_2],
        [HEAD_2, DEF_2.replace(r"\mathbb{E}", r"\mathbb E"), LEFT_2.replace(r"\mathbb{E}", r"\operatorname{E}"), KL_2],
        [r"\text{KL}(p \Vert q)", r"\mathrm{E}_{p}[\log \frac{p(x)}{q(x)}]", SQUARES_2.replace(r"\mathbb{E}", r"\mathrm{E}"), KL_2],
        [r"D_{KL}(p \| q)", r"E_p\left[\log\frac{p}{q}\right]", LEFT_2, KL_2],
    ],
}
DERIVATIONS_PADDED: dict[str, list[list[str]]] = {
    "hw1": [
        [HEAD_1, LOG_DENSITY + r" + \log \exp(0)", HALF, LOG_DENSITY],
        [HEAD_1, r"\log \exp \left( " + LOG_DENSITY + r" \right)", HALF, LOG_DENSITY],
        [HEAD_1, HALF, HALF + r" + x - x", LOG_DENSITY],
        [HEAD_1, r"\frac{1}{2} \log \mathcal{N}(x; \mu, \sigma^2) + \frac{1}{2} \log \mathcal{N}(x; \mu, \sigma^2)", HALF, LOG_DENSITY],
        [HEAD_1, r"-\frac{1}{2} \log (2 \pi) - \log \sigma - \frac{x^2 - 2 x \mu + \mu^2}{2 \sigma^2}", HALF, LOG_DENSITY],
    ],
    "hw2": [
        [HEAD_2, DEF_2, r"\frac{1}{2} " + DEF_2 + r" + \frac{1}{2} " + DEF_2, KL_2],
        [HEAD_2, r"\mathbb{E}_{p(x)}\left[ " + KL_2 + r" \right]", KL_2_EXPANDED, KL_2],
        [HEAD_2, DEF_2, KL_2_EXPANDED, KL_2],
        [HEAD_2, DEF_2, r"\mathbb{E}_{p(x)}\left[ " + KL_2 + r" + x - x \right]", KL_2],
        [HEAD_2, DEF_2, r"\mathbb{E}_{p(x)}\left[ " + KL_2 + r" + 0 \cdot (x - \mu_2)^2 \right]", KL_2],
    ],
}
