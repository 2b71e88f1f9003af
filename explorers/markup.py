"""The HTML of the figures, as they stand before anything moves.

A figure's script does not make these elements: it fills them in. So a page can lay out the
same elements, unseen, until the script has come, and keeps exactly the room that the figure
takes, in any font, at any width and size of text.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape

import sympy as sp

from explorers.figure import Panel, Readout, Slider, Switch

# JupyterLab would take a key for a command.
OWN_KEYS = 'data-lm-suppress-shortcuts="true"'

CLOSING = "</div></div>"


def opening_of(model: str, markup: str) -> str:
    """The HTML before a figure's still picture, for `mount.js`; `CLOSING` follows that."""
    room = markup and f'<div class="explorer-room" aria-hidden="true">{markup}</div>'
    return f'<div class="explorer" data-model="{model}">{room}<div class="explorer-still">'


def written(value: float, digits: int) -> str:
    """The number as `expression.js` writes it.

    >>> written(-1234.5, 1), written(-0.001, 2), written(math.inf, 2)
    ('−1,234.5', '0.00', '∞')
    """
    if not math.isfinite(value):
        return "undefined" if math.isnan(value) else "∞" if value > 0 else "−∞"
    text = f"{value:,.{digits}f}"
    is_zero = not any(digit in text for digit in "123456789")
    return text.removeprefix("-") if is_zero else text.replace("-", "−")


def expression_markup(
    panels: Sequence[Panel],
    numbers: Sequence[tuple[Readout, float]],
    sliders: Mapping[sp.Symbol, Slider | Switch],
    values: Mapping[str, float],
) -> str:
    """Panels, numbers and controls of an `ExpressionExplorer`.

    Args:
        numbers: each readout with its value where the sliders stand.
        sliders, values: the controls, and by their symbols' names where they stand.
    """
    drawn = "".join(map(_panel, panels))
    many = " many" if len(panels) > 1 else ""
    read = ""
    for readout, value in numbers:
        unit = readout.unit and f"<span> {escape(readout.unit)}</span>"
        number = f"<b>{written(value, readout.digits)}</b>{unit}"
        number = f"<span>{escape(readout.label)} </span>{number}"
        read += f'<span class="readout">{number}</span>'
    controls = ""
    for symbol, slider in sliders.items():
        if isinstance(slider, Switch):
            text = f"<span>{escape(slider.label)}</span>"
            controls += f'<label><input type="checkbox" {OWN_KEYS}>{text}</label>'
            continue
        label = escape(slider.label or sp.pretty(symbol, use_unicode=True))
        value = values[symbol.name]
        text = written(value, slider.decimals)
        if slider.names:
            text = escape(slider.names[round((value - slider.low) / slider.step)])
        text += slider.unit and f" {escape(slider.unit)}"
        controls += (
            f'<label><span class="name">{label}</span>'
            f'<input type="range" aria-label="{label}" {OWN_KEYS}>'
            f'<span class="number" aria-hidden="true">{text}</span></label>'
        )
    return (
        f'<div class="expression-explorer"><div class="panels{many}">{drawn}</div>'
        f'<div class="readouts">{read}</div><div class="controls">{controls}</div></div>'
    )


def _panel(panel: Panel) -> str:
    title = panel.title and f'<div class="title">{escape(panel.title)}</div>'
    labels = [label for layer in panel.layers if (label := getattr(layer, "label", ""))]
    swatch = '<svg class="swatch" width="28" height="12" aria-hidden="true"></svg>'
    legend = "".join(f"<li>{swatch}<span>{escape(label)}</span></li>" for label in labels)
    legend = f'<ul class="legend">{legend}</ul>'
    return f'<div class="panel">{title}{legend}<svg role="img"></svg></div>'


# ---------------------------------------------------------------- the latent space
N_STEPS = 9  # images in the strip, both ends included

PLANE = (
    "Marker z: arrow keys move it, Shift makes the steps large, "
    "Home brings it to the mean of q"
)
KEY = (
    '<p class="key"><span><b class="ring"></b>marker <i>z</i></span>'
    '<span><b class="cross">×</b>{ellipse}, 2 <i>σ</i></span>'
    '<span><b class="dash"></b>50%, 99% of the prior</span></p>'
)
TERMS = {
    "here": "log <i>p</i>(<i>x</i> | <i>z</i>) at the marker",
    "reconstruction": "E<sub><i>q</i></sub> log <i>p</i>(<i>x</i> | <i>z</i>)",
    "kl": "KL(<i>q</i>(<i>z</i> | <i>x</i>), <i>p</i>(<i>z</i>))",
    "elbo": "ELBO",
}


# The way of one image through the model. A class names a part: `latent.js` lights up what
# the reader touches, and what follows from it.
WAY = (
    '<svg class="way" viewBox="0 0 372 88" role="img" aria-label="The image x goes through '
    "the encoder to mu and sigma. They and the noise epsilon give z, which goes through "
    'the decoder to the image x hat.">'
    '<g class="arrow"><path d="M42 58h16"/><path d="M128 53l18-9M128 63l18 9"/>'
    '<path d="M174 44l24 8M174 72l24-8"/><path d="M214 30v12"/><path d="M230 58h16"/>'
    '<path d="M316 58h16"/></g>'
    '<g class="x"><circle cx="25" cy="58" r="15"/><text x="25" y="63">x</text></g>'
    '<g class="encoder"><path d="M60 36L126 46V70L60 80Z"/>'
    '<text class="name" x="92" y="62">encoder</text></g>'
    '<g class="mu"><circle cx="160" cy="39" r="13"/><text x="160" y="44">μ</text></g>'
    '<g class="sigma"><circle cx="160" cy="73" r="13"/><text x="160" y="78">σ</text></g>'
    '<g class="epsilon"><circle cx="214" cy="15" r="13"/><text x="214" y="20">ε</text></g>'
    '<g class="z"><circle cx="214" cy="58" r="15"/><text x="214" y="63">z</text></g>'
    '<g class="decoder"><path d="M248 46L314 36V80L248 70Z"/>'
    '<text class="name" x="282" y="62">decoder</text></g>'
    '<g class="x_hat"><circle cx="349" cy="58" r="15"/><text x="349" y="63">x̂</text></g>'
    "</svg>"
)


def latent_markup(
    H: int,
    shape: tuple[int, int, int],
    extent: float,
    n_images: int,
    small: bool = False,
) -> str:
    """All of a `LatentExplorer` but its pictures and numbers.

    Args:
        H: latent dimensions.
        shape: of an image: channels, rows, columns. In grey squares a reader can draw.
        extent: the sliders go from -extent to extent.
        n_images: the test images that a reader can choose from.
        small: the plane, the image and its decoder's alone.
    """
    grounds = "".join(
        f'<label><input type="radio" value="{i}" {OWN_KEYS}{" checked" * (i == 0)}>'
        f"{text}</label>"
        for i, text in enumerate(["test images", "decoded images"])
    )
    head = f'<div role="radiogroup" aria-label="Show"><span>Show</span>{grounds}</div>'
    if H > 2:
        axes = [
            f'<select aria-label="{name}" {OWN_KEYS}>'
            + "".join(
                f'<option value="{h}"{" selected" * (h == axis)}>z{_index(h + 1)}</option>'
                for h in range(H)
            )
            + "</select>"
            for axis, name in enumerate(["horizontal axis", "vertical axis"])
        ]
        head += f'<span class="axes">{axes[0]}and{axes[1]}</span>'
    plane = (
        f'<canvas class="plane" tabindex="0" role="application" {OWN_KEYS} '
        f'aria-roledescription="latent plane" aria-label="{PLANE}"></canvas>'
    )
    channels, rows, columns = shape
    drawable = channels == 1 and rows == columns
    image = f'width="{columns}" height="{rows}" role="img"></canvas>'
    sheet = '<div class="sheet">'
    if not drawable:
        sheet = (
            f'<div class="sheet" style="aspect-ratio: {columns} / {rows}; cursor: default; '
            'touch-action: auto">'
        )
    pair = (
        f'<figure class="input">{sheet}<canvas class="pad"></canvas>'
        f'<canvas class="image" {image}</div>'
        f"<figcaption><i>x</i>{': draw here' * drawable}</figcaption></figure>"
        f'<figure>{sheet}<canvas class="image decoded" {image}</div>'
        "<figcaption>decoder(<i>z</i>)</figcaption></figure>"
    )
    opening = (
        f'<div class="latent-explorer{" small" * small}" role="group" '
        'aria-label="Explorer of the latent space"><div class="layout">'
    )
    closing = '</div><p class="live" aria-live="polite"></p></div>'
    if small:
        key = KEY.format(ellipse="encoder(<i>x</i>)")
        return (
            f'{opening}<div class="pair">{pair}</div><div class="buttons moves">'
            f"{_button('next', 'Another digit')}{_button('discard', 'Discard drawing')}"
            f'</div><div class="map">{plane}{key}</div>{closing}'
        )
    z = f'min="{-extent:g}" max="{extent:g}" step="0.05"'
    latents = "".join(
        _slider(f"<i>z</i><sub>{h}</sub>", f"z{_index(h)}", z) for h in range(1, H + 1)
    )
    pick = _slider("test image", "test image", f'min="0" max="{n_images - 1}" step="1"')
    table = "".join(
        f'<tr class="{name}"><th scope="row">{term}</th><td></td></tr>'
        for name, term in TERMS.items()
    )
    # The longest note, unseen, keeps the room of all that a reader will meet.
    note = f'<span aria-hidden="true">{LONGEST_NOTE}</span><span class="said"></span>'
    # With more than two latents the way along the shell is another one.
    ways, paths = (2, "straight, and along the shell") if H > 2 else (1, "decoded")
    height = ways * (rows + 2) - 2
    strip = f'width="{N_STEPS * (columns + 2) - 2}" height="{height}"'
    key = KEY.format(ellipse="<i>q</i>(<i>z</i> | <i>x</i>)")
    return (
        f"{opening}{WAY}"
        f'<div class="map"><div class="head">{head}</div>{plane}{key}</div>'
        f'<div class="pair">{pair}</div><div class="latents">{latents}</div>'
        f'<div class="buttons moves">{_button("home", "To the mean <i>μ</i>")}'
        f"{_button('sample', 'Sample <i>z</i> ~ <i>q</i>(<i>z</i> | <i>x</i>)')}</div>"
        f'<div class="facts">{pick}<div class="buttons">'
        f"{_button('nearest', 'Nearest to <i>z</i>')}"
        f"{_button('discard', 'Discard drawing', hidden=not drawable)}</div>"
        f"<table><caption>In nats, for this <i>x</i></caption>{table}</table>"
        f'<p class="note">{note}</p></div>'
        f'<figure class="path"><canvas class="strip" {strip} role="img"></canvas>'
        f"<figcaption>{_button('end', 'Set A at <i>z</i>')}"
        f"<span>from A to B, {paths}</span>"
        f"{_button('end', 'Set B at <i>z</i>')}</figcaption></figure>{closing}"
    )


LONGEST_NOTE = (
    "E over 32 draws of z, ± one standard error. σ = (0.00, 0.00): q is at least 1000 "
    "times narrower than the prior, since a step of σ changes the picture. "
    "The lens enlarges it."
)


def _slider(name: str, spoken: str, limits: str) -> str:
    return (
        f'<label class="slider"><span>{name}</span><input type="range" {limits} '
        f'aria-label="{spoken}" {OWN_KEYS}><output aria-live="off"></output></label>'
    )


def _button(name: str, text: str, hidden: bool = False) -> str:
    attributes = OWN_KEYS + " hidden" * hidden
    return f'<button type="button" class="{name}" {attributes}>{text}</button>'


def _index(n: int) -> str:
    return str(n).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
