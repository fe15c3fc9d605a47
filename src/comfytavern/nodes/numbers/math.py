"""One function of up to three numbers."""

import math
from collections.abc import Callable

from comfytavern.nodes.kit import Failure, Type, Words, inp, node, number, out, select

Number = int | float
BITS_MAX = 4096


def _power(a: Number, b: Number) -> Number:
    if isinstance(a, int) and isinstance(b, int) and b >= 0:
        if a.bit_length() * b > BITS_MAX:
            raise OverflowError
        return a**b
    return math.pow(a, b)


def _smooth_minimum(a: Number, b: Number, c: Number) -> float:
    if c == 0:
        return min(a, b)
    h = max(c - abs(a - b), 0.0) / c
    return min(a, b) - h * h * h * c / 6.0


def _wrap(a: Number, b: Number, c: Number) -> Number:
    low, high = min(b, c), max(b, c)
    return low if low == high else (a - low) % (high - low) + low


def _ping_pong(a: Number, b: Number) -> Number:
    return 0 if b == 0 else abs((a - b) % (2 * b) - b)


def _round(a: Number, digits: Number) -> Number:
    rounded = round(a, int(digits))
    return int(rounded) if digits <= 0 else rounded


# name -> (English, Chinese, how many of a, b, c it takes, function)
FUNCTIONS: dict[str, tuple[str, str, int, Callable[..., Number]]] = {
    "add": ("a + b", "加：a + b", 2, lambda a, b: a + b),
    "subtract": ("a − b", "减：a − b", 2, lambda a, b: a - b),
    "multiply": ("a × b", "乘：a × b", 2, lambda a, b: a * b),
    "divide": ("a ÷ b", "除：a ÷ b", 2, lambda a, b: a / b),
    "multiply_add": ("a × b + c", "乘加：a × b + c", 3, lambda a, b, c: a * b + c),
    "power": ("a to the power of b", "幂：a 的 b 次方", 2, _power),
    "logarithm": ("Logarithm of a to base b", "以 b 为底 a 的对数", 2, math.log),
    "natural_logarithm": ("Natural logarithm", "自然对数", 1, math.log),
    "square_root": ("Square root", "平方根", 1, math.sqrt),
    "inverse_square_root": ("1 ÷ square root", "平方根倒数", 1, lambda a: 1 / math.sqrt(a)),
    "absolute": ("Absolute value", "绝对值", 1, lambda a: a if a >= 0 else -a),
    "exponent": ("e to the power of a", "指数：e 的 a 次方", 1, math.exp),
    "minimum": ("The smaller of a and b", "最小值", 2, min),
    "maximum": ("The larger of a and b", "最大值", 2, max),
    "clamp": ("a between b and c", "限制在 b 与 c 之间", 3, lambda a, b, c: max(min(b, c), min(a, max(b, c)))),
    "sign": ("Sign (−1, 0, 1)", "符号（−1、0、1）", 1, lambda a: (a > 0) - (a < 0)),
    "smooth_minimum": ("Smooth minimum over c", "平滑最小值（范围 c）", 3, _smooth_minimum),
    "smooth_maximum": ("Smooth maximum over c", "平滑最大值（范围 c）", 3, lambda a, b, c: -_smooth_minimum(-a, -b, c)),
    "round": ("Round to b digits", "四舍五入到 b 位小数", 2, _round),
    "floor": ("Round down", "向下取整", 1, math.floor),
    "ceiling": ("Round up", "向上取整", 1, math.ceil),
    "truncate": ("Cut the fraction off", "截去小数", 1, int),
    "fraction": ("Fraction", "小数部分", 1, lambda a: a - math.floor(a)),
    "remainder": ("Remainder with the sign of a", "余数（符号同 a）", 2, math.fmod),
    "modulo": ("Modulo with the sign of b", "取模（符号同 b）", 2, lambda a, b: a % b),
    "wrap": ("Wrap into b … c", "环绕到 b … c", 3, _wrap),
    "snap": ("Down to a multiple of b", "对齐到 b 的倍数", 2, lambda a, b: 0 if b == 0 else math.floor(a / b) * b),
    "ping_pong": ("To and fro between 0 and b", "在 0 与 b 之间往返", 2, _ping_pong),
    "sine": ("Sine", "正弦", 1, math.sin),
    "cosine": ("Cosine", "余弦", 1, math.cos),
    "tangent": ("Tangent", "正切", 1, math.tan),
    "arcsine": ("Arcsine", "反正弦", 1, math.asin),
    "arccosine": ("Arccosine", "反余弦", 1, math.acos),
    "arctangent": ("Arctangent", "反正切", 1, math.atan),
    "arctangent2": ("Angle of the point (b, a)", "点 (b, a) 的方位角", 2, math.atan2),
    "hyperbolic_sine": ("Hyperbolic sine", "双曲正弦", 1, math.sinh),
    "hyperbolic_cosine": ("Hyperbolic cosine", "双曲余弦", 1, math.cosh),
    "hyperbolic_tangent": ("Hyperbolic tangent", "双曲正切", 1, math.tanh),
    "to_radians": ("Degrees to radians", "角度转弧度", 1, math.radians),
    "to_degrees": ("Radians to degrees", "弧度转角度", 1, math.degrees),
}


@node(
    "numbers.math",
    title="Math",
    description="One function of a, and of b and c where it takes them. Angles are in radians.",
    icon="calculator",
    keywords=["add", "subtract", "multiply", "divide", "round", "sine", "power", "modulo", "plus", "minus", "times"],
    inputs=[
        inp(
            "function",
            Type.STRING,
            default="add",
            handle=False,
            description="Which function.",
            widget=select(*((name, english) for name, (english, _, _, _) in FUNCTIONS.items())),
        ),
        inp("a", Type.FLOAT, title="a", default=0, widget=number(), description="The first number."),
        inp("b", Type.FLOAT, title="b", default=0, widget=number(), description="The second number, where the function takes one."),
        inp("c", Type.FLOAT, title="c", default=0, widget=number(), description="The third number, where the function takes one."),
    ],
    outputs=[
        out("result", Type.FLOAT, description="The result."),
        out("integer", Type.INTEGER, description="The result, rounded to a whole number."),
    ],
    effect="pure",
    example={"inputs": {"function": "add", "a": 2, "b": -2}, "outputs": {"result": 0, "integer": 0}},
    zh=Words(
        title="数学",
        description="对 a（以及需要时的 b、c）求一个函数的值。角度以弧度为单位。",
        ports={
            "function": ("函数", "使用哪个函数。"),
            "a": ("a", "第一个数。"),
            "b": ("b", "第二个数（函数需要时）。"),
            "c": ("c", "第三个数（函数需要时）。"),
            "result": ("结果", "计算结果。"),
            "integer": ("整数", "四舍五入为整数的结果。"),
        },
        options={name: chinese for name, (_, chinese, _, _) in FUNCTIONS.items()},
        keywords=["加", "减", "乘", "除", "取整", "三角函数", "运算", "计算"],
    ),
)
def math_function(function: str, a: Number, b: Number, c: Number) -> tuple[Number, int]:
    """Return the value, and the value rounded. Raises `Failure` where the function has none, or none that JSON can carry."""
    if function not in FUNCTIONS:
        raise Failure("numbers.function", f"There is no function called {function!r}.", function=function)
    _, _, arity, compute = FUNCTIONS[function]
    try:
        result = compute(*(a, b, c)[:arity])
    except ZeroDivisionError as error:
        raise Failure("numbers.zero", "A number was divided by zero.", hint="Check b before, with Compare.", function=function) from error
    except OverflowError as error:
        raise Failure("numbers.range", "The result is too large.", function=function) from error
    except ValueError as error:
        raise Failure("numbers.domain", f"This function has no value for a = {a}, b = {b}.", function=function) from error
    if isinstance(result, float) and not math.isfinite(result):
        raise Failure("numbers.range", "The result is too large, or not a number.", function=function)
    return result, round(result)
