import pytest

from tests.unit.engine.world import ANY, DEAD, World, inp, out


@pytest.fixture
def world() -> World:
    """A world with the kinds most tests need; calls are noted in `world.calls`."""
    made = World()

    def note(name, value=None):
        made.calls.append(name)
        return value

    made.note = note
    made.node("t.const", lambda value: value, [inp("value", ANY)])
    made.node("t.add", lambda x, by: x + by, [inp("x", ANY, required=True), inp("by", ANY, default=1)])
    made.node("t.tag", lambda x, name: note(name, f"{name}({x})"), [inp("x", ANY, required=True), inp("name", ANY, default="")])
    made.node("t.two", lambda a, b: note("two", f"{a}+{b}"))
    made.node("t.join", lambda items: note("join", "".join(map(str, items))), [inp("items", ANY, many=True, required=True)])
    made.node("t.if", lambda c, v: note("if", (v, DEAD) if c else (DEAD, v)), outputs=[out("t", ANY), out("f", ANY)])
    made.node("t.merge", lambda values: values[0], [inp("values", ANY, many=True, accepts_dead=True)])
    made.node("t.boom", lambda x: 1 / 0, [inp("x", ANY, default=0)])
    made.node("t.save", lambda text: note("save", text), [inp("text", ANY, default="")], effect="effect")
    made.node(
        "t.select",
        lambda c, a, b: a if c else b,
        [inp("c", ANY, required=True), inp("a", ANY, lazy=True), inp("b", ANY, lazy=True)],
        want=lambda have: [name for name in ["a" if have["c"] else "b"] if name not in have],
    )
    return made
