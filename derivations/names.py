"""What names and calls are worth: looked up where they stand.

Inside a sum over n, `x^{(n)}` is the n-th observation, and what a definition says about
`\\hat{x}^{(n)}` is computed from it. In this order: what an integral or a sum has bound,
what the page defines, what everybody knows, what the world has; then it is free.
"""

from __future__ import annotations

import math
from dataclasses import replace

from . import tree as t
from .densities import density, named_law
from .evaluate import Evaluator, Place, value_of
from .notation import (
    ANY,
    CHANCES,
    DECODERS,
    DIVERGENCES,
    ENCODERS,
    GREEK,
    LAWS,
    NAMES,
    NETWORKS,
    OUTPUTS,
    PARAMETERS,
    POSITIVE,
    SIZES,
    UNDEFINED,
    UNSIZED,
    WORLDLY,
    shaped,
)
from .quantity import Meaningless, Unknown, V
from .scope import Definition

Z, SLOT = t.Symbol("z"), t.Symbol("u")


@value_of.register(t.Symbol)
def symbol(node: t.Symbol, at: Evaluator[V]) -> V:
    """What a name is worth where it stands."""
    key, own = node.key, at.scope.meanings
    if node.name in UNSIZED and not (node.index or node.accent):
        return at.world.unsized(node.name)
    if node.under is not None:
        raise Unknown("an expectation needs brackets")
    indices, component = at.integers(node.index), at.integers(node.component)
    plain = not (indices or component)
    if min(indices, default=1) < 1 and not at.world.chain:
        raise Meaningless("samples are counted from 1")
    if component and (f"{key}{component}", indices) in at.bound:
        return at.bound[f"{key}{component}", indices]
    if (key, indices) in at.bound:
        value = at.bound[key, indices]
    elif component and key + "[]" in own:
        return at.expand(key + "[]", own[key + "[]"], None, indices, component)
    elif key in own:
        value = at.expand(key, own[key], None, indices)
    elif key + "()" in own:
        raise Unknown(f"{node.spoken} is a function: of what?")
    elif key in at.indices and plain:
        return at.calculus.number(at.indices[key])
    elif key in at.world.own_sizes and plain:
        return at.calculus.number(at.world.own_sizes[key])
    elif (step := at.world.schedule(key, indices)) is not None:
        return step
    elif key in SIZES and plain:
        return at.calculus.number(at.size(key))
    elif key == "pi" and not at.scope.chances:
        return at.calculus.number(math.pi)
    elif key == "e" and not indices:
        return at.calculus.number(math.e)
    else:
        worldly = of_the_world(node, indices, at)
        if worldly is None:
            return free(node, indices, component, at)
        value = worldly
    return value.component(component) if component else value


def of_the_world(node: t.Symbol, indices: tuple[int, ...], at: Evaluator[V]) -> V | None:
    """A point, or what the networks put out for the sample of that index."""
    key = node.key
    if key in WORLDLY:
        value = at.world.variable(key, indices)
        if not indices:
            at.met.named[key] = value
        return value
    if key == "y":
        return at.world.variable("x", (50, *indices))
    if key == "hat x":
        return at.world.decoder(at(t.Symbol("z", index=node.index)))
    gives = NAMES[key].gives if key in NAMES else ""
    if gives in ("mean", "spread") or at.scope.encoder and key in OUTPUTS:
        mean, scale = at.world.encoder(at(t.Symbol("x", index=node.index)))
        return mean if node.name == OUTPUTS[0] else scale
    if key in (*PARAMETERS, "Data") and not at.scope.chances:
        raise Unknown(f"{key} stands alone: what is computed from it?")
    return None


def free(
    node: t.Symbol, indices: tuple[int, ...], component: tuple[int, ...], at: Evaluator[V]
) -> V:
    """A parameter that only the formula names: a drawn value stands for any."""
    name = node.key
    if name in DIVERGENCES:
        raise Unknown("a divergence between what?", like=r"D_{\mathrm{KL}}(... \,\|\, ...)")
    if len(node.name) > 1 and node.name not in GREEK:
        raise Unknown(f"what is {node.name}?", like="...")
    if node.accent or node.name in UNDEFINED:
        hat = node.accent == "hat" and node.name in "dzy"
        hint = "; did you mean \\hat{x}?" if hat else ""
        raise Unknown(f"{node.spoken} has no definition{hint}", like="...")
    sizes = sized = at.scope.shapes.get(name, ())
    if at.world.scalar:  # a vector of one component is that component
        sizes, component = (), () if sizes and set(component) == {1} else component
    spread = node.name in POSITIVE or node.name in shaped("covariance") and sized
    kind = "positive" if spread else "real"
    if len(sizes) == 2 and sizes[0] == sizes[1]:
        kind = "covariance"
    elif at.scope.chances and node.name in CHANCES:
        kind = "chance"
    part = indices or (() if sizes else component)
    label = f"{name}_{','.join(map(str, part))}" if part else name
    if component and not sizes:
        name, component = f"{name}_{component}", ()
    name += str(indices) if indices else ""
    value = at.bound.get((name, ()))
    if value is None:
        value = at.world.free(name, tuple(map(at.size, sizes)), kind)
    at.met.named[label] = value
    return value.component(component) if component else value


# ---------------------------------------------------------------- calls
@value_of.register(t.Call)
def call(node: t.Call, at: Evaluator[V]) -> V:
    """What a function or a density is worth at its arguments."""
    name, items, key = node.function, node.group.items, node.function.key
    if name.name in LAWS:
        return named_law(node, at)
    if t.is_density(node):
        return density(node, at)
    if key + "()" in at.scope.meanings:
        return _apply(node, at.scope.meanings[key + "()"], at)
    if key == "ELBO":
        return _elbo(node, at)
    if name.name in (*ENCODERS, *DECODERS) or key in NETWORKS:
        return _component(_network(node, at), name, at)
    if name.label.endswith("'"):
        return _differentiated(node, at)
    if name.name in ANY:
        return _any_function(node, at)
    if key in OUTPUTS and at.scope.encoder and [t.role_of(i) for i in items] == ["x"]:
        output = at.world.encoder(at(items[0]))[key == OUTPUTS[1]]
        return _component(output, name, at)
    letter = name.name in GREEK or len(name.name) == 1
    if len(items) == 1 and letter and not t.is_argument(node.group):
        return at(name) * at(items[0])  # \\lambda (x - \\mu); w(x) is a function of x
    raise Unknown(f"{name.spoken} is not a known function", like="...")


def _component(value: V, name: t.Symbol, at: Evaluator[V]) -> V:
    """\\mu_{\\phi, j}(x) is one number of what the network puts out."""
    return value.component(at.integers(name.component)) if name.component else value


def _apply(node: t.Call, definition: Definition, at: Evaluator[V]) -> V:
    own, group, key = definition.parameters, node.group, node.function.key
    if len(group.items) < len(own):
        raise Unknown(f"this takes {len(own)} arguments")
    rest = group.items[len(own) :]
    tail = tuple(getattr(item, "key", "") for item in rest)
    if tail != definition.tail or own and rest and group.marks[len(own) - 1] != ";":
        raise Unknown("its definition has other parameters after the semicolon")
    pairs = zip(own, group.items, strict=False)
    values: dict[Place, V] = {
        (p.key, ()): at(item) for p, item in pairs if not t.is_parameter(item)
    }
    component = at.integers(node.function.component)
    return at.expand(key + "()", definition, values, (), component)


def _differentiated(node: t.Call, at: Evaluator[V]) -> V:
    """f''(a) is the second slope of f, taken at a."""
    name, (item, *more) = node.function, node.group.items
    if more:
        raise Unknown("a prime belongs to a function of one number")
    label = name.label.rstrip("'")
    whole = t.Call(replace(name, label=label), t.Group((SLOT,)))
    orders = (SLOT,) * (len(name.label) - len(label))
    return at(t.At(t.Derivative(orders, whole), ((SLOT, item),)))


def _any_function(node: t.Call, at: Evaluator[V]) -> V:
    """Of several arguments it is a function of all their components."""
    name, items = node.function, node.group.items
    groups = {item.key for item in items if isinstance(item, t.Symbol)}
    groups |= {*name.label.split(",")}
    group = next(iter(groups & set(PARAMETERS)), "")
    values = [at(item) for item in items if not t.is_parameter(item)]
    traits = at.scope.traits.get(name.key, frozenset())
    which = "".join(f"_{i}" for i in at.integers(name.component))  # f_1 is not f_2
    which += "".join(f"^{i}" for i in at.integers(name.index))
    return at.world.any_function(name.key + which, values, traits, group)


def _network(node: t.Call, at: Evaluator[V]) -> V:
    name, items = node.function, node.group.items
    if not all(map(t.is_parameter, items[1:])):
        raise Unknown("after the semicolon only parameters may stand")
    if name.index:
        raise Unknown(f"there is one {name.spoken} here, without a number above")
    if name.label.endswith("'"):
        raise Unknown("is the prime of a network a slope, or are its parameters others?")
    value, role = at(items[0]), t.role_of(items[0])
    row = NAMES[name.key] if name.key in NAMES else NAMES[name.name]
    if (row.takes or role) == "z":
        if role == "x":
            raise Unknown("the decoder takes z, not x")
        return at.world.decoder(value)
    if role == "z":
        raise Unknown("the encoder takes x, not z")
    if row.gives == "both":
        raise Unknown("the encoder gives two things: \\mu, \\sigma = ...")
    return at.world.encoder(value)[row.gives == "spread"]


def _elbo(node: t.Call, at: Evaluator[V]) -> V:
    """By definition the integral of q log p(x, z)/q, for the q that is named."""
    (x, *rest), marks = node.group.items, node.group.marks
    if node.function.index not in ((), getattr(x, "index", ())):
        raise Unknown("the number above this bound is not that of its x")
    names = [r for r in rest if isinstance(r, t.Symbol)]
    theta = bool(names) and names[0].key in ("theta", *at.scope.theta)
    q = _q_of_elbo(x, names[1:])
    theta = theta and not any(r.component or r.index for r in names)
    if q is None or not theta or names != rest or marks[0] != ";" or ";" in marks[1:]:
        message = "the ELBO is that of (x; \\theta, \\phi) or (x; \\theta, q)"
        raise Unknown(message)
    p = t.Call(t.Symbol("p", label="theta"), t.Group((x, Z), (",",)))
    ratio = t.Function("log", t.Quotient(p, q))
    return at(t.Integral(Z, t.Product((q, ratio), ("",))))


def _q_of_elbo(x: t.Node, names: list[t.Symbol]) -> t.Call | None:
    """What stands for q: phi, the density q itself, or the mean and the deviation."""
    keys = [name.key for name in names]
    if keys == ["phi"]:
        return t.Call(t.Symbol("q", label="phi"), t.Group((Z, x), ("|",)))
    if keys in (["q"], ["q_phi"]):
        return t.Call(names[0], t.Group((Z,)))
    if tuple(name.name for name in names) == OUTPUTS:
        covariance = t.Function("diag", t.Power(names[1], t.TWO))
        return t.Call(t.Symbol("Normal"), t.Group((Z, names[0], covariance), (";", ",")))
    return None
