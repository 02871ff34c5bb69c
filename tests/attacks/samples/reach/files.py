"""Files that belong to others."""

import ctypes
import glob
import mmap
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from tools import call, tried


def hidden_checks(scene):
    """Reading hidden checks, results and other submissions"""
    paths = [scene["checks"], scene["results"], scene["other"]]

    def by_folder():
        folder = os.open(scene["course"], os.O_PATH)
        return os.read(os.open("checks.py", os.O_RDONLY, dir_fd=folder), 9)

    def by_climbing():
        up = "/".join([".."] * 30)
        return Path(up + scene["checks"]).read_bytes()

    def by_mapping():
        with open(scene["checks"], "rb") as file:
            return mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)[:9]

    found = [name for path in paths for name in tried(**{path: lambda p=path: open(p).read()})]
    return found + tried(
        listing=lambda: os.listdir(scene["course"]),
        globbing=lambda: bool(glob.glob(scene["course"] + "/*")),
        folder=by_folder,
        climbing=by_climbing,
        root=lambda: open("/proc/self/root" + scene["checks"]).read(),
        cwd=lambda: open("/proc/self/cwd/../../../../.." + scene["checks"]).read(),
        mapping=by_mapping,
        numpy=lambda: np.fromfile(scene["checks"], np.uint8),
        memmap=lambda: np.memmap(scene["checks"], np.uint8, "r")[0],
        copying=lambda: shutil.copy(scene["checks"], "copy"),
        importing=lambda: __import__("runpy").run_path(scene["checks"]),
    )


def sibling(scene):
    """Reading or changing another worker's folder"""
    mine = scene["neighbour"]
    return tried(
        reading=lambda: open(mine).read(),
        relative=lambda: open("../" + "/".join(mine.split("/")[-2:])).read(),
        listing=lambda: os.listdir(os.path.dirname(mine)),
        finding=lambda: bool(glob.glob("../*/mine")),
        writing=lambda: open(mine, "a").close(),
        removing=lambda: os.unlink(os.path.dirname(mine) + "/spare"),
    )


def results(scene):
    """Overwriting, removing or renaming results and submissions"""
    target, other, course = scene["results"], scene["other"], scene["course"]

    def replace():
        Path("own").write_text("score 100")
        os.replace("own", target)

    return tried(
        appending=lambda: open(target, "a").write("x"),
        overwriting=lambda: open(target, "w").write("score 100"),
        updating=lambda: open(target, "r+").write("score 100"),
        truncating=lambda: os.truncate(target, 0),
        raw_truncating=lambda: call(scene, "truncate", target.encode(), 0),
        replacing=replace,
        renaming=lambda: os.rename(other, other + ".old"),
        unlinking=lambda: os.unlink(other),
        making=lambda: open(course + "/new.py", "w").close(),
        making_a_folder=lambda: os.mkdir(course + "/new"),
        removing_a_folder=lambda: os.rmdir(course + "/empty"),
        linking=lambda: os.symlink("/", course + "/link"),
        hard_linking=lambda: os.link(other, "mine.py"),
        piping=lambda: os.mkfifo(course + "/fifo"),
    )


def modes(scene):
    """Changing modes, owners, times or attributes of the grader's files"""
    target = scene["results"]

    def looks():
        seen = os.stat(target)
        return seen.st_mode, seen.st_uid, seen.st_mtime_ns

    def changed(change):
        before = looks()
        change()
        return looks() != before

    return tried(
        mode=lambda: changed(lambda: os.chmod(target, 0o604)),
        time=lambda: changed(lambda: os.utime(target, (1, 1))),
        owner=lambda: changed(lambda: os.chown(target, 12345, 12345)),
        mode_by_descriptor=lambda: changed(lambda: os.fchmod(os.open(target, os.O_RDONLY), 0o644)),
        attribute=lambda: (
            changed(lambda: os.setxattr(target, "user.note", b"x"))
            or os.getxattr(target, "user.note") == b"x"
        ),
    )


def libraries(scene):
    """Poisoning Python's own files for later workers"""

    def new(path):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        os.unlink(path)

    sites = os.path.dirname(os.path.dirname(np.__file__))
    return tried(
        numpy=lambda: open(np.__file__, "ab").close(),
        os=lambda: open(os.__file__, "ab").close(),
        sites=lambda: new(f"{sites}/{scene['tag']}.pth"),
        cache=lambda: new(f"{os.path.dirname(np.__file__)}/__pycache__/{scene['tag']}.pyc"),
        course=lambda: os.mkdir(scene["course"] + "/__pycache__"),
    )


def shared_folders(scene):
    """Leaving files in /dev/shm, /tmp or /var/tmp"""
    places = ["/dev/shm", "/tmp", "/var/tmp", tempfile.gettempdir() + "/.."]
    return tried(
        **{
            p: lambda p=p: open(f"{p}/{scene['tag']}", "w").write("for the next one")
            for p in places
        }
    )


def links(scene):
    """Links out of its own folder"""

    def through(make):
        if os.path.lexists("link"):
            os.unlink("link")
        make(scene["checks"], "link")
        return open("link").read()

    return tried(
        symbolic=lambda: through(os.symlink),
        hard=lambda: through(os.link),
        folder=lambda: os.symlink(scene["course"], "d") or os.listdir("d"),
    )


def special_files(scene):
    """Pipes, sockets and device files in its own folder"""
    return tried(
        pipe=lambda: os.mkfifo("fifo"),
        device=lambda: os.mknod("device", 0o600 | 0o020000, os.makedev(1, 3)),
        socket=lambda: os.mknod("socket", 0o600 | 0o140000),
        symbolic_link=lambda: os.symlink("nowhere", "nowhere"),
    )


def descriptors(scene):
    """Using a descriptor that was left open"""
    found = []
    for number in range(4, 8192):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(f"{number}")
    return found + tried(
        input_is_no_terminal=lambda: os.isatty(0),
        writing_to_input=lambda: os.write(0, b"x"),
        reading_the_output=lambda: os.read(1, 1),
        channel_again=lambda: os.open("/proc/self/fd/3", os.O_RDWR),
    )


def proc(scene):
    """Reading environment, memory or open files of other processes in /proc"""
    found = []
    for who in ("grader", "server", "bystander", "neighbour_pid"):
        home = f"/proc/{scene[who]}"
        found += tried(
            **{
                f"{who} environ": lambda h=home: open(h + "/environ").read(),
                f"{who} memory": lambda h=home: open(h + "/mem", "rb").seek(0),
                f"{who} maps": lambda h=home: open(h + "/maps").read(9),
                f"{who} files": lambda h=home: os.listdir(h + "/fd"),
                f"{who} root": lambda h=home: os.listdir(h + "/root/"),
                f"{who} folder": lambda h=home: os.listdir(h + "/cwd/"),
            }
        )
    return found


def command_lines(scene):
    """Reading command lines of other processes"""
    return tried(
        listing=lambda: os.listdir("/proc"),
        grader=lambda: open(f"/proc/{scene['grader']}/cmdline").read(),
        server=lambda: open(f"/proc/{scene['server']}/cmdline").read(),
    )


def watching(scene):
    """Watching the grader's folders for new files"""
    libc = ctypes.CDLL(None, use_errno=True)

    def watch():
        number = libc.inotify_init1(0)
        return number >= 0 and libc.inotify_add_watch(number, scene["course"].encode(), 0xFFF) >= 0

    return tried(inotify=watch)
