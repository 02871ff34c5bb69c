"""A course and its assignments, read from `course.toml` and `assignment.toml`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from keyword import iskeyword
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from gradlab.editions import NO_EDITION, Edition, choose, select
from gradlab.errors import AuthorMistake, Place, UserMistake
from gradlab.masters import TEXT_SUFFIXES, as_notebook
from gradlab.settings import (
    FILE_NAME,
    FILE_PATH,
    count_of,
    files_of,
    place_of,
    read_toml,
    refuse_unknown,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["GRADED", "Acceptance", "Assignment", "Course", "Gradescope", "Limits"]

# Lists whose files may lie in subfolders, and what of an assignment's folder is never shipped.
NESTED = ("modules", "earlier", "supplied", "files")
STAFF = (
    "assignment.toml",
    "checks.py",
    "public.py",
    "battery.py",
    "expected",
    "reference",
    "samples.toml",
    "staff.md",
)
REQUIREMENT = r"[A-Za-z0-9][\w.\-]*((>=|==|<=|<|>|~=)[\w.]+)?"
NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
# Which cells run in grading: what a check's names depend on, every cell, those tagged `grade`.
RUN = ("definitions", "all", "tagged")
# Keys that list modules or packages, not files.
OF_MODULES = ("stand_ins", "preload")
GRADED = "grade"
# What stands in a release for a module of an earlier assignment: the file with its holes, to be
# replaced by the one that the student handed in then; or the reference, which may be replaced.
EARLIER_FROM = ("submission", "release")
# What runs the public checks in the notebook; otter reads tests of two forms.
CLIENTS = ("check.py", "otter", "otter-exceptions")
# Gradescope's longest time limit, and its words for when a student sees what came of a check.
MOST_MINUTES = 40
VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")


@dataclass(frozen=True)
class Limits:
    """What one check may use; a check's own `limits` override the assignment's.

    Attributes:
        cpu_s: CPU seconds.
        wall_s: wall-clock seconds; it only catches code that sleeps.
        memory_mb: memory above the size at the start, in 2**20 bytes.
        output_kb: how much printed text is kept, in 2**10 bytes.
        reply_mb: the largest reply of one call, in 2**20 bytes.
        file_mb: the largest file that may be written, in 2**20 bytes.
        scratch_mb: all files together, in 2**20 bytes; looked at four times a second.
        cell_s: CPU seconds of one notebook cell, where the cells run in order.
    """

    cpu_s: int = 10
    wall_s: int = 30
    memory_mb: int = 512
    output_kb: int = 64
    reply_mb: int = 64
    file_mb: int = 16
    scratch_mb: int = 128
    cell_s: int = 5


@dataclass(frozen=True)
class Gradescope:
    """The `[gradescope]` table: how the assignment is graded there.

    Attributes:
        timeout_min: the time limit that is set on the site, in minutes: 40 at most.
        visibility: when students see what came of a check that does not say so itself.
        data: a folder of the course whose data sets travel along for the reference, or "".
    """

    timeout_min: int = 10
    visibility: str = "visible"
    data: str = ""


@dataclass(frozen=True)
class Acceptance:
    """One `[[accept]]` table: what a release may have although the generator finds it.

    Attributes:
        file: the file in which it stands; the end of its path is enough.
        finding: the line that the message quotes, or the function, class or cell around it.
        reason: why that is right; shown whenever the release is built.
    """

    file: str
    finding: str
    reason: str


@dataclass(frozen=True)
class Course:
    """One course: a folder with `course.toml`.

    Attributes:
        root: the folder.
        title: its name, for people.
        solutions: the folder of the reference packages.
        assignments: the folder with one folder per assignment.
        release: where student releases are written.
        dialects: the file with the course's own marker dialects.
    """

    root: Path
    title: str
    solutions: Path
    assignments: Path
    release: Path
    dialects: Path

    @classmethod
    def find(cls, start: Path) -> Course:
        """Return the course that `start` lies in: the nearest `course.toml` upwards.

        Raises:
            UserMistake: no folder above `start` has a `course.toml`.
            AuthorMistake: the file is not what it should be.
        """
        for folder in (start, *start.parents):
            if (folder / "course.toml").is_file():
                return cls._read(folder)
        raise UserMistake(f"no course.toml in {start} or above; run this inside a course folder")

    @classmethod
    def _read(cls, root: Path) -> Course:
        path = root / "course.toml"
        table = read_toml(path)
        own = table.pop("dialect", None)
        defaults = {"title": root.name, "solutions": "solutions", "assignments": "assignments"}
        values = {**defaults, "release": "release", "dialects": path.name, **table}
        refuse_unknown(table, {f.name for f in fields(cls)} - {"root"}, path)
        for key, value in values.items():
            if not isinstance(value, str) or not value:
                raise AuthorMistake(f"{key} must be a text", place_of(path, key))
        if own is not None and "dialects" in table:
            message = f"the course's dialects stand in {values['dialects']}; move this one there"
            raise AuthorMistake(message, place_of(path, "[dialect"))
        keys = ("solutions", "assignments", "release", "dialects")
        places = {key: root / values[key] for key in keys}
        return cls(root=root, title=values["title"], **places)

    def names(self) -> list[str]:
        """Return the names of all assignments, in alphabetical order."""
        return sorted(path.parent.name for path in self.assignments.glob("*/assignment.toml"))

    def assignment(self, name: str, edition: str = "") -> Assignment:
        """Return one assignment by its folder's name.

        Args:
            name: the folder's.
            edition: which of its editions; "" for the default.

        Raises:
            UserMistake: there is none of that name, or no such edition.
            AuthorMistake: its `assignment.toml` is not what it should be.
        """
        if name not in self.names():
            known = ", ".join(self.names()) or "none yet; make one with `gradlab new NAME`"
            raise UserMistake(f"no assignment {name!r} in {self.assignments} (there are: {known})")
        return Assignment.read(self, self.assignments / name, edition)


@dataclass(frozen=True)
class Assignment:
    """One assignment: its master, its reference and its limits.

    Attributes:
        course: the course it belongs to.
        folder: the master's folder.
        title: its name, for people.
        package: the students' package; it has the same name in `course.solutions`, unless an
            edition calls it otherwise.
        notebooks: the notebooks' names in a release.
        modules: files of the package with holes: the students' own.
        earlier: further such files, which students bring along from an earlier assignment.
        earlier_from: where these come from if they do not, one of `EARLIER_FROM`.
        supplied: files of the package that ship whole; the grader uses its own copy.
        artifacts: files that the notebook saves and students hand in.
        masters: the files in `folder` that the notebooks are made from, in the same order.
        files: further files of `folder` that ship whole: data, a script that fetches data.
        run: which cells the grader executes, one of `RUN`.
        stand_ins: modules that the grader lacks; there they do nothing.
        preload: packages that every student's worker has from the start, such as torch; checks that
            ask for more than these are left out.
        requirements: packages that students need beside the usual ones, as in requirements.txt.
        client: what runs the public checks at students', one of `CLIENTS`.
        limits: what one check may use.
        budget_s: wall-clock seconds that all checks of one submission may take together.
        gradescope: how it is graded there.
        accept: findings about the release that the author accepts.
        edition: under which conventions it is set here.
    """

    course: Course
    folder: Path
    title: str
    package: str
    notebooks: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    earlier_from: str = "submission"
    supplied: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    masters: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    run: str = "definitions"
    stand_ins: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    client: str = "check.py"
    limits: Limits = field(default_factory=Limits)
    budget_s: int = 900
    gradescope: Gradescope = field(default_factory=Gradescope)
    accept: tuple[Acceptance, ...] = ()
    edition: Edition = NO_EDITION

    @property
    def name(self) -> str:
        """The folder's name: what commands call the assignment."""
        return self.folder.name

    @property
    def label(self) -> str:
        """The name of what is made of it: a release, a zip; of all but the default edition two."""
        return self.name if self.edition.is_default else f"{self.name}-{self.edition.name}"

    def editions(self) -> list[Assignment]:
        """Return the assignment in each of its editions; alone if it has none."""
        names = self.edition.names
        return [self.read(self.course, self.folder, name) for name in names] or [self]

    @property
    def source(self) -> Path:
        """The folder of the reference package."""
        return self.course.solutions / (self.edition.solution or self.package)

    def source_file(self, file: str) -> Path:
        """Return the reference's file that stands for a file of the students' package."""
        return self.source / self.edition.origin(file)

    @property
    def expected(self) -> Path:
        """The folder of the recordings."""
        return self._of_edition("expected")

    @property
    def reference(self) -> Path:
        """The folder of the artifacts that the reference hands in."""
        return self._of_edition("reference")

    def _of_edition(self, name: str) -> Path:
        """Return a folder; editions other than the default have one of their own inside."""
        return self.folder / name / ("" if self.edition.is_default else self.edition.name)

    @property
    def own(self) -> tuple[str, ...]:
        """The package files that students hand in."""
        return (*self.modules, *self.earlier)

    @property
    def package_files(self) -> tuple[str, ...]:
        """The package files that the assignment names."""
        return (*self.own, *self.supplied)

    @property
    def holed(self) -> tuple[str, ...]:
        """The package files that are released with holes."""
        return self.modules if self.earlier_from == "release" else self.own

    def module_path(self, file: str) -> str:
        """Return the path of a package file inside a release, for instance `nndl/layers.py`."""
        return str(PurePosixPath(self.package) / file)

    def role(self, role: str) -> str | None:
        """Return the dotted name of the module that plays a role (`layers` -> `nndl.layers`)."""
        for file in map(PurePosixPath, self.package_files):
            if file.stem == role:
                return ".".join([self.package, *file.with_suffix("").parts])
        return None

    @property
    def shared(self) -> tuple[str, ...]:
        """The package files that ship whole: the supplied ones, and what makes folders packages."""
        names = map(PurePosixPath, self.package_files)
        folders = {folder for name in names for folder in name.parents} | {PurePosixPath()}
        inits = [str(folder / "__init__.py") for folder in sorted(folders)]
        there = [name for name in inits if self.source_file(name).is_file()]
        return tuple(n for n in dict.fromkeys([*there, *self.supplied]) if n not in self.own)

    def master(self, notebook: str) -> Path:
        """Return the file that a notebook is made from."""
        masters = dict(zip(self.notebooks, self.masters, strict=False))
        return self.folder / masters.get(notebook, notebook)

    def read_notebook(self, notebook: str) -> bytes:
        """Return the master of a notebook as an `.ipynb`, whatever form it is written in.

        Cells that are for other editions alone are not in it.

        Raises:
            AuthorMistake: a master written as text cannot be read, or a tag names no edition.
        """
        path = self.master(notebook)
        content, root = path.read_bytes(), self.course.root
        shown = path.relative_to(root) if path.is_relative_to(root) else path
        where = Place(shown.as_posix())
        if path.suffix in TEXT_SUFFIXES:
            content = as_notebook(content, where)
        return select(content, self.edition, where)

    @classmethod
    def read(cls, course: Course, folder: Path, edition: str = "") -> Assignment:
        """Return the assignment in `folder`, every key checked.

        Args:
            course: which it belongs to.
            folder: the master's.
            edition: which of its editions; "" for the default.

        Raises:
            UserMistake: it has no such edition.
            AuthorMistake: an unknown key, a wrong type, a bad name or a missing file.
        """
        path = folder / "assignment.toml"
        if not NAME.fullmatch(folder.name):
            raise AuthorMistake(
                "an assignment's name has small letters, digits and _", Place(str(path))
            )
        table = read_toml(path)
        known = {f.name for f in fields(cls)} - {"course", "folder", "masters", "edition"}
        refuse_unknown(table, {*known, "editions"}, path)
        chosen, table = choose(table, edition, path)
        limits = _limits(table.pop("limits", {}), path)
        budget_s = count_of(table.pop("budget_s", cls.budget_s), "budget_s", path)
        accept = _accept(table.pop("accept", []), path)
        gradescope = _gradescope(table.pop("gradescope", {}), path)
        table = {"run": cls.run, "client": cls.client, "earlier_from": cls.earlier_from, **table}
        texts = ("title", "package", "run", "client", "earlier_from")
        given: dict[str, Any] = {name: text_of(table, name, path) for name in texts}
        given |= {key: _names(table[key], key, path) for key in table if key not in given}
        given["masters"] = masters = given.get("notebooks", ())
        given["notebooks"] = tuple(f"{PurePosixPath(name).stem}.ipynb" for name in masters)
        given |= {"accept": accept, "gradescope": gradescope, "edition": chosen}
        assignment = cls(course=course, folder=folder, limits=limits, budget_s=budget_s, **given)
        if limits.cpu_s > budget_s:
            message = f"cpu_s = {limits.cpu_s} does not fit into budget_s = {budget_s}"
            raise AuthorMistake(message, place_of(path, "cpu_s"))
        for key, words in (("run", RUN), ("client", CLIENTS), ("earlier_from", EARLIER_FROM)):
            if given[key] not in words:
                raise AuthorMistake(f"{key} must be one of {', '.join(words)}", place_of(path, key))
        assignment._check_files(path)
        return assignment

    def _check_files(self, path: Path) -> None:
        wanted = [("notebooks", self.folder / name) for name in self.masters]
        wanted += [("files", self.folder / name) for name in self.files]
        wanted += [("modules", self.source_file(name)) for name in self.modules]
        wanted += [("earlier", self.source_file(name)) for name in self.earlier]
        wanted += [("supplied", self.source_file(name)) for name in self.supplied]
        for key, file in wanted:
            if not file.is_file():
                where = place_of(path, key, self.edition.head)
                raise AuthorMistake(f"{key}: there is no {file}", where)
        for name in sorted(set(self.package_files)):
            keys = [k for k in ("modules", "earlier", "supplied") if name in getattr(self, k)]
            if len(keys) > 1:
                raise AuthorMistake(f"{name} is also in {keys[0]}", place_of(path, keys[-1]))
        for key, message in self._bad_names():
            raise AuthorMistake(f"{key}: {message}", place_of(path, key))

    def _bad_names(self) -> Iterator[tuple[str, str]]:
        """Yield the keys that name what they may not, and why."""
        if not self.package.isidentifier() or iskeyword(self.package):
            yield "package", f"{self.package!r} is no name of a Python package"
        for name in self.masters:
            if PurePosixPath(name).suffix not in (".ipynb", *TEXT_SUFFIXES):
                yield "notebooks", f"{name} is no notebook (.ipynb, .py or .md)"
        for name in self.files:
            if name.split("/")[0] in (*STAFF, *self.masters):
                yield "files", f"{name} is not for students"
        stems = [PurePosixPath(name).stem for name in self.package_files]
        for stem in sorted(set(stems) - {"__init__"}):
            if stems.count(stem) > 1:
                yield "modules", f"two are called {stem}, and checks could not tell them apart"


def _names(value: object, key: str, path: Path) -> tuple[str, ...]:
    what = "module" if key in OF_MODULES else "package" if key == "requirements" else "file"
    forms = {"requirements": REQUIREMENT} | dict.fromkeys(NESTED, FILE_PATH)
    return files_of(value, key, path, form=forms.get(key, FILE_NAME), what=what)


def _limits(table: object, path: Path) -> Limits:
    if not isinstance(table, dict):
        raise AuthorMistake("limits must be a table", place_of(path, "limits"))
    refuse_unknown(table, {f.name for f in fields(Limits)}, path)
    return Limits(**{key: count_of(value, key, path) for key, value in table.items()})


def _gradescope(table: object, path: Path) -> Gradescope:
    if not isinstance(table, dict):
        raise AuthorMistake("gradescope must be a table", place_of(path, "gradescope"))
    refuse_unknown(table, {f.name for f in fields(Gradescope)}, path)
    given = table.get("timeout_min", Gradescope.timeout_min)
    minutes = count_of(given, "timeout_min", path, MOST_MINUTES)
    visibility = table.get("visibility", Gradescope.visibility)
    if visibility not in VISIBILITIES:
        message = f"visibility is one of {', '.join(VISIBILITIES)}"
        raise AuthorMistake(message, place_of(path, "visibility"))
    return Gradescope(minutes, visibility, text_of(table, "data", path) if "data" in table else "")


def _accept(tables: object, path: Path) -> tuple[Acceptance, ...]:
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise AuthorMistake("accept must be tables: [[accept]]", place_of(path, "accept"))
    keys = [f.name for f in fields(Acceptance)]
    for table in tables:
        refuse_unknown(table, set(keys), path)
    return tuple(Acceptance(*(text_of(table, key, path) for key in keys)) for table in tables)
