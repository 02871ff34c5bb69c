"""Too much disk, and folders that are hard to remove."""

import os

BLOCK = bytes(1 << 20)


def one_file():
    with open("large", "wb") as file:
        while True:
            file.write(BLOCK)


def fill(prefix):
    for number in range(1 << 20):
        with open(f"{prefix}{number}", "wb") as file:
            file.write(BLOCK)


def many_files():
    fill("")


def hidden_in_a_locked_folder():
    """The folder can be entered and written to, but not listed."""
    os.umask(0)
    os.mkdir("locked", 0o300)
    fill("locked/")


def hidden_in_a_deep_folder():
    go_down(25, "d" * 200)
    fill("")


def hidden_behind_many_entries():
    for number in range(12_000):
        open(f"{number}.empty", "w").close()
    fill("")


def go_down(levels, name):
    for _ in range(levels):
        os.mkdir(name)
        os.chdir(name)


def deep_folders():
    go_down(3000, "d")


def long_paths():
    """Make folders whose path is longer than the kernel takes."""
    go_down(50, "d" * 255)
    open("file", "w").close()
    return 1


def locked_folders():
    os.umask(0)
    for top in ("a", "b"):
        os.makedirs(f"{top}/c")
        open(f"{top}/c/file", "w").close()
        for mode in (0o000, 0o100, 0o200, 0o300, 0o400):
            os.mkdir(f"{top}/c/{mode}", mode)
            os.mkdir(f"{top}/{mode}", mode)
            os.mkdir(f"{top}{mode}", mode)
    return 1


def odd_names():
    for name in (
        b"\xff\xfe",
        b"\n",
        b"-rf",
        b" ",
        b"\x1b[2J",
        "ü".encode(),
        b"0.moved",
        b"x" * 255,
    ):
        os.mkdir(name)
        os.mkdir(name + b"/0.moved" if len(name) < 240 else name + b"/d")
        open(name + b"/file", "w").close()
    return 1


def wide_and_deep():
    for one in range(12):
        for two in range(12):
            os.makedirs(f"{one}/{two}/3/4")
    return 1
