"""Masters and reference in, student release out.

`release.build` is the whole story: read the masters, strip the marked blocks (`strip`, with the
dialects of `dialects.toml`), clean the notebooks (`notebook`), look at the finished release
(`guard`, `leak`); `release.write` puts it on disk. `new.create` writes a first assignment.
"""
