"""When maximisers are the same."""

import re

import pytest

from derivations import check

LIKELIHOOD = r"\sum_{n=1}^{N} \log \mathcal{N}(x^{(n)}; \mu, \sigma^2)"
BEST = r"\operatorname*{argmax}_{\mu}"


@pytest.mark.parametrize(
    "latex",
    [
        rf"{BEST} (2 - \mu^2) = {BEST} (1 - 3 \mu^2)",
        rf"{BEST} (2 - \mu^2) = \operatorname*{{argmin}}_{{\mu}} \mu^2",
        rf"{BEST} {LIKELIHOOD} = \frac{{1}}{{N}} \sum_{{n=1}}^{{N}} x^{{(n)}}",
        rf"\operatorname*{{argmax}}_{{\sigma^2}} {LIKELIHOOD} "
        r"= \frac{1}{N} \sum_{n=1}^{N} (x^{(n)} - \mu)^2",
        r"\operatorname*{argmax}_{\theta} p_{\theta}(\mathcal{D}) "
        r"= \operatorname*{argmax}_{\theta} \log p_{\theta}(\mathcal{D})",
    ],
)
def test_the_same_maximiser(latex):
    assert check(latex).ok, str(check(latex))


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (rf"{BEST} (2 - \mu^2) = {BEST} (2 - (\mu - 1)^2)", "the maximisers are"),
        (rf"{BEST} (2 - \mu^2) = {BEST} \mu^2", "opposite|maximisers are|only one"),
        (rf"{BEST} {LIKELIHOOD} = \operatorname*{{argmax}}_{{\sigma}} {LIKELIHOOD}",
         "over different arguments"),
        (rf"{BEST} {LIKELIHOOD} = x^{{(1)}}", "not the best|slope"),
        (rf"{BEST} (\tau - \tau) = 1", "does not depend"),
        (rf"{BEST} {LIKELIHOOD} = 1, 2", "as many values"),
        (rf"{BEST} {LIKELIHOOD} \geq {BEST} {LIKELIHOOD}", "between values"),
        (rf"{BEST} {LIKELIHOOD} \propto {BEST} {LIKELIHOOD}", "between two maximisers"),
        (rf"{BEST} x = {BEST} x", "does not depend|the maximisers are"),
        (r"\operatorname*{argmax}_{\theta} p_{\theta}(\mathcal{D})"
         r" = \operatorname*{argmin}_{\theta} p_{\theta}(\mathcal{D})", "are opposite"),
    ],
)  # fmt: skip
def test_another_maximiser_or_none(latex, message):
    report = check(latex)
    assert not report.ok and re.search(message, str(report)), str(report)
