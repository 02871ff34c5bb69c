"""What a Ctrl-C does to the threads that grade a class."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from autograder.pool import Pool


def test_a_ctrl_c_says_at_once_that_what_runs_is_waited_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    go, said, ended = threading.Event(), [], []

    def work() -> None:
        go.wait(60)
        said.append(capsys.readouterr().err)
        ended.append(1)

    def stop(pool: Pool) -> None:
        pool.submit(work)
        waiting = pool.submit(ended.append, 2)
        waiting.add_done_callback(lambda _: go.set())  # it was called off: the pool is closing
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), closing(Pool(1)) as pool:
        stop(pool)
    assert said == ["\nstopping after what is running; Ctrl-C again to stop now\n"]
    assert ended == [1]


def test_a_pool_that_is_done_or_fails_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(Pool(1)) as pool:
        assert pool.submit(abs, -3).result() == 3
    with pytest.raises(ValueError, match="no"), closing(Pool(1)):
        raise ValueError("no")
    assert capsys.readouterr().err == ""
