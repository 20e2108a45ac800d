"""Writes small PDFs for tests: lines of Helvetica at given places."""

from __future__ import annotations

from collections.abc import Sequence

Placed = tuple[float, float, float, str]  # left, baseline, size, text


def make_pdf(pages: Sequence[Sequence[Placed]], *, repeat: int = 1, trailer: str = "") -> bytes:
    """A PDF of A4 pages. `repeat` lists every page that many times."""
    objects: list[bytes] = [b"", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids: list[int] = []
    for lines in pages:
        stream = b"BT\n"
        for left, baseline, size, text in lines:
            escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("latin-1")
            stream += b"/F1 %g Tf 1 0 0 1 %g %g Tm (%s) Tj\n" % (size, left, baseline, escaped)
        stream += b"ET"
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        content = len(objects)
        for _ in range(repeat):
            objects.append(
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
                b"/Resources << /Font << /F1 3 0 R >> >> >>" % content
            )
            kids.append(len(objects))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(b"%d 0 R" % k for k in kids))
    body = b"%PDF-1.4\n"
    places = []
    for number, content_bytes in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content_bytes)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % place for place in places)
    body += b"trailer\n<< /Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer.encode(),
        start,
    )
    return body


def column(lines: Sequence[str], *, left: float = 72, top: float = 760, size: float = 10) -> list[Placed]:
    return [(left, top - n * size * 1.2, size, line) for n, line in enumerate(lines)]
