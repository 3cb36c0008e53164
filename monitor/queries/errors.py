"""What is wrong with a query: where, what was expected, whose spelling it is, and what to write instead."""


class QueryError(ValueError):
    """A query that cannot be used. Its text says all: line, column, the fault and the remedy.

    `line` and `column` count from 1, `column` in characters. `expected` says what could have stood there,
    `vendor` whose operator it looks like; both may be "".
    """

    def __init__(
        self, query: str, at: int, problem: str, remedy: str, *, expected: str = "", vendor: str = ""
    ) -> None:
        before = query[:at]
        self.line = before.count("\n") + 1
        self.column = at - (before.rfind("\n") + 1) + 1
        self.problem = problem
        self.remedy = remedy
        self.expected = expected
        self.vendor = vendor
        self._line_text = query.split("\n")[self.line - 1]
        said = [f"line {self.line}, column {self.column}: {problem}"]
        if expected:
            said.append(f"expected {expected}")
        if vendor:
            said.append(f"it looks like a spelling of {vendor}")
        super().__init__("; ".join([*said, remedy] if remedy else said))

    @property
    def excerpt(self) -> str:
        """The line of the fault, at most 79 characters of it, and below it a caret that points there."""
        first = max(0, self.column - 1 - _BEFORE)
        shown = self._line_text[first : first + _SHOWN]
        return f"{shown.rstrip()}\n{' ' * (self.column - 1 - first)}^".replace("\t", " ")


_SHOWN = 79
_BEFORE = 60
"""Characters shown, and how many of them before the fault at most."""
