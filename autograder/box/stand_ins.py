"""What takes the place of packages that the grader lacks or has no use for, and of `input`."""

from __future__ import annotations

import builtins
import pickle
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from typing_extensions import Self

__all__ = ["Nothing", "stand_in"]

# What a notebook imports for its own checks and for Jupyter; here they do nothing.
ALWAYS = frozenset({"IPython", "check", "gradlab", "google", "otter"})
PICTURES = frozenset({"matplotlib", "mpl_toolkits"})


class Nothing(ModuleType):
    """A module, function and value in one, that does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing(name)

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Return itself; a function that it is to decorate comes back as it is."""
        return args[0] if len(args) == 1 and not kwargs and _is_function(args[0]) else self

    def _itself(self, *_args: object, **_kwargs: object) -> Nothing:
        return self

    # `axes[0, 1].plot(x)`, `with plt.style.context("ggplot"):`
    __getitem__ = __enter__ = _itself

    def __exit__(self, *_: object) -> None:
        """Let an exception through."""

    def __setitem__(self, key: object, value: object) -> None:
        """Forget it: `plt.rcParams["image.cmap"] = "gray"`."""

    def __iter__(self) -> Iterator[Nothing]:
        return iter((self, self))  # `figure, axes = plt.subplots()`

    def __mro_entries__(self, bases: object) -> tuple[()]:
        return ()  # `class Net(torch.nn.Module)` is a class of its own


def _is_function(value: object) -> bool:
    return hasattr(value, "__code__")


class _Progress:
    """`tqdm`: what is looped over, without the bar."""

    def __init__(self, iterable: Iterable[Any] = (), *_: object, **__: object) -> None:
        self._iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        return iter(self._iterable)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let an exception through."""

    def __getattr__(self, name: str) -> Any:
        return Nothing(name)  # `bar.set_description("loss")`


def _progress_range(*args: int, **_: object) -> _Progress:
    return _Progress(range(*args))


def _nobody_there(prompt: object = "", /) -> NoReturn:
    del prompt
    raise RuntimeError("input() is refused here, nobody can answer; write the value into the code")


PROGRESS: dict[str, Any] = dict.fromkeys(("tqdm", "tqdm_notebook", "auto"), _Progress)
PROGRESS |= dict.fromkeys(("trange", "tnrange"), _progress_range)
PYTHON_2: dict[str, Any] = {
    "xrange": range,
    "range": range,
    "raw_input": _nobody_there,
    "cPickle": pickle,
    "unicode": str,
    "basestring": str,
    "long": int,
    "unichr": chr,
    "str": str,
    "int": int,
    "zip": zip,
    "map": map,
    "filter": filter,
    "round": round,
    "object": object,
}
# Stand-ins that must do something, or a loop over them would run the wrong number of times.
WORKING: Mapping[str, Mapping[str, Any]] = {
    "tqdm": PROGRESS,
    "tqdm.auto": PROGRESS,
    "tqdm.notebook": PROGRESS,
    "past.builtins": PYTHON_2,
    "future.builtins": PYTHON_2,
    "six.moves": PYTHON_2,
}


class _StandIns:
    """Finds the stand-ins, every module below them, and the packages that they lie in."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        known = any(f"{name}.".startswith(f"{n}.") or n.startswith(f"{name}.") for n in self.names)
        return ModuleSpec(name, self, is_package=True) if known else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return Nothing(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(WORKING.get(module.__name__, {}))


def stand_in(names: Iterable[str], *, pictures: bool) -> None:
    """Let modules that do nothing take the place of some, and of all below them; refuse `input`.

    Args:
        names: dotted module names that the assignment lists, besides `ALWAYS`.
        pictures: whether matplotlib is wanted; it is left alone then, if it is installed.
    """
    wanted = pictures and find_spec("matplotlib") is not None
    absent = ALWAYS.union(names, () if wanted else PICTURES)
    sys.meta_path.insert(0, _StandIns(absent))
    builtins.input = _nobody_there
