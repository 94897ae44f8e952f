"""Images and vowels as sequences of vectors."""

import numpy as np

from jlstm.data import Images, LabelledSeries, load_japanese_vowels, load_mnist
from jlstm.data.images import as_pixels, as_rows, pixel_order, pooled
from jlstm.tasks.classification.data import Data, DataConfig, Part, Prep
from jlstm.tasks.classification.objective import Examples
from jlstm.tasks.classification.own_vectors import load_own
from jlstm.tasks.classification.stored import load_records
from jlstm.training.experiment import Loaded


def load_vectors(config: DataConfig) -> Data:
    """Read a data set of vectors."""
    if config.name == "japanese_vowels":
        return _vowels(config)
    if config.name == "sequences":
        return load_own(config)
    if config.name == "records":
        return load_records(config)
    parts = load_mnist()
    examples = {part: _images(own, config) for part, own in parts.items()}
    train = _limited(examples["train"], config)
    digits = tuple(map(str, range(10)))
    return _loaded(digits, train, examples["valid"], examples["test"])


def standardized(
    train: tuple[np.ndarray, ...], *others: tuple[np.ndarray, ...]
) -> list[list[np.ndarray]]:
    """Shift and scale features such that those of training have mean 0 and variance 1.

    Example:
        >>> parts = standardized((np.array([[1.0], [3.0]]),), (np.array([[5.0]]),))
        >>> [part[0].ravel().tolist() for part in parts]
        [[-1.0, 1.0], [3.0]]
    """
    joined = np.concatenate(train)
    mean, scale = joined.mean(axis=0), joined.std(axis=0)
    scale = np.where(scale > 0, scale, 1)
    return [[(one - mean) / scale for one in part] for part in (train, *others)]


def _images(images: Images, config: DataConfig) -> Examples:
    if config.name == "mnist_rows":
        xs = as_rows(images.images)
    elif config.name == "mnist_pooled":
        xs = as_pixels(pooled(images.images))
    else:
        permuted = config.name == "mnist_permuted"
        xs = as_pixels(
            images.images, pixel_order(config.order_seed) if permuted else None
        )
    return Examples(list(np.moveaxis(xs, 1, 0)), images.labels)


def _vowels(config: DataConfig) -> Data:
    parts: dict[str, LabelledSeries] = load_japanese_vowels()
    train, test = parts["train"], parts["test"]
    learn, held = standardized(train.sequences, test.sequences)
    rows = np.random.default_rng(config.seed).permutation(len(learn))
    cut = max(1, round(config.valid_fraction * len(rows)))
    whole = Examples(learn, train.labels)
    return _loaded(
        tuple(f"man {name}" for name in train.classes),
        _limited(whole.take(rows[cut:]), config),
        whole.take(rows[:cut]),
        Examples(held, test.labels),
    )


def _loaded(classes: tuple[str, ...], *parts: Examples) -> Data:
    prep = Prep(classes, input_size=parts[0].sequences[0].shape[1])
    names = ("train", "valid", "test")
    return Loaded(prep, {n: Part(*own) for n, own in zip(names, parts, strict=True)})


def _limited(train: Examples, config: DataConfig) -> Examples:
    if config.limit_train is None:
        return train
    rows = np.random.default_rng(config.seed).permutation(len(train.labels))
    return train.take(rows[: config.limit_train])
