"""The figures that move: their formulas in JavaScript and NumPy, their values, stills."""

import base64
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import norm
from traitlets import TraitError

import explorers
from explorers import (
    Bar,
    Contours,
    Curve,
    Descent,
    Dot,
    Dots,
    ExpressionExplorer,
    Minimum,
    Panel,
    Readout,
    Slider,
    Switch,
    Table,
)
from explorers.expression import EXPRESSIONS, javascript
from explorers.figure import POINTER, Trace
from explorers.still import places
from tests.conftest import skip_or_fail
from tests.explorers.of_chapter import expression_explorers

CHAPTERS = [
    "01-maximum-likelihood",
    "02-monte-carlo",
    "03-kl-and-mle",
    "04-elbo",
    "05-encoder-decoder",
    "06-objective",
]
SCRIPT = Path(sys.modules[ExpressionExplorer.__module__].__file__).with_suffix(".js")

# Evaluates every formula as the page does: the same `compile`, the same order of names.
NODE = """
const script = process.argv[1];
const { abbreviations, compile } = await import("data:text/javascript;base64," + script);
let text = "";
for await (const part of process.stdin) text += part;
const { names, data, where, settings, formulas } = JSON.parse(text);
const results = settings.map((values) => {
  const scope = abbreviations(where, names)({ ...data, ...values });
  return formulas.map(
    ({ code, variable, places }) => compile(code, names, variable)(scope, places));
});
console.log(JSON.stringify(results));
"""


def in_node(task: dict, read=lambda answer: answer) -> list:
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None:
        skip_or_fail("no node, so no formula's JavaScript was compared", "nodejs")
    script = base64.b64encode(SCRIPT.read_bytes()).decode()
    command = [node, "--input-type=module", "--eval", NODE, script]
    done = subprocess.run(
        command, input=json.dumps(task), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return [read(answer) for answer in json.loads(done.stdout)]


def formulas(figure: ExpressionExplorer):
    """(what, expression, variable, places) of all that the figure draws or reads out."""
    nothing, zero = sp.Symbol("nothing_"), np.zeros(1)
    for readout in figure.readouts:
        yield readout.label, readout.value, nothing, zero
    for panel in figure.panels:
        for layer in panel.layers:
            for key in EXPRESSIONS[type(layer)]:
                expression = getattr(layer, key)
                what = f"{type(layer).__name__} {getattr(layer, 'label', '')} {key}"
                if expression is None:
                    continue
                if isinstance(layer, Contours):  # along three upright lines
                    y, *ends = panel.y
                    for x in np.linspace(*map(float, panel.x[1:]), 3):
                        cut = expression.subs(panel.x[0], x)
                        yield what, cut, y, np.linspace(*map(float, ends), 40)
                elif isinstance(layer, Trace):
                    t, low, high = layer.t
                    between = np.linspace(float(low), float(high), 40)
                    whole = np.arange(low, high + 1)
                    yield what, expression, t, whole if t.is_integer else between
                elif isinstance(layer, Dot | Bar):
                    yield what, expression, nothing, zero
                else:
                    yield what, expression, panel.x[0], places(panel, 60)


def settings(figure: ExpressionExplorer) -> list[dict]:
    """Where the sliders stand, both ends, and three places in between."""
    draw = random.Random(0)
    sliders = {symbol.name: slider for symbol, slider in figure.sliders.items()}

    def ends(slider):
        return (
            (slider.off, slider.on)
            if isinstance(slider, Switch)
            else (slider.low, slider.high)
        )

    chosen = [dict(figure.values)]
    chosen += [{name: ends(s)[k] for name, s in sliders.items()} for k in (0, 1)]
    for _ in range(3):
        chosen.append(
            {
                name: draw.choice(ends(s))
                if isinstance(s, Switch)
                else s.snap(draw.uniform(s.low, s.high))
                for name, s in sliders.items()
            }
        )
    return chosen


def named(figure: ExpressionExplorer) -> dict:
    """The names that its formulas know, and the numbers that it ships."""
    data = {str(base.label): array for base, array in figure.data.items()}
    abbreviated = [name for e in figure._figure["where"] for name in e["names"]]
    return {
        "names": [*data, *figure.values, *abbreviated],
        "data": {name: array.ravel().tolist() for name, array in data.items()},
    }


def assert_javascript_agrees(figure: ExpressionExplorer) -> int:
    parts, places_of_sliders = list(formulas(figure)), settings(figure)
    task = {
        **named(figure),
        "where": figure._figure["where"],
        "settings": places_of_sliders,
        "formulas": [
            {"code": javascript(e), "variable": v.name, "places": p.tolist()}
            for _, e, v, p in parts
        ],
    }
    # A search for a minimum stops a little beside it.
    searched = any(entry["kind"] == "minimum" for entry in figure._figure["where"])
    rtol, atol = (1e-4, 1e-5) if searched else (1e-9, 1e-14)
    for values, answers in zip(places_of_sliders, in_node(task), strict=True):
        scope = figure.scope(**values)
        for (what, expression, variable, points), answer in zip(
            parts, answers, strict=True
        ):
            with np.errstate(all="ignore"):
                expected = figure.function(expression, variable)(scope, points)
            got = np.array([np.nan if value is None else value for value in answer])
            size = np.max(np.abs(expected), initial=1, where=np.isfinite(expected))
            np.testing.assert_allclose(
                got, expected, rtol=rtol, atol=atol * size, err_msg=f"{what} at {values}"
            )
    return len(parts)


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_javascript_agrees_with_numpy_to_nine_digits(chapter):
    figures = expression_explorers(chapter)
    assert figures, "the chapter has no figure of formulas"
    for figure in figures:
        assert assert_javascript_agrees(figure) >= 4


def where_in_node(figure: ExpressionExplorer, settings: list[dict]) -> list[dict]:
    """The abbreviations as the page has them, at each setting of the sliders."""
    names = named(figure)["names"]
    return in_node(
        {
            **named(figure),
            "where": figure._figure["where"],
            "settings": [figure.values | values for values in settings],
            "formulas": [{"code": n, "variable": "$", "places": [0]} for n in names],
        },
        lambda answers: dict(zip(names, [value for (value,) in answers], strict=True)),
    )


@pytest.mark.slow
def test_both_fits_of_chapter_3_are_those_of_scipy():
    """The forward fit and the best reverse one, their divergences by adaptive quadrature,
    and each end of a search a minimum, as SciPy's gradient method finds it from there."""
    *_, figure, _ = expression_explorers("03-kl-and-mle")
    settings = [
        {},
        {"left": -1.5, "right": 1.5},
        {"left": -0.8, "right": 3.5, "wide_left": 0.5, "wide_right": 1.5, "share": 0.3},
        {"left": -3.5, "right": 3.5, "wide_left": 0.5, "wide_right": 0.5, "share": 0.9},
    ]
    distinct = []
    for values, page in zip(settings, where_in_node(figure, settings), strict=True):
        at = figure.values | values
        p = Mixture(at)
        q = page["mu_forward"], page["sigma_forward"]
        assert q == pytest.approx(p.moments(), abs=1e-6)
        there = figure.function(figure.readouts[1].value)(figure.scope(**values))
        assert float(there) == pytest.approx(p.forward_kl(q), abs=2e-3)
        ends = [(page[f"m{i}"], page[f"s{i}"], page[f"kl{i}"]) for i in range(3)]
        for mu, sigma, kl in ends:
            assert kl == pytest.approx(p.reverse_kl((mu, sigma)), abs=2e-3)
            near = minimize(p.reverse_kl, [mu, sigma], method="L-BFGS-B")
            assert near.x == pytest.approx([mu, sigma], abs=0.02)
        least = min(kl for *_, kl in ends)
        assert page["least"] == least
        assert (page["mu_reverse"], page["sigma_reverse"], least) in ends
        distinct.append(len({round(mu, 2) for mu, *_ in ends}))
    assert distinct[:2] == [3, 1]  # apart three ends, close together one


@pytest.mark.slow
def test_a_search_of_chapter_3_ends_in_the_hollow_of_its_start():
    """And at the end of each way SciPy's gradient method finds the bottom nearby."""
    *_, figure = expression_explorers("03-kl-and-mle")
    starts = {(2.5, 2.0): "right", (0.5, 2.0): "both", (-2.5, 2.0): "left"}
    settings = [{"mu_0": mu, "sigma_0": sigma} for mu, sigma in starts]
    wide = {"left": -2, "right": 2, "wide_left": 0.7, "wide_right": 0.7, "share": 0.6}
    p = Mixture(wide)
    found = {}
    for hollow, page in zip(starts.values(), where_in_node(figure, settings), strict=True):
        end = page["mu"], page["sigma"]
        bottom = minimize(p.reverse_kl, end, method="L-BFGS-B")
        assert end == pytest.approx(bottom.x, abs=0.1)
        found[hollow] = bottom.fun
        kls = [p.reverse_kl(at) for at in zip(page["mus"], page["sigmas"], strict=True)]
        assert sorted(kls, reverse=True) == pytest.approx(kls), "each step goes down"
    assert found["left"] < found["both"] < found["right"]


def test_the_shaded_area_of_chapter_4_is_the_density_of_x():
    figure, *_ = expression_explorers("04-elbo")
    (area,) = (r.value for r in figure.readouts if "area" in r.label)
    area, x_1_2 = figure.function(area), sp.symbols("x_1 x_2", real=True)

    def joint(z, x):
        return norm.pdf(z) * norm.pdf(x, (1.5 * z, z**2 - 1), 0.4).prod()

    for x in ((1.3, 0.1), (-0.4, 1.2), (-3.0, 3.5)):
        scope = figure.scope() | dict(zip(x_1_2, x, strict=True))
        right, _ = quad(joint, -8, 8, args=(x,), points=[-2, -1, 0, 1, 2])
        assert area(scope) == pytest.approx(right, rel=1e-3)


class Mixture:
    """The density with two bumps, and integrals over it by adaptive quadrature."""

    def __init__(self, at: dict):
        self.shares = at["share"], 1 - at["share"]
        self.centres = at["left"], at["right"]
        self.widths = at["wide_left"], at["wide_right"]

    def log(self, x: float) -> float:
        parts = zip(self.shares, self.centres, self.widths, strict=True)
        return np.logaddexp(*(np.log(w) + log_bell(x, mu, s) for w, mu, s in parts))

    def integral(self, f) -> float:
        return quad(f, -15, 15, limit=400, points=self.centres)[0]

    def moments(self) -> tuple[float, float]:
        mean = self.integral(lambda x: x * np.exp(self.log(x)))
        square = self.integral(lambda x: (x - mean) ** 2 * np.exp(self.log(x)))
        return mean, square**0.5

    def forward_kl(self, q) -> float:
        return self.integral(
            lambda x: np.exp(self.log(x)) * (self.log(x) - log_bell(x, *q))
        )

    def reverse_kl(self, q) -> float:
        return self.integral(
            lambda x: np.exp(log_bell(x, *q)) * (log_bell(x, *q) - self.log(x))
        )


def log_bell(x: float, mu: float, sigma: float) -> float:
    return -(((x - mu) / sigma) ** 2) / 2 - np.log(sigma * np.sqrt(2 * np.pi))


x, a, s = (
    sp.Symbol("x", real=True),
    sp.Symbol("a", real=True),
    sp.Symbol("s", positive=True),
)


def line(**options) -> ExpressionExplorer:
    options = {"sliders": {a: (-1.0, 2.0, 0.1), s: Slider(0.5, 2, 0.25, 1)}} | options
    return ExpressionExplorer([a * x + s], (x, -3, 3), (-5, 5), **options)


def test_a_formula_that_disagrees_is_found(monkeypatch):
    figure = line()
    assert assert_javascript_agrees(figure) == 1
    printed = javascript
    monkeypatch.setattr(
        sys.modules[__name__], "javascript", lambda e: printed(e * (1 + 1e-8))
    )
    with pytest.raises(AssertionError, match="Not equal"):
        assert_javascript_agrees(figure)


def test_branches_data_and_abbreviations_reach_javascript():
    n, k = sp.symbols("n k", integer=True)
    table, half = sp.IndexedBase("table", shape=(2, 5)), sp.Symbol("half")
    step = sp.Piecewise((x**2, x > a), (half, True))
    figure = ExpressionExplorer(
        [
            Panel([Curve(step), Curve(sp.Abs(x) ** half)], (x, -3, 3), (0, 9)),
            Panel([Curve(table[k, n])], (n, 0, 4), (0, 10), integer=True),
        ],
        sliders={a: (-1.0, 2.0, 0.1), k: Slider(0, 1, 1, 0)},
        where={half: a / 2},
        data={table: np.arange(10).reshape(2, 5)},
        readouts=[Readout("sum", half + table[k, 4])],
    )
    assert assert_javascript_agrees(figure) == 4


def test_tables_sums_and_minima_reach_javascript():
    """A valley with its floor at (a, s^2), and the mean of a table."""
    n, u, v = sp.symbols("n u v", real=True)
    squares = sp.IndexedBase("squares", shape=(4,))
    valley = (1 - u / a) ** 2 + 10 * (v - u - s**2 + a) ** 2
    figure = line(
        sliders={a: (1.0, 2.0, 0.1), s: Slider(0.5, 2, 0.25, 1)},
        where={
            squares: Table(s * x**2, x, [0, 1, 2, 3]),
            (u, v): Minimum(valley, [0, sp.Sum(squares[n], (n, 0, 3))]),
        },
        readouts=[Readout("mean", sp.Sum(squares[n], (n, 0, 3)) / 4)],
    )
    assert assert_javascript_agrees(figure) == 2
    values = {"a": 1.3, "s": 1.5}
    (page,) = where_in_node(figure, [values])
    assert page["squares"] == [0, 1.5, 6, 13.5]
    assert (page["u"], page["v"]) == pytest.approx((1.3, 2.25), abs=1e-4)
    scope = figure.scope(**values)
    assert (scope[u], scope[v]) == pytest.approx((1.3, 2.25), abs=1e-4)
    assert figure.function(figure.readouts[0].value)(scope) == 21 / 4


def test_a_descent_reaches_javascript_step_by_step():
    """Down a paraboloid each step keeps the same share of the distance to the floor."""
    u, v, k = sp.Symbol("u"), sp.Symbol("v"), sp.Symbol("k", integer=True)
    us, vs = (sp.IndexedBase(name, shape=(11,)) for name in ("us", "vs"))
    walk = Descent((u - a) ** 2 / 2 + (v - s) ** 2, [2 * a, 0], 0.25, 10, [us, vs])
    figure = ExpressionExplorer(
        [Panel([Trace(us[k], vs[k], (k, 0, 10)), Dot(u, v)], (x, -3, 3), (0, 9))],
        sliders={a: (1.0, 2.0, 0.1), s: Slider(0.5, 2, 0.25, 1), k: Slider(0, 10, 1, 3)},
        where={(u, v): walk},
        readouts=[Readout("after k steps", us[k])],
    )
    assert assert_javascript_agrees(figure) == 5
    values = {"a": 1.5, "s": 2.0}
    (page,) = where_in_node(figure, [values])
    share = np.arange(11)
    assert page["us"] == pytest.approx(1.5 + 1.5 * 0.75**share)
    assert page["vs"] == pytest.approx(2 - 2 * 0.5**share)
    assert (page["u"], page["v"]) == (page["us"][-1], page["vs"][-1])


def test_a_slider_may_name_its_numbers():
    slider = Slider(0, 2, 1, 1, "beta", names=("1/2", "1", "2"))
    figure = line(sliders={a: slider, s: (0.5, 2.0, 0.5)})
    assert ">1</span></label>" in figure.markup()
    figure.values = {"a": 2}
    assert ">2</span></label>" in figure.markup()


def test_a_point_held_elsewhere_may_move_other_sliders():
    dot = Dot(a + 1, s, drag={a: POINTER[0] - 1})
    figure = line()
    figure = ExpressionExplorer([dot], (x, 0, 1), (0, 1), sliders=figure.sliders)
    (layer,) = figure._figure["panels"][0]["layers"]
    assert layer["drag"] == {"s": "pointer_y", "a": "pointer_x - 1"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: line(sliders={a: (0.0, 1.0, 0.1)}), "contains s, which nothing"),
        (lambda: line(readouts=[Readout("r", sp.Symbol("b"))]), "readout 'r' contains b"),
        (
            lambda: ExpressionExplorer([x], (x, 0, 1), (0, a), sliders={}),
            "the y axis contains a",
        ),
        (lambda: javascript(sp.erf(x)), "no JavaScript for erf"),
        (
            lambda: line(sliders={a: (0.0, 1.0, 0.1), sp.Symbol("x hat"): (0, 1, 1)}),
            "rename",
        ),
        (lambda: line(sliders={a: (0.0, 1.0, 0.1), sp.Symbol("new"): (0, 1, 1)}), "rename"),
        (lambda: ExpressionExplorer([], sliders={}), "curves or of panels, at least one"),
        (
            lambda: ExpressionExplorer([x, Panel([x], (x, 0, 1), (0, 1))], sliders={}),
            "curves or of panels",
        ),
        (lambda: ExpressionExplorer([x], sliders={}), "curves need axes: give x and y"),
        (
            lambda: ExpressionExplorer([Curve(x, color=4)], (x, 0, 1), (0, 1), sliders={}),
            "color 4: the page has -1 to 3",
        ),
        (lambda: Slider(1, 0, 0.1, 0.5), "low < high"),
        (lambda: Slider(0, 2, 1, 1, names="ab"), "2 names for the 3 numbers"),
        (lambda: Slider(0, 1, 0, 0.5), "step > 0"),
        (lambda: Slider(0, 1, 0.1, 0.5, log=True), "low > 0"),
    ],
)
def test_a_figure_that_cannot_be_drawn_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_values_are_read_and_set_from_python():
    figure = line()
    assert figure.values == {"a": 0.5, "s": 1}
    figure.values = {"a": 1.23}  # a part, between two steps
    assert figure.values == {"a": 1.2, "s": 1}
    figure.values = {"a": 99, "s": -99}  # beyond the ends
    assert figure.values == {"a": 2.0, "s": 0.5}
    for wrong, message in [({"b": 1}, "no slider 'b'"), ({"a": "left"}, "a: could not")]:
        with pytest.raises(TraitError, match=message):
            figure.values = wrong
    assert figure.values == {"a": 2.0, "s": 0.5}


def test_a_switch_has_two_values():
    figure = line(sliders={a: Switch(-1, 1, "turn"), s: Slider(0.5, 2, 0.25, 1)})
    assert figure.values["a"] == -1
    figure.values = {"a": 1}
    with pytest.raises(TraitError, match="a switch is -1 or 1"):
        figure.values = {"a": 0.5}


def test_the_still_is_a_picture_of_the_present_values():
    figure = line()
    before = figure.still()
    assert before.startswith(b"\x89PNG") and figure.still() == before
    figure.values = {"a": 2.0}
    assert figure.still() != before


def test_an_axis_may_follow_a_slider():
    figure = ExpressionExplorer([x], (x, 0, 1), (-a, 2 * a), sliders={a: (1.0, 2.0, 0.5)})
    assert figure._figure["panels"][0]["y"] == {"name": "", "low": "-a", "high": "2*a"}
    before = figure.still()
    figure.values = {"a": 2.0}
    assert figure.still() != before


def test_every_kind_of_layer_has_a_still():
    layers = [
        Contours(x * a, [0.5, 1.0], ["half", ""]),
        Trace(x, x**2, (x, 0, 1), "path"),
        Dots([0.5, 1.0], stems=x),
        Dot(a, s, "dot"),
        Bar(0, 0, a, hollow=True),
    ]
    panel = Panel(layers, (x, -1, 2), (a, 0, 2), ticks={0: "none"})
    figure = ExpressionExplorer([panel], sliders={a: (0.0, 2.0, 0.1), s: (0.5, 2.0, 0.5)})
    assert figure.still().startswith(b"\x89PNG")
    assert figure._figure["panels"][0]["layers"][3]["drag"] == {
        "a": "pointer_x",
        "s": "pointer_y",
    }


def test_a_saved_notebook_shows_the_still_and_no_address():
    data, _ = line()._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"] == "ExpressionExplorer: run this cell to move the figure."
    assert "application/vnd.jupyter.widget-view+json" in data


def test_the_package_imports_nothing_heavy_until_asked():
    code = "import sys, explorers; print({'anywidget', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_every_name_that_the_package_offers_is_there():
    for name in explorers.__all__:
        assert getattr(explorers, name).__name__ == name
    with pytest.raises(ImportError, match="cannot import name 'Sliders'"):
        from explorers import Sliders  # noqa: F401
