"""Masters and reference in, student release out.

`release.build` is the whole story: read the masters (`sheet`, `cells`), strip the marked blocks
(`strip` and `stub`, with the `dialects`), clean the notebooks (`notebook`, `outputs`), and look at
the finished release (`guard`); `release.write` puts it on disk. The guard reads every text that can
be got out of the release (`unpack`, `page`), compares it with what must stay secret (`secret`,
`recorded`) by `fingerprint` (`leak`, `orphan`), looks at files and imports (`contents`, `imports`),
and sorts what it finds by what the author accepts (`finding`). `new.create` writes an assignment.
"""
