"""Rows and columns."""

from typing import Any

from comfytavern.nodes.kit import Failure, Type, Words, inp, json_widget, node, number, out, select

SIDE_MAX = 128
Matrix = list[list[float]]


@node(
    "numbers.matrix",
    title="Matrix",
    description="Calculates with matrices, written as lists of rows of numbers (at most 128 by 128).",
    icon="grid-3x3",
    keywords=["linear algebra", "transpose", "determinant", "inverse", "multiply", "vector"],
    inputs=[
        inp(
            "operation",
            Type.STRING,
            default="multiply",
            handle=False,
            description="What to calculate.",
            widget=select(
                ("add", "A + B"),
                ("subtract", "A − B"),
                ("multiply", "A × B"),
                ("elementwise", "A × B, element by element"),
                ("scale", "A × factor"),
                ("transpose", "Transpose of A"),
                ("determinant", "Determinant of A"),
                ("inverse", "Inverse of A"),
            ),
        ),
        inp("a", Type.ARRAY, title="A", required=True, widget=json_widget(), description="The first matrix; a plain list is one row."),
        inp("b", Type.ARRAY, title="B", default=[], widget=json_widget(), description="The second matrix, where one is needed."),
        inp("factor", Type.FLOAT, default=1.0, widget=number(), description="For A × factor."),
    ],
    outputs=[out("matrix", Type.ARRAY, description="The result; a determinant is a matrix of one number.")],
    effect="pure",
    threaded=True,
    example={"inputs": {"operation": "multiply", "a": [[1, 2], [3, 4]], "b": [[1], [0]]}, "outputs": {"matrix": [[1], [3]]}},
    zh=Words(
        title="矩阵",
        description="矩阵运算。矩阵写作由各行数字组成的列表（最大 128×128）。",
        ports={
            "operation": ("运算", "要做的运算。"),
            "a": ("A", "第一个矩阵；普通列表视为一行。"),
            "b": ("B", "第二个矩阵（需要时）。"),
            "factor": ("系数", "用于 A × 系数。"),
            "matrix": ("矩阵", "结果；行列式为只有一个数的矩阵。"),
        },
        options={
            "add": "A + B",
            "subtract": "A − B",
            "multiply": "A × B",
            "elementwise": "A × B（逐元素）",
            "scale": "A × 系数",
            "transpose": "A 的转置",
            "determinant": "A 的行列式",
            "inverse": "A 的逆",
        },
        keywords=["线性代数", "转置", "行列式", "逆", "向量"],
    ),
)
def matrix(operation: str, a: list[Any], b: list[Any], factor: float) -> Matrix:
    """Return the result as rows. Raises `Failure` when the sides do not fit or there is no inverse."""
    first = _rows("A", a)
    match operation:
        case "scale":
            return [[value * factor for value in row] for row in first]
        case "transpose":
            return [list(column) for column in zip(*first, strict=True)]
        case "determinant":
            return [[_eliminate(first)[0]]]
        case "inverse":
            inverse = _eliminate(first)[1]
            if not inverse:
                raise Failure("numbers.matrix_singular", "A has no inverse: its determinant is 0.")
            return inverse
        case "multiply":
            return _product(first, _rows("B", b))
        case "add" | "subtract" | "elementwise":
            return _pairwise(operation, first, _rows("B", b))
        case _:
            raise Failure("numbers.matrix", f"There is no operation called {operation!r}.", operation=operation)


def _rows(name: str, given: list[Any]) -> Matrix:
    rows: list[list[Any]] = [list(row) for row in given] if given and isinstance(given[0], list) else [list(given)]
    width = len(rows[0])
    whole = all(len(row) == width and all(isinstance(value, int | float) for value in row) for row in rows)
    if not whole or not 0 < width <= SIDE_MAX or len(rows) > SIDE_MAX:
        raise Failure(
            "numbers.matrix_shape", f"{name} must be rows of numbers, all of one length, at most {SIDE_MAX} by {SIDE_MAX}.", name=name
        )
    return rows


def _product(a: Matrix, b: Matrix) -> Matrix:
    if len(a[0]) != len(b):
        raise Failure("numbers.matrix_fit", f"A has {len(a[0])} columns and B has {len(b)} rows; both must be equal.")
    columns = list(zip(*b, strict=True))
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in a]


def _pairwise(operation: str, a: Matrix, b: Matrix) -> Matrix:
    if (len(a), len(a[0])) != (len(b), len(b[0])):
        raise Failure("numbers.matrix_fit", "A and B must have the same number of rows and of columns.")
    if operation == "elementwise":
        return [[x * y for x, y in zip(row, other, strict=True)] for row, other in zip(a, b, strict=True)]
    sign = 1 if operation == "add" else -1
    return [[x + sign * y for x, y in zip(row, other, strict=True)] for row, other in zip(a, b, strict=True)]


def _eliminate(a: Matrix) -> tuple[float, Matrix]:
    """Return determinant and inverse by Gauss-Jordan elimination with the largest pivot; no rows when there is no inverse."""
    size = len(a)
    if size != len(a[0]):
        raise Failure("numbers.matrix_fit", "A must have as many rows as columns.")
    rows = [[*map(float, row), *(float(i == j) for j in range(size))] for i, row in enumerate(a)]
    determinant = 1.0
    for at in range(size):
        pivot = max(range(at, size), key=lambda i: abs(rows[i][at]))
        if rows[pivot][at] == 0:
            return 0.0, []
        if pivot != at:
            rows[at], rows[pivot] = rows[pivot], rows[at]
            determinant = -determinant
        determinant *= rows[at][at]
        rows[at] = [value / rows[at][at] for value in rows[at]]
        for i in range(size):
            if i != at and rows[i][at]:
                rows[i] = [value - rows[i][at] * other for value, other in zip(rows[i], rows[at], strict=True)]
    return determinant, [row[size:] for row in rows]
