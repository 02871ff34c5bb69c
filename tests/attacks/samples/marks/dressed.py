"""Wrong answers of types that say they are right. The right answer is `3 * x + 1`."""

import numpy as np


class Agreeable:
    """Equal to everything, near to everything, and nothing in particular."""

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __lt__ = __le__ = __gt__ = __ge__ = __eq__
    __hash__ = object.__hash__

    def __sub__(self, other):
        return 0 * np.asarray(other)

    __rsub__ = __add__ = __radd__ = __mul__ = __sub__

    def __abs__(self):
        return 0.0

    def __float__(self):
        return 0.0

    def __bool__(self):
        return True

    def __len__(self):
        return 4

    def __getattr__(self, name):
        return self

    def __call__(self, *_, **__):
        return self

    def __iter__(self):
        return iter([self] * 4)

    def __array__(self, dtype=None, copy=None):
        return np.zeros(4)

    def __reduce__(self):
        return eval, ("__import__('os')._exit(0)",)


def agreeable_object(x):
    return Agreeable()


def array_subclass(x):
    class Array(np.ndarray):
        def __array_ufunc__(self, *_, **__):
            return np.zeros(4)

        def __eq__(self, other):
            return np.ones(4, bool)

        __hash__ = None

    return np.zeros(4).view(Array)


def object_array(x):
    return np.array([Agreeable() for _ in range(4)], dtype=object)


def list_of_objects(x):
    return [Agreeable() for _ in range(4)]


def float_subclass(x):
    class Real(float):
        __eq__ = Agreeable.__eq__
        __sub__ = __rsub__ = Agreeable.__sub__
        __hash__ = float.__hash__

    return [Real(0)] * 4


def text_subclass(x):
    class Text(str):
        __eq__ = Agreeable.__eq__
        __hash__ = str.__hash__

    return Text("3 * x + 1")


def list_subclass(x):
    class List(list):
        def __iter__(self):
            return iter([Agreeable()] * 4)

        def __len__(self):
            return 4

    return List()


def masked_array(x):
    return np.ma.masked_array(np.zeros(4), mask=True)


def not_a_number(x):
    return np.full(4, np.nan)


def infinite(x):
    return np.full(4, np.inf)


def complex_numbers(x):
    return np.full(4, 1j)


def one_number_for_all(x):
    return np.float64(0)


def nothing(x):
    return np.zeros(0)


def no_answer(x):
    return None


def broadcast(x):
    return np.broadcast_to(np.zeros(1), (4,))


def structured(x):
    return np.zeros(4, [("y", "f8")])


def pickled(x):
    return b"\x80\x04\x8c\x02os\x94\x8c\x05_exit\x93K\x00\x85R."


def generator(x):
    return (Agreeable() for _ in range(4))


def the_question_changed(x):
    x[:] = 0
    return x * 3


def a_class(x):
    return Agreeable


def strange_type_name(x):
    return type("ndarray\x1b[2J", (Agreeable,), {"__module__": "numpy"})()
