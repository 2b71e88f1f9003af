"""Ways in which textbooks, papers, notes and students type the same few statements.

Each of them is true, and must be read and pass. They are told apart by what they type in
another way.
"""
# ruff: noqa: E501 (a formula stays on its line)

KL = r" = \int q(z) \log \frac{q(z)}{p(z)} \, dz"
MEAN = r" = \int q(z) f(z) \, dz"
EVIDENCE = r"\log p_\theta(x) "
JOINT = r"\log \int p_\theta(x, z) \, dz"
BOUND = r"\int q(z) \log \frac{p_\theta(x, z)}{q(z)} \, dz"

DIVERGENCES = [
    left + KL
    for left in (
        r"KL(q(z) \| p(z))", r"KL(q(z) || p(z))", r"KL[q(z) \| p(z)]", r"KL\left(q(z) \| p(z)\right)",
        r"KL \left[ q(z) \middle\| p(z) \right]", r"KL(q(z), p(z))", r"KL(q(z) \mid\mid p(z))",
        r"KL(q(z) \mid \mid p(z))", r"KL(q(z)|p(z))", r"\mathrm{KL}\left(q(z) \,\|\, p(z)\right)",
        r"{\rm KL}(q(z) \| p(z))", r"{\rm KL}[q(z) || p(z)]", r"\mathbb{KL}(q(z) \| p(z))",
        r"\mathbb{KL}\left[q(z) \| p(z)\right]", r"\mathcal{KL}(q(z) \| p(z))", r"\mathbf{KL}(q(z) \| p(z))",
        r"\text{KL}(q(z) \parallel p(z))", r"\textrm{KL}(q(z) \| p(z))", r"\textup{KL}(q(z) \| p(z))",
        r"\operatorname{KL}(q(z) \Vert p(z))", r"\mathsf{KL}(q(z) \| p(z))", r"\mathit{KL}(q(z) \| p(z))",
        r"\KL(q(z) \| p(z))", r"D_{KL}(q(z) \| p(z))", r"D_{KL}[q(z) \| p(z)]",
        r"D_{\rm KL}(q(z) \| p(z))", r"D_{\text{KL}}(q(z) \| p(z))", r"D_\text{KL}(q(z) \| p(z))",
        r"D_{\mathbf{KL}}(q(z) \| p(z))", r"D_{kl}(q(z) \| p(z))", r"{D}_{KL}(q(z) \| p(z))",
        r"{D_{KL}}(q(z) \| p(z))", r"\mathcal{D}_{KL}(q(z) \| p(z))", r"\mathcal{D}_{\mathrm{KL}}[q(z) \| p(z)]",
        r"\mathbb{D}_{KL}[q(z) \| p(z)]", r"\mathbb{D}_{\mathrm{KL}}\left(q(z) \| p(z)\right)", r"\mathrm{D}_{KL}(q(z) \| p(z))",
        r"\mathrm{D}_{\mathrm{KL}}(q(z) \| p(z))", r"\operatorname{D}_{KL}(q(z) \| p(z))", r"\mathbf{D}_{KL}(q(z) \| p(z))",
        r"D(q(z) \| p(z))", r"D_{KL}(q(z) \Arrowvert p(z))", r"D_{KL}(q(z) \lVert p(z))",
        r"D_{KL}(q(z) \;||\; p(z))", r"D_{KL}(q(z) \!\parallel\! p(z))", r"D_{KL}\big(q(z) \,\big\|\, p(z)\big)",
        r"D_{KL}\Big[ q(z) \Big\| p(z) \Big]", r"D_{KL}\left(q(z) \left\| p(z)\right.\right)", r"D_{KL}\{q(z) \| p(z)\}",
        r"D_{KL}(q(\mathbf{z}) \| p(\mathbf{z}))", r"D_{KL}(q(\bm{z})\ ||\ p(\bm{z}))", r"D_{KL}(q({\bf z}) \| p({\bf z}))",
        r"D_{\operatorname{KL}}(q(z) \| p(z))", r"D_{KL}\left(q(z)\parallel p(z)\right)", r"KLD(q(z) \| p(z))",
        r"KL\bigl(q(z)\bigm\|p(z)\bigr)", r"\operatorname{KL}\left\{ q(z) \| p(z) \right\}", r"D_{KL}(q(z) ∥ p(z))",
    )
]  # fmt: skip

EXPECTATIONS = [
    left + MEAN
    for left in (
        r"E_{q(z)}[f(z)]", r"E_{q(z)}\left[f(z)\right]", r"E_{z \sim q(z)}[f(z)]", r"E_{z\sim q}(f(z))",
        r"\E_{q(z)}[f(z)]", r"\E_{q(z)}\left[ f(z) \right]", r"\mathbb E_{q(z)}[f(z)]", r"\mathbb{E}_{q(z)} f(z)",
        r"\mathbb{E}_{q(z)} \left\{ f(z) \right\}", r"\mathbb{E}_{q(z)}\{f(z)\}", r"{\mathbb{E}}_{q(z)}[f(z)]",
        r"{\mathbb E}_{z \sim q(z)}\big[f(z)\big]", r"\mathrm{E}_{q(z)}[f(z)]", r"\operatorname{E}_{q(z)}[f(z)]",
        r"\operatorname*{E}_{z \sim q(z)}[f(z)]", r"\operatorname*{\mathbb{E}}_{z \sim q(z)}[f(z)]", r"\text{E}_{q(z)}[f(z)]",
        r"\mathbf{E}_{q(z)}[f(z)]", r"\mathsf{E}_{q(z)}[f(z)]", r"{\rm E}_{q(z)}[f(z)]", r"{\bf E}_{q(z)}[f(z)]",
        r"\mathop{\mathbb{E}}_{z \sim q(z)}[f(z)]", r"\mathop{\mathbb{E}}\limits_{z \sim q(z)}[f(z)]", r"\mathop{\mathbb E}_{q(z)} f(z)",
        r"\mathop{{}\mathbb{E}}_{z \sim q(z)}[f(z)]", r"\mathop{E}_{z \sim q(z)}[f(z)]", r"\mathop{\mathrm{E}}\limits_{z \sim q(z)}[f(z)]",
        r"\underset{z \sim q(z)}{\mathbb{E}}[f(z)]", r"\underset{z\sim q(z)}{\mathbb E}\left[f(z)\right]", r"\underset{z \sim q(z)}{E}[f(z)]",
        r"\underset{z \sim q(z)}{\operatorname{\mathbb{E}}}[f(z)]", r"\underset{q(z)}{\mathbb{E}} \left[ f(z) \right]", r"\langle f(z) \rangle_{q(z)}",
        r"\left\langle f(z) \right\rangle_{q(z)}", r"\langle f(z) \rangle_{z \sim q(z)}", r"\bigl\langle f(z) \bigr\rangle_{q(z)}",
        r"\mathbb{E}_{\mathbf{z} \sim q(\mathbf{z})}\left[f(\mathbf{z})\right]", r"\mathbb{E}_{{\bf z} \sim q({\bf z})}[f({\bf z})]",
        r"\mathbb{E}_{q(\vec{z})}[f(\vec{z})]", r"\mathbb{E}_{q(\boldsymbol{z})}\Bigl[ f(\boldsymbol{z}) \Bigr]", r"\mathbb{E}_{q(\pmb z)}[f(\pmb z)]",
        r"\mathbb{E}_{q(z)}[\,f(z)\,]", r"\mathbb{E}_{\,z\sim q(z)}\!\left[ f(z) \right]", r"\mathbb{E}\nolimits_{q(z)}[f(z)]",
        r"\mathbb{E}_{z\thicksim q(z)}[f(z)]", r"\mathbb{E}_{\substack{z \sim q(z)}}[f(z)]", r"\Bbb{E}_{q(z)}[f(z)]", r"\EE_{q(z)}[f(z)]",
        r"\mathbb{E}_{z \sim q(\cdot)}[f(z)]", r"\mathbb{E}_{q(z)}\left(f(z)\right)", r"\color{blue}{\mathbb{E}_{q(z)}[f(z)]}",
    )
]  # fmt: skip

INTEGRALS = [
    r"\mathbb{E}_{q(z)}[f(z)] = " + right
    for right in (
        r"\int q(z) f(z) \mathrm{d} z", r"\int q(z) f(z) \,\mathrm dz", r"\int q(z) f(z) \mathrm{~d} z", r"\int q(z) f(z) {\rm d}z",
        r"\int q(z) f(z) {\mathrm d}z", r"\int q(z) f(z) \text{d}z", r"\int q(z) f(z) \, \operatorname{d}\! z", r"\int q(z) f(z) \mathop{}\!\mathrm{d} z",
        r"\int q(z) f(z) \mathop{dz}", r"\int q(z) f(z) \dd z", r"\int q(z) f(z) \dd{z}", r"\int q(z) f(z) d{z}", r"\int q(\mathbf{z}) f(\mathbf{z}) d\mathbf{z}",
        r"\int q(\mathbf{z}) f(\mathbf{z}) \,d \mathbf z", r"\int q(\boldsymbol{z}) f(\boldsymbol{z}) d\boldsymbol{z}", r"\int q(\bm{z}) f(\bm{z}) \mathrm{d}\bm{z}",
        r"\int q({\bf z}) f({\bf z}) \, d{\bf z}", r"\int q(\vec z) f(\vec z) d \vec z", r"\int q(\pmb{z}) f(\pmb{z}) d\pmb{z}",
        r"\int_z q(z) f(z) dz", r"\int_{z} q(z) f(z) \, dz", r"\int_{\mathbf{z}} q(\mathbf{z}) f(\mathbf{z}) \, d\mathbf{z}", r"\int_z q(z) f(z)",
        r"\int_{\mathbb{R}} q(z) f(z) dz", r"\int_{\mathbb R} q(z) f(z) dz", r"\int_{\mathbb{R}^d} q(z) f(z) dz", r"\int_{\mathcal{Z}} q(z) f(z) dz",
        r"\int_{\mathcal Z} q(z) f(z) dz", r"\int_{z \in \mathcal{Z}} q(z) f(z) dz", r"\int_{Z} q(z) f(z) dz", r"\int_\Omega q(z) f(z) dz", r"\int\limits_{z} q(z) f(z) dz",
        r"\int_{-\infty}^{\infty} q(z) f(z) dz", r"\int_{-\infty}^{+\infty} q(z) f(z) dz", r"\int dz \, q(z) f(z)", r"\int \! dz \; q(z) f(z)", r"\int \mathrm{d}z \, q(z) f(z)",
        r"\int d\mathbf{z} \, q(\mathbf{z}) f(\mathbf{z})", r"\int\!q(z)f(z)\,dz", r"\int f(z) \, q(z) \; dz", r"\intop q(z) f(z) dz", r"\int \left[ q(z) f(z) \right] dz",
        r"\int \left( q(z) f(z) \right) \, dz", r"\displaystyle\int q(z) f(z) dz", r"\int\nolimits q(z) f(z) dz", r"\int { q(z) f(z) } dz", r"\int q(z)\cdot f(z) \,dz", r"{\int q(z) f(z) dz}",
    )
] + [
    r"1 = \iint p_\theta(x, z) dx dz", r"1 = \int p_\theta(x, z) \, dx \, dz", r"1 = \int\!\!\!\int p_\theta(x, z) \mathrm{d}x \mathrm{d}z",
    r"1 = \int_x \int_z p_\theta(x, z) dz dx", r"1 = \int dx \int dz \, p_\theta(x, z)", r"1 = \int p_\theta(x,z) dxdz",
]  # fmt: skip

DRESSES = [
    # environments
    r"\begin{align*} \log p_\theta(x) &= " + JOINT + r" \\ &\geq " + BOUND + r" \end{align*}",
    r"\begin{eqnarray} \log p_\theta(x) &=& " + JOINT + r" \\ &\geq& " + BOUND + r" \end{eqnarray}",
    r"\begin{eqnarray*} \log p_\theta(x) & = & " + JOINT + r" \nonumber \\ & \ge & " + BOUND + r" \end{eqnarray*}",
    r"\begin{equation} \begin{split} \log p_\theta(x) &= " + JOINT + r" \\ &\geq " + BOUND + r" \end{split} \end{equation}",
    r"\begin{gather} \log p_\theta(x) = " + JOINT + r" \\ \log p_\theta(x) \geq " + BOUND + r" \end{gather}",
    r"\begin{gather*} \log p_\theta(x) = " + JOINT + r" \\ \geq " + BOUND + r" \end{gather*}",
    r"\begin{multline} \log p_\theta(x) = " + JOINT + r" \\ \geq " + BOUND + r" \end{multline}",
    r"\begin{multline*} \log p_\theta(x) = \\ " + JOINT + r" \end{multline*}",
    r"\begin{aligned}[t] \log p_\theta(x) &= " + JOINT + r" \\[4pt] &\geq " + BOUND + r" \end{aligned}",
    r"\begin{alignat}{2} \log p_\theta(x) &= " + JOINT + r" && \\ &\geq " + BOUND + r" && \end{alignat}",
    r"\begin{array}{rcl} \log p_\theta(x) &=& " + JOINT + r" \\ &\geq& " + BOUND + r" \end{array}",
    r"\begin{flalign} \log p_\theta(x) &= " + JOINT + r" && \end{flalign}",
    r"\[ \log p_\theta(x) = " + JOINT + r" \]",
    r"$$ \log p_\theta(x) = " + JOINT + r" $$",
    r"\begin{equation} \label{eq:1} \log p_\theta(x) = " + JOINT + r" . \end{equation}",
    r"\begin{align} \log p_\theta(x) &= \log p_\theta(x \mid z) \\ &\quad + \log p(z) - \log p_\theta(z \mid x) \end{align}",
    r"\begin{align} \log p_\theta(x, z) &= \log \left( p_\theta(x \mid z) \right. \\ & \left. \quad p(z) \right) \end{align}",
    r"\begin{align} \log p_\theta(x, z) =& \log p_\theta(x \mid z) + \\ & \log p(z) \end{align}",
    # relations, and what stands above them
    EVIDENCE + r"\overset{\text{Jensen}}{\geq} " + BOUND,
    EVIDENCE + r"\stackrel{(a)}{=} " + JOINT,
    EVIDENCE + r"\stackrel{\text{Jensen's inequality}}{\ge} " + BOUND,
    EVIDENCE + r"\overset{(1)}{=} " + JOINT + r" \overset{(2)}{\geqslant} " + BOUND,
    EVIDENCE + r"\overset{!}{=} " + JOINT,
    EVIDENCE + r"\underset{\text{Jensen}}{\geq} " + BOUND,
    EVIDENCE + r"\mathrel{=} " + JOINT,
    r"F \overset{\text{def}}{=} " + BOUND + r" \leq " + EVIDENCE,
    r"F \triangleq " + BOUND + r" \leq " + EVIDENCE,
    r"F \stackrel{\Delta}{=} " + BOUND + r" \leqslant " + EVIDENCE,
    r"\mathcal{F} \equiv " + BOUND + r" \leq " + EVIDENCE,
    r"\mathcal{F} := " + BOUND + r" \leq " + EVIDENCE,
    r"\mathcal{L}_{\text{VAE}} := " + BOUND + r" \leq " + EVIDENCE,
    r"L_{ELBO} \coloneqq " + BOUND + r" \leq " + EVIDENCE,
    r"\mathscr{L} \doteq " + BOUND + r" \leq " + EVIDENCE,
    EVIDENCE + r"\geq " + BOUND + r" =: \mathcal{J} \leq \log p_\theta(x)",
    EVIDENCE + r"\equiv " + JOINT,
    EVIDENCE + r">= " + BOUND,
    EVIDENCE + r"= " + JOINT + r" \implies " + JOINT + r" \geq " + BOUND,
    EVIDENCE + r"= " + JOINT + r" \Rightarrow " + EVIDENCE + r"\geq " + BOUND,
    r"\begin{align} & \log p_\theta(x) = " + JOINT + r" \\ \Rightarrow \; & " + EVIDENCE + r" \geq " + BOUND + r" \end{align}",
    r"\mathbb{E}_{q(z)}[f(z)] \simeq \frac{1}{K} \sum_{k=1}^{K} f(z^{(k)}), \quad z^{(k)} \sim q(z)",
    r"\mathbb{E}_{q(z)}[f(z)] \approx \frac{1}{K} \sum_{k=1}^{K} f(z^{(k)}) \quad \text{with } z^{(k)} \sim q(z)",
    r"\mathbb{E}_{q(z)}[f(z)] \approx \frac{1}{K} \sum_{k=1}^{K} f(z^{(k)}), \text{ where } z^{(k)} \stackrel{iid}{\sim} q(z)",
    # remarks
    EVIDENCE + r"= " + JOINT + r" \quad \text{(marginalise)}",
    EVIDENCE + r"= " + JOINT + r" \qquad \text{by definition}",
    EVIDENCE + r"= " + JOINT + r" && \text{Jensen}",
    EVIDENCE + r"= " + JOINT + r" \quad (\text{sum rule})",
    EVIDENCE + r"= " + JOINT + r" \quad \text{(주변화)}",
    EVIDENCE + r"= " + JOINT + r" \quad \text{边缘化}",
    EVIDENCE + r"= " + JOINT + r" \quad \textrm{周辺化}",
    EVIDENCE + r"= " + JOINT + r" \quad (边缘化)",
    EVIDENCE + r"= " + JOINT + r" \quad \mbox{(Bayes)}",
    EVIDENCE + r"= " + JOINT + r" \tag{1} \label{eq:a}",
    EVIDENCE + r"= " + JOINT + r" \tag*{(1)}",
    EVIDENCE + r"= " + JOINT + r" \quad (1)",
    EVIDENCE + r"= " + JOINT + r" \; .",
    EVIDENCE + r"= " + JOINT + r"\,,",
    EVIDENCE + r"= " + JOINT + r" \quad \forall x",
    EVIDENCE + r"= " + JOINT + r", \quad x \in \mathbb{R}^D",
    r"\log p_\theta(x^{(n)}) = \log \int p_\theta(x^{(n)}, z) dz, \quad n = 1, \dots, N",
    # colours, boxes, braces
    EVIDENCE + r"= \textcolor{red}{" + JOINT + "}",
    EVIDENCE + r"= {\color{red} " + JOINT + "}",
    EVIDENCE + r"= \color{red}{" + JOINT + "}",
    r"\boxed{" + EVIDENCE + r"= " + JOINT + "}",
    EVIDENCE + r"= \boxed{" + JOINT + "}",
    EVIDENCE + r"= \underbrace{" + JOINT + r"}_{\text{evidence}}",
    EVIDENCE + r"= \overbrace{" + JOINT + r"}^{\text{evidence, to be maximised}}",
    EVIDENCE + r"= \underbrace{\mathbb{E}_{q(z)}\left[\log \frac{p_\theta(x, z)}{q(z)}\right]}_{\mathcal{L}(\theta)} + \underbrace{D_{KL}(q(z) \| p_\theta(z \mid x))}_{\geq 0}",
    EVIDENCE + r"= \log \underbrace{p_\theta(x \mid z)}_{\text{likelihood}} + \log \underbrace{p(z)}_{\text{prior}} - \log p_\theta(z \mid x)",
    EVIDENCE + r"= \cancel{\log p(z)} + \log p_\theta(x) - \cancel{\log p(z)}",
    EVIDENCE + r"\phantom{=} = " + JOINT,
    EVIDENCE + r"\mathrel{\phantom{=}} = \hspace{1em} " + JOINT,
    # fractions and functions
    r"\log p_\theta(x) = \log {p_\theta(x, z) \over p_\theta(z \mid x)}",
    r"\log p_\theta(x) = \log \dfrac{p_\theta(x, z)}{p_\theta(z \mid x)}",
    r"\log p_\theta(x) = \log \tfrac{p_\theta(x, z)}{p_\theta(z \mid x)}",
    r"\log p_\theta(x) = \log \cfrac{p_\theta(x, z)}{p_\theta(z \mid x)}",
    r"\log p_\theta(x) = \log p_\theta(x, z) / p_\theta(z \mid x)",
    r"log p_\theta(x) = log p_\theta(x, z) - log p_\theta(z \mid x)",
    r"log(p_\theta(x)) = log(p_\theta(x, z)) - log(p_\theta(z \mid x))",
    r"ln p_\theta(x) = ln p_\theta(x, z) - ln p_\theta(z \mid x)",
    r"\mathrm{log}\, p_\theta(x) = \mathrm{log}\, p_\theta(x, z) - \operatorname{log} p_\theta(z \mid x)",
    r"\text{log } p_\theta(x) = \text{log}(p_\theta(x, z)) - \log \left[ p_\theta(z \mid x) \right]",
    r"\ln p_\theta(x) = \ln p_\theta(x, z) - \ln p_\theta(z|x)",
    r"\log{p_\theta(x)} = \log{p_\theta(x, z)} - \log{p_\theta(z | x)}",
    r"exp(a + b) = e^a e^b", r"\text{exp}(a + b) = \exp\{a\} \exp[b]", r"\mathrm{e}^{a + b} = {\rm e}^a \, \mathrm{e}^b",
    r"xlogx + x = x(\log x + 1)", r"a * b = b \cdot a = b \times a", r"\sqrt{a^2} = \left\lvert a \right\rvert = |a|",
    r"{a \over b} + {c \over b} = \frac{a + c}{b}", r"\nicefrac{a}{2} = \sfrac{a}{2} = a/2", r"\frac12 a = \frac 1 2 a = \frac{1}2 a",
    r"\sigma^2 \left( a + b \right) = \sigma^2 a + \sigma^2 b", r"\lambda (x - \mu) = \lambda x - \lambda \mu",
    # names
    r"\log p_{\vartheta}(x) = \log \int p_{\vartheta}(x, z) dz",
    r"\log p_{\boldsymbol{\theta}}(\mathbf{x}) = \log \int p_{\boldsymbol{\theta}}(\mathbf{x}, \mathbf{z}) d\mathbf{z}",
    r"\log p_{\bm\theta}({\bf x}) = \log \int p_{\bm\theta}({\bf x}, {\bf z}) d{\bf z}",
    r"\log {p_\theta}(x) = \log \int {p_\theta}(x, z) dz", r"\log p_{{\theta}}(x) = \log \int p_{\theta}{(x, z)} dz",
    r"\mathbb{E}_{q_\varphi(z \mid x)}[f(z)] = \int q_\varphi(z \mid x) f(z) dz",
    r"D_{KL}(q_\phi(\cdot \mid x) \| p(\cdot)) = \int q_\phi(z \mid x) \log \frac{q_\phi(z \mid x)}{p(z)} dz",
    r"D_{KL}(q_\phi(\cdot|x) \| p_\theta(\cdot|x)) \geq 0", r"D_{KL}(q_\phi(\cdot|x) \,||\, p(z)) \ge 0",
    r"\mathbb{E}_{z \sim q_\phi(\cdot|x)}[f(z)] = \mathbb{E}_{q_\phi(z|x)}[f(z)]",
    r"\mathbb{E}_{x \sim p_{data}}[f(x)] = \int p_{\text{data}}(x) f(x) dx", r"\mathbb{E}_{p_{\rm data}(x)}[f(x)] = \mathbb{E}_{p_*(x)}[f(x)]",
    r"q(z) \, := \, \mathcal{N}\left(z;\mu,\sigma^2\right) = \frac{1}{\sqrt{2\pi}\sigma} e^{-(z - \mu)^2 / (2\sigma^2)}",
    r"\mathcal{N}(x|\mu,\sigma^2) = N(x|\mu,\sigma^2) = {\cal N}(x;\mu,\sigma^2) = \text{N}(x;\mu,\sigma^2)",
    r"\log p_\theta(x \vert z) p(z) = \log p_\theta(x \,\vert\, z) + \log p(z)", r"\log p_\theta \left( x \middle| z \right) p(z) = \log p_\theta\left(x,z\right)",
    # sums, maximisers
    r"\sum_{x \in \mathcal{D}} \log p_\theta(x) = \log p_\theta(\mathcal{D})", r"\frac{1}{|\mathcal{D}|} \log p_\theta(\mathcal{D}) = \frac1N \sum_{n=1}^N \log p_\theta(x^{(n)})",
    r"\sum\limits_{n=1}^{N} \log p_\theta(x^{(n)}) = \log \prod\nolimits_{n=1}^{N} p_\theta(x^{(n)})",
    *(
        best + r" p_\theta(\mathcal{D}) = " + best + r" \log p_\theta(\mathcal{D})"
        for best in (
            r"\arg\max_\theta", r"\arg\,\max_{\theta}", r"\arg \max\limits_{\theta}", r"\mathop{\arg\max}_{\theta}", r"\mathop{\arg\max}\limits_\theta",
            r"\underset{\theta}{\arg\max}", r"\underset{\theta}{\operatorname{argmax}}\,", r"\underset{\theta}{\text{argmax}}", r"\underset{\theta}{\mathrm{arg\,max}}\;",
            r"\mathop{\mathrm{argmax}}_\theta", r"\mathop{\operatorname{argmax}}\limits_{\theta}", r"\operatorname{arg\,max}_\theta", r"\operatorname*{arg\,max}_\theta", r"\operatorname{arg\ max}_\theta",
            r"\arg\underset{\theta}{\max}", r"{\rm argmax}_\theta", r"argmax_\theta", r"\text{arg max}_\theta", r"\argmax_\theta",
        )
    ),
]  # fmt: skip

# what stands beside a line, at a brace, in cases; letters of others; as papers have it
PUBLISHED = [
    r"|a| = a \quad \text{if } a \geq 0",
    r"\log x \leq x - 1 \quad \forall x > 0",
    r"1 - \frac1a \leq \log a \leq a - 1 \quad \text{for all } a > 0",
    r"\sqrt{a b} \leq \frac{a + b}{2} \quad (a, b \geq 0)",
    r"-a \log a - (1 - a) \log(1 - a) \leq \log 2 \quad \text{for } 0 < a < 1",
    r"E_p[f(x)] = E_q[w(x) f(x)] \quad \text{where } w(x) = \frac{p(x)}{q(x)}",
    r"|x| = \begin{cases} x, & x \geq 0, \\ -x, & x < 0. \end{cases}",
    r"\text{ReLU}(a) = \max(0, a) = \frac{a + |a|}{2}",
    r"\mathrm{Bern}(x; \pi) = \begin{cases} \pi & \text{if } x = 1 \\ 1 - \pi & \text{if } x = 0 \end{cases}",
    r"\log p_\theta(x) = \underbrace{\mathbb{E}_{q_\phi(z|x)}\left[\log\frac{p_\theta(x,z)}{q_\phi(z|x)}\right]}_{=\mathcal{L}_{\theta,\phi}(x)\ \text{(ELBO)}} + \underbrace{D_{KL}(q_\phi(z|x) \| p_\theta(z|x))}_{\geq 0}",
    r"\ln p(\mathbf{X}) = \mathcal{L}(q) + \mathrm{KL}(q \| p)",
    r"\log p(z|x) = \log p(x, z) + \text{const w.r.t. } z",
    r"\log \mathcal{N}(x; \mu, \sigma^2) = C - \frac{(x - \mu)^2}{2 \sigma^2}",
    r"\arg\max_z p(z|x) = \arg\max_z [\log p(x|z) + \log p(z)]",
    r"\mathrm{I}[\mathbf{x}, \mathbf{y}] = \mathrm{H}[\mathbf{x}] - \mathrm{H}[\mathbf{x}|\mathbf{y}]",
    r"I(X;Y) = \sum_{x,y} p(x,y) \log \frac{p(x,y)}{p(x) p(y)} = H(X) - H(X|Y)",
    r"p(y|x) = \frac{p(x|y) p(y)}{p(x)}",
    r"D_{KL}(p \| q) = \sum_i p(x_i) \log \frac{p(x_i)}{q(x_i)}",
    r"P(X) \approx \frac1n \sum_i P(X|z_i), \quad z_i \sim P(z)",
    r"\frac1N \sum_{n=1}^N x_n = \arg\max_\mu \sum_{n=1}^N \log \mathcal{N}(x_n; \mu, \sigma^2)",
    r"\mathbb{E}[x] = \int_{-\infty}^\infty \mathcal{N}(x|\mu, \sigma^2) x \, dx = \mu",
    r"\mathrm{var}[x] = \mathbb{E}[x^2] - \mathbb{E}[x]^2",
    r"q(z) = \int q_\phi(z|x) p_{data}(x) dx",
    r"log({q(z) \over p(z)}) = \log q(z) - \log p(z)",
    r"H\left( p,q \right) =-\sum _{ x }^{ }{ p({ x })\log { q({ x }) } }",
    r"\mathrm{KL}(q(z) \mid\mid p(z)) = \int{q(z) \log {{q(z)} \over {p(z)}} d\mathbf{z}}",
    r"\mathbb{E}_{x_{1:T} \sim q(x_{1:T} | x_0)} \log{\Big( \frac{q(x_{1:T} | x_0)}{p_\theta(x_{1:T} | x_0)} \Big)} \geq 0",
    r"\frac{1}{\beta_t} - 1 = \frac{\alpha_t}{\beta_t} \quad (\alpha_t = 1 - \beta_t, \alpha_t \bar\alpha_{t-1} = \bar\alpha_t)",
    "\\log p_\\theta(x)\\ \\ge\\\n\\mathbb{E}_{q(z)}[\\log p_\\theta(x, z) - \\log q(z)]",
    r"\frac12 \mathbb{E}_{p_\text{data}}[(\nabla_x \log p_\text{data}(x) - \nabla_x \log p_\theta(x))^2] = \mathbb{E}_{p_\text{data}}[\nabla_x^2 \log p_\theta(x) + \tfrac12 (\nabla_x \log p_\theta(x))^2] + \text{const}",
    r"\log p(x) - \mathcal{L_\theta} = D_{KL}(q(z|x) \| p(z|x))",
    r"\nabla_x \log p_\theta(x) = -\nabla_x f_\theta(x) - \underbrace{\nabla_x \log Z_\theta}_{=0}, \quad p_\theta(x) := \frac{e^{-f_\theta(x)}}{Z_\theta}",
    r"-\int p_\text{data}(x) \nabla_x \log p_\theta(x) \nabla_x \log p_\text{data}(x) dx = -p_\text{data}(x) \nabla_x \log p_\theta(x) \bigg|_{-\infty}^{\infty} + \int p_\text{data}(x) \nabla_x^2 \log p_\theta(x) dx",
    r"H(p) \leq -\mathbb{E}_p[\log q], \textrm{ with equality if and only if } p = q",
    r"q(x_{1:T}|x_0) = \frac{q(x_0) q(x_1|x_0) \dots q(x_T|x_{T-1})}{q(x_0)}",
    r"\mathbb{E}_{z_1,\dots,z_K \sim q}\left[\frac1K \sum_{k=1}^K w_k\right] = p(x), \quad w_k = \frac{p(x,z_k)}{q(z_k|x)}",
    r"\nabla_\theta \mathbb{E}_{q_\phi(z|x)}[\log p_\theta(x|z)] \approx \frac1L \sum_{l=1}^L \nabla_\theta \log p_\theta(x|z^{(l)})",
    r"ELBO(q, p) = \int q(z) \log \frac{p(z, x)}{q(z)}",
    r"\log p_\theta(y|x) \geq \mathbb{E}_{q_\phi(z|x,y)}[\log p_\theta(y|x,z)] - D_{KL}(q_\phi(z|x,y) \| p_\theta(z|x))",
    r"\mathcal{L}_k = \mathbb{E}_{h_1,\dots,h_k \sim q(h|x)}\left[\log \frac1k \sum_{i=1}^k \frac{p(x, h_i)}{q(h_i|x)}\right] \leq \log p(x)",
    r"D_{KL}(\tilde{p}(x) || p(x|w)) = \sum_x \tilde{p}(x) \log \frac{\tilde{p}(x)}{p(x|w)}",
    r"I(X, Z) = E_{x,z \sim p(x) q(z|x)}[\log \frac{q(z|x)}{p(z)}] + E_{x,z \sim p(x) q(z|x)}[\log \frac{p(z)}{q(z)}]",
    r"l_c(\theta) = \sum_{i=1}^N \log p(x_i, z_i|\theta) = \sum_{i=1}^N \log [p(z_i|\theta) p(x_i|z_i, \theta)]",
    r"I(x) = \log \frac{1}{p(x)} = -\log p(x)",
    r"\E_q \brac{\paren{\log q(z)} \cdot 2} = 2 \int q(z) \log q(z) dz",
]  # fmt: skip
