"""How annotations are checked in tests: by beartype and jaxtyping, at every call.

jaxtyping has an import hook of its own. This one costs a third less time in all: it
makes the check of a function at its first call, since most functions are not called by
most tests; it leaves functions alone that stand inside others, which every call of the
outer one would make again (what calls them is checked); and it follows the sizes of
axes only where an annotation names one.
"""

import ast
import functools
import importlib.abc
import importlib.util
import inspect
import sys
import typing
from collections.abc import Callable
from importlib.machinery import PathFinder, SourceFileLoader
from unittest import mock

from beartype import beartype
from jaxtyping import AbstractArray, jaxtyped
from jaxtyping import config as jaxtyping_config

NAME = f"__{__name__.replace('.', '_')}__"
HEADER = f"import {__name__} as {NAME}"
TAG = "checked1"  # in the names of cached files; another one compiles them again
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def install(package: str) -> None:
    """Check the annotations of what is imported from ``package`` after this call."""
    sys.meta_path.insert(0, _Finder(package))


def check_function(function: Callable) -> Callable:
    """Return ``function`` with a check of its arguments and of what it returns."""

    @functools.cache
    def checked() -> Callable:
        if _names_an_axis(function):
            return jaxtyped(function, typechecker=beartype)
        return beartype(function)

    @functools.wraps(function)
    def call(*args, **kwargs):
        off = jaxtyping_config.jaxtyping_disable
        return (function if off else checked())(*args, **kwargs)

    @functools.wraps(function)
    async def wait(*args, **kwargs):  # a server asks what kind of function it calls
        return await call(*args, **kwargs)

    return wait if inspect.iscoroutinefunction(function) else call


def check_class(cls: type) -> type:
    """Check what the constructor of a dataclass is given."""
    if "__dataclass_fields__" in vars(cls) and "__init__" in vars(cls):
        cls.__init__ = check_function(cls.__init__)
    return cls


def _names_an_axis(function: Callable) -> bool:
    try:
        hints = typing.get_type_hints(function)
    except NameError:  # imported for type checkers only: jaxtyping finds its way
        return True
    return any(map(_has_array, hints.values()))


def _has_array(hint: object) -> bool:
    if inspect.isclass(hint) and issubclass(hint, AbstractArray):
        return True
    return any(map(_has_array, typing.get_args(hint)))


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, package: str):
        self.package = package

    def find_spec(self, name, path=None, target=None):
        if f"{name}.".startswith(f"{self.package}."):
            spec = PathFinder.find_spec(name, path, target)
            if spec is not None and isinstance(spec.loader, SourceFileLoader):
                spec.loader = _Loader(spec.loader.name, spec.loader.path)
            return spec
        return None


class _Loader(SourceFileLoader):
    def source_to_code(self, data, path, *, _optimize=-1):
        tree = _decorate(ast.parse(data, path))
        return compile(tree, path, "exec", dont_inherit=True, optimize=_optimize)

    def get_code(self, fullname):
        # The decorated code has a cache of its own, next to that of the plain one.
        path = functools.partial(importlib.util.cache_from_source, optimization=TAG)
        with mock.patch("importlib._bootstrap_external.cache_from_source", path):
            return super().get_code(fullname)


def _decorate(tree: ast.Module) -> ast.Module:
    """Put the checks on functions of the module and of its classes."""
    after = sum(_stands_first(node) for node in tree.body[:2])
    tree.body.insert(after, *ast.parse(HEADER).body)
    _decorate_all(tree.body)
    return ast.fix_missing_locations(tree)


def _decorate_all(body: list[ast.stmt]) -> None:
    for node in body:
        if isinstance(node, FUNCTIONS):
            # Innermost, so that jit and custom_vjp wrap the checked function.
            node.decorator_list.append(_decorator("check_function", node))
        elif isinstance(node, ast.ClassDef):
            node.decorator_list.insert(0, _decorator("check_class", node))
            _decorate_all(node.body)


def _decorator(name: str, node: ast.stmt) -> ast.expr:
    decorator = ast.parse(f"{NAME}.{name}", mode="eval").body
    for part in ast.walk(decorator):
        ast.copy_location(part, node)
    return decorator


def _stands_first(node: ast.stmt) -> bool:
    """Whether a statement is the docstring or an import from ``__future__``."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
