"""Writes small XLSX files: of the libraries here none does, and these may be as odd as a test wants."""

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_RELATIONS = "application/vnd.openxmlformats-package.relationships+xml"
_DATE_STYLE = (
    f'<styleSheet xmlns="{_MAIN}"><cellXfs count="2"><xf numFmtId="0"/>'
    '<xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


class Dated(float):
    """A day and time, as the number that a spreadsheet keeps and shows as a date."""


def sheet_of(rows: Sequence[Sequence[str | float | None]]) -> str:
    """The XML of a sheet's rows."""
    return "".join(
        f'<row r="{at}">' + "".join(_cell(cell, number, at) for number, cell in enumerate(row)) + "</row>"
        for at, row in enumerate(rows, 1)
    )


def book(**sheets: str) -> bytes:
    """A workbook with these sheets, by name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as parts:
        numbered = list(enumerate(sheets, 1))
        overrides = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType='
            '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
            for n, _ in numbered
        )
        parts.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types">'
            f'<Default Extension="rels" ContentType="{_RELATIONS}"/>'
            '<Override PartName="/xl/workbook.xml" ContentType='
            '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            f"{overrides}</Types>",
        )
        relation = f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        parts.writestr(
            "_rels/.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{relation}</Relationships>'
        )
        names = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in numbered)
        parts.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>',
        )
        relations = "".join(
            f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n, _ in numbered
        )
        styles = f'<Relationship Id="s" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        parts.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}{styles}</Relationships>',
        )
        parts.writestr("xl/styles.xml", _DATE_STYLE)
        for number, name in numbered:
            parts.writestr(
                f"xl/worksheets/sheet{number}.xml",
                f'<worksheet xmlns="{_MAIN}"><sheetData>{sheets[name]}</sheetData></worksheet>',
            )
    return file.getvalue()


def _cell(cell: str | float | None, number: int, row: int) -> str:
    place = f'r="{chr(65 + number)}{row}"'
    if cell is None:
        return ""
    if isinstance(cell, Dated):
        return f'<c {place} s="1"><v>{float(cell)!r}</v></c>'
    if isinstance(cell, str):
        return f'<c {place} t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
    return f"<c {place}><v>{cell!r}</v></c>"
