"""What a caller gives: a tensor, a whole number. What is neither is told in one sentence.

Example:
    >>> whole("n", 100_000, at_least=1)
    100000
    >>> whole("n", 1e5, at_least=1)
    Traceback (most recent call last):
        ...
    TypeError: n must be a whole number, got the float 100000.0: write int(100000.0)
"""

import operator
from typing import Any

import torch
from torch import Tensor


def whole(name: str, value: Any, at_least: int) -> int:
    """The whole number that an argument is; also one of NumPy, or of a tensor.

    Raises:
        TypeError: if it is no whole number, such as 1e5, which Python takes for a float.
        ValueError: if it is below `at_least`.
    """
    try:
        number = operator.index(value)
    except TypeError:
        kind = type(value).__name__
        advice = f": write int({value!r})" if isinstance(value, float) else ""
        raise TypeError(
            f"{name} must be a whole number, got the {kind} {value!r}{advice}"
        ) from None
    if number < at_least:
        raise ValueError(f"{name} must be at least {at_least}, got {number}")
    return number


def tensor(name: str, value: Any) -> Tensor:
    """The tensor that an argument is; of something else, how a tensor is made of it.

    Raises:
        TypeError: if it is no tensor.

    Example:
        >>> tensor("images", [[0.0, 1.0]])
        Traceback (most recent call last):
            ...
        TypeError: images must be one tensor, got a list: write torch.tensor(images)
    """
    if isinstance(value, Tensor):
        return value
    kind = type(value).__name__
    if isinstance(value, torch.utils.data.DataLoader):
        advice = "give the images of its dataset: minibatches are drawn here"
    elif isinstance(value, torch.utils.data.Dataset):
        advice = "write torch.stack([x.flatten() for x, *_ in dataset])"
    elif isinstance(value, list | tuple) and value and isinstance(value[0], Tensor):
        advice = f"write torch.stack({name})"
    elif isinstance(value, list | tuple):
        advice = f"write torch.tensor({name})"
    elif hasattr(value, "to_numpy"):  # a data frame
        advice = f"write torch.tensor({name}.to_numpy())"
    elif hasattr(value, "__array__"):
        advice = f"write torch.from_numpy({name})"
    else:
        advice = "see the page 'Your own data'"
    raise TypeError(f"{name} must be one tensor, got a {kind}: {advice}")
