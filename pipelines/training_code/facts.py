"""What a source file says and does, as a flat list of facts: imports, calls, definitions, options, commands, keys.

Python is read by its syntax tree, notebooks cell by cell, shell scripts command by command, configuration line by line,
other languages by their calls. Rules (`rules.yaml`) then look at facts, never at the raw text. A file that cannot be
parsed is read by its lines instead: Python 2, templates and hostile input give fewer facts, not an error.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from pipelines.readers.source_tree import TreeFile

AST_CAP = 512 * 1024  # characters; a longer file is generated and read by its lines
LONGEST_LINE = 20_000  # characters of a line that are still looked at
NAME_CAP = 200  # characters of one fact
NEWLINE = re.compile(r"\n")

PYTHON = frozenset({".py", ".pyw"})
SHELL = frozenset({".sh", ".bash", ".zsh", ".slurm", ".sbatch", ".qsub", ".pbs", ".lsf", ".ksh", ".bat", ".ps1"})
CONFIG = frozenset({".yaml", ".yml", ".json", ".toml", ".gin", ".cfg", ".ini", ".conf", ".jsonnet", ".libsonnet"})
CODE = frozenset(
    {".rs", ".c", ".cc", ".cpp", ".cu", ".cuh", ".h", ".hpp", ".go", ".java", ".jl", ".js", ".mjs", ".ts", ".tsx"}
    | {".kt", ".lua", ".m", ".r", ".scala", ".swift", ".mojo", ".zig", ".pl", ".cs", ".ex", ".hs", ".ml"}
)
NOTEBOOK = frozenset({".ipynb"})
DOCS = frozenset({".md", ".mdx", ".rst", ".markdown"})


class Fact(NamedTuple):
    """One thing that a file says, of a `kind`.

    `kind` is one of path, import, call, arg, built, base, class, def, field, option, set, main, run, batch, key, doc.
    `built` is a class that is called with a configuration; `set` is `NAME=VALUE` where Python sets something to a
    constant, outside functions or in a call.
    `line` counts from 1.
    """

    kind: str
    name: str
    line: int


def language(file: TreeFile) -> str:
    """python, notebook, shell, config, code, docs, or empty for what is not read."""
    suffix = file.suffix
    for name, suffixes in (
        ("python", PYTHON),
        ("notebook", NOTEBOOK),
        ("shell", SHELL),
        ("config", CONFIG),
        ("code", CODE),
        ("docs", DOCS),
    ):
        if suffix in suffixes:
            return name
    if not suffix and file.body is not None and file.body.startswith(b"#!"):
        first = file.body[:80].split(b"\n", 1)[0]
        return "python" if b"python" in first else "shell" if b"sh" in first else ""
    return ""


def facts(kind: str, text: str) -> list[Fact]:
    """Facts of a text in one of the languages of `language`, in the order of their lines."""
    reader = {
        "python": python_facts,
        "notebook": notebook_facts,
        "shell": shell_facts,
        "config": config_facts,
        "code": call_facts,
        "docs": docs_facts,
    }[kind]
    return list(reader(text))


def python_facts(text: str) -> Iterable[Fact]:
    tree = parse(text)
    return line_facts(text) if tree is None else tree_facts(tree)


def parse(text: str) -> ast.Module | None:
    """The syntax tree, or None where the text is too long, too deep or no Python 3."""
    if len(text) > AST_CAP:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


CONFIGURATION = re.compile(r"(config|conf|cfg|hparams|model_args)$", re.IGNORECASE)
OPTION_CALLS = frozenset({"add_argument", "option", "Argument", "DEFINE_string", "DEFINE_integer", "DEFINE_float"})
LEAVES = frozenset(
    {ast.Constant, ast.Name, ast.Pass, ast.alias, ast.Global, ast.Break, ast.Continue, type(None), str, int, bool}
)
NO_NODES = frozenset(
    {"ctx", "op", "ops", "id", "attr", "name", "names", "arg", "module", "level", "kind", "type_ignores"}
)
CHILDREN = {
    kind: tuple(name for name in kind._fields if name not in NO_NODES)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}


Note = Callable[[str, str, int], None]


def tree_facts(tree: ast.Module) -> list[Fact]:
    """Facts of every node. An explicit stack: a deep tree must not end in a RecursionError."""
    found: list[Fact] = []

    def note(kind: str, name: str, line: int) -> None:
        found.append(Fact(kind, name, line))

    for statement in tree.body:
        if acts(statement):
            note("main", "top", statement.lineno)
        note_setting(statement, note)
    stack: list[ast.AST] = [tree]
    leaves, children, push = LEAVES, CHILDREN, stack.append
    while stack:
        node = stack.pop()
        kind = type(node)
        if kind in NODE_FACTS:
            NODE_FACTS[kind](node, note)
        fields = node.__dict__
        for name in children[kind]:
            child: Any = fields.get(name)
            if type(child) is list:
                for item in child:
                    if type(item) not in leaves:
                        push(item)
                continue
            while type(child) is ast.Attribute:
                child = child.value
            if type(child) not in leaves:
                push(child)
    return found


WORK = r"(?:fit|train|learn|main|run)(?:_\w+)?"  # methods and functions that a module calls to do its work
STARTS_WORK = re.compile(WORK)


def acts(statement: ast.stmt) -> bool:
    """True for a statement of a module's body that makes it do something when it is run."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return STARTS_WORK.fullmatch(dotted(statement.value.func).rsplit(".", 1)[-1]) is not None
    return isinstance(statement, ast.For | ast.While | ast.With)


def call_node(node: ast.AST, note: Note) -> None:
    """The name called; its first string as `arg NAME STRING`, or as `option` where an option is declared."""
    assert isinstance(node, ast.Call)
    name = dotted(node.func)
    if not name:
        return
    note("call", name, node.lineno)
    last = name.rsplit(".", 1)[-1]
    if node.args and last[:1].isupper() and CONFIGURATION.search(dotted(node.args[0])):
        note("built", last, node.lineno)
    for keyword in node.keywords:
        if keyword.arg and type(keyword.value) is ast.Constant:
            note("set", f"{keyword.arg}={keyword.value.value!s}"[:NAME_CAP], keyword.value.lineno)
    words = [a.value for a in node.args[:2] if type(a) is ast.Constant and isinstance(a.value, str)]
    words = [word for word in words if len(word) <= NAME_CAP]
    if not words:
        return
    if last in OPTION_CALLS:
        for word in words:
            note("option", word, node.lineno)
    else:
        note("arg", f"{last} {words[0]}", node.lineno)


def import_node(node: ast.AST, note: Note) -> None:
    assert isinstance(node, ast.Import)
    for alias in node.names:
        note("import", alias.name, node.lineno)


def import_from_node(node: ast.AST, note: Note) -> None:
    assert isinstance(node, ast.ImportFrom)
    module = "." * node.level + (node.module or "")
    for alias in node.names:
        note("import", f"{module}.{alias.name}", node.lineno)


def class_node(node: ast.AST, note: Note) -> None:
    assert isinstance(node, ast.ClassDef)
    note("class", node.name, node.lineno)
    for base in node.bases:
        if name := dotted(base):
            note("base", name, node.lineno)
    for child in node.body:
        if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
            note("field", child.target.id, child.lineno)
            note_setting(child, note)


def note_setting(statement: ast.stmt, note: Note) -> None:
    """A name that is set to a constant, or to a list that begins with one."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    value = statement.value
    if isinstance(value, ast.List | ast.Tuple) and value.elts:
        value = value.elts[0]
    if isinstance(target, ast.Name) and type(value) is ast.Constant:
        note("set", f"{target.id}={value.value!s}"[:NAME_CAP], statement.lineno)


def def_node(node: ast.AST, note: Note) -> None:
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    note("def", node.name, node.lineno)


def if_node(node: ast.AST, note: Note) -> None:
    assert isinstance(node, ast.If)
    test = node.test
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__":
        note("main", "", node.lineno)


NODE_FACTS: dict[type[ast.AST], Callable[[ast.AST, Note], None]] = {
    ast.Call: call_node,
    ast.Import: import_node,
    ast.ImportFrom: import_from_node,
    ast.ClassDef: class_node,
    ast.FunctionDef: def_node,
    ast.AsyncFunctionDef: def_node,
    ast.If: if_node,
}


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute chain; a call or index inside it keeps the tail, as `().step`."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    elif parts:
        inner = dotted(node.func) if isinstance(node, ast.Call) else ""
        parts.append(inner.rsplit(".", 1)[-1] + "()")
    return ".".join(reversed(parts))[:NAME_CAP]


COMMENT_LINE = re.compile(r"^[ \t]*#[^\n]*", re.MULTILINE)
STATEMENT = re.compile(
    r"^[ \t]*(?:"
    r"from[ \t]+(?P<module>[\w.]{1,100})[ \t]+import[ \t]+(?P<names>\([^)]{0,4000}\)|[^\n]{1,400})"
    r"|import[ \t]+(?P<imports>[\w., \t]{1,300})"
    r"|(?:async[ \t]+)?def[ \t]+(?P<def>\w{1,100})"
    r"|class[ \t]+(?P<class>\w{1,100})[ \t]*(?:\((?P<bases>[^)]{0,400})\))?"
    r"|(?P<main>if[ \t]+__name__\b)"
    r"|(?P<field>\w{1,60})[ \t]*:[ \t]*[\w\[]"
    r")",
    re.MULTILINE,
)
TOP_ACTION = re.compile(rf"^(?:(?:for|while|with)\b|(?:\w+\.)?{WORK}\()", re.MULTILINE)
CALL = re.compile(r"((?:[A-Za-z_]|(?<=[)\]])\.)[\w.]{0,100})[ \t]{0,2}\((?:\s{0,60}[rbf]?['\"]([^'\"\n]{1,200})['\"])?")


def line_facts(text: str) -> Iterator[Fact]:
    """Python by its lines, not its syntax: for what does not parse, and to see whether parsing is worth while."""
    text = COMMENT_LINE.sub("", text)
    ends = [match.start() for match in NEWLINE.finditer(text)]
    for match in STATEMENT.finditer(text):
        number = bisect_left(ends, match.start(match.lastgroup or 0)) + 1
        if match["module"]:
            for name in match["names"].strip("()").split(","):
                if words := name.split():
                    yield Fact("import", f"{match['module']}.{words[0]}", number)
        elif match["imports"]:
            yield from (Fact("import", words[0], number) for n in match["imports"].split(",") if (words := n.split()))
        elif match["def"]:
            yield Fact("def", match["def"], number)
        elif match["class"]:
            yield Fact("class", match["class"], number)
            yield from (
                Fact("base", base.strip(), number) for base in (match["bases"] or "").split(",") if base.strip()
            )
        elif match["main"]:
            yield Fact("main", "", number)
        elif match["field"]:
            yield Fact("field", match["field"], number)
    if TOP_ACTION.search(text):
        yield Fact("main", "top", 1)
    for match in CALL.finditer(text):
        number = bisect_left(ends, match.start()) + 1
        name = match[1] if match[1][0] != "." else "()" + match[1]
        yield Fact("call", name, number)
        if match[2]:
            last = name.rsplit(".", 1)[-1]
            option = last in OPTION_CALLS
            yield Fact("option" if option else "arg", match[2] if option else f"{last} {match[2]}", number)


def notebook_facts(text: str) -> Iterator[Fact]:
    """Code cells of a notebook; lines are those of the JSON file where each source line stands on one of its own."""
    try:
        cells = json.loads(text).get("cells")
    except (ValueError, RecursionError, AttributeError):
        return
    yield Fact("main", "notebook", 1)
    lines = text.split("\n")
    position = 0
    for cell in cells if isinstance(cells, list) else ():
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source")
        code = source if isinstance(source, str) else "".join(s for s in source or () if isinstance(s, str))
        position = cell_line(lines, code, position)
        commands = [line.strip()[1:] for line in code.split("\n") if line.lstrip().startswith("!")]
        for command in commands:
            yield Fact("run", command[:NAME_CAP], position + 1)
        python = "\n".join("" if line.lstrip()[:1] in ("!", "%") else line for line in code.split("\n"))
        spread = not isinstance(source, str)
        for fact in python_facts(python):
            yield fact._replace(line=position + fact.line if spread else position + 1)


def cell_line(lines: list[str], code: str, start: int) -> int:
    """Index of the JSON line with the first line of a cell, searched onwards from `start`."""
    first = json.dumps(code.split("\n", 1)[0], ensure_ascii=False)[1:-1]
    for number in range(start, len(lines)):
        if first and first in lines[number][:LONGEST_LINE]:
            return number
    return start


# Commands that end or look for programs, up to the next command: they name what they do not start.
ABOUT_PROCESSES = re.compile(r"(?<![\w./-])(?:pkill|killall|pgrep|ps\s+-?(?:aux\w*|ef|ax))\b[^;&]{0,400}")


def shell_facts(text: str) -> Iterator[Fact]:
    """One `run` per command line, continuation lines joined; comments and what is said of running programs left out."""
    parts: list[str] = []
    first = 1
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line[:LONGEST_LINE].strip()
        if not parts:
            first = number
        if stripped.startswith("#"):
            if stripped.startswith(("#SBATCH", "#PBS", "#BSUB", "#PJM")):
                yield Fact("batch", stripped[1:], number)
            continue
        if stripped.endswith("\\"):
            parts.append(stripped[:-1].strip())
            if len(parts) < 400:
                continue
        elif stripped:
            parts.append(stripped)
        if parts:
            yield command(parts, first)
        parts = []
    if parts:
        yield command(parts, first)


def command(parts: list[str], line: int) -> Fact:
    return Fact("run", ABOUT_PROCESSES.sub("", " ".join(parts)[:4000]), line)


CONFIG_KEY = re.compile(r"\s{0,60}(?:- )?['\"]?([A-Za-z_@][\w./@-]{0,80})['\"]?\s{0,20}[:=]\s{0,20}(.{0,120})")


def config_facts(text: str) -> Iterator[Fact]:
    """`key NAME=VALUE` for every line of YAML, JSON, TOML or gin that sets something."""
    for number, line in enumerate(text.split("\n", 3000)[:3000], 1):
        if match := CONFIG_KEY.match(line[:300]):
            value = match[2].split(" #", 1)[0].strip().strip("',\"")
            yield Fact("key", f"{match[1]}={value}", number)


OTHER_CALL = re.compile(r"(?:\b(fn|func|function|def|void|int|sub|fun|let)\s{1,3})?([A-Za-z_][\w.:]{0,80})\s{0,2}\(")


def call_facts(text: str) -> Iterator[Fact]:
    """Names that are called or defined, for languages without a parser here."""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line[:400].lstrip()
        if stripped.startswith(("//", "#", "*", "--", "%")):
            continue
        for match in OTHER_CALL.finditer(stripped):
            yield Fact("def" if match[1] else "call", match[2], number)


HEADING = re.compile(r"\s{0,3}(?:#{1,6}\s+(.{1,150})|<h[1-6][^>]{0,80}>(.{1,150}?)</h[1-6]>)")
SCRIPT_NAME = re.compile(r"[\w./+-]{1,200}\.(?:py|sh|slurm|sbatch|ya?ml|toml)\b")
MODULE_NAME = re.compile(r"-m[ \t]{1,9}([A-Za-z_]\w{0,60}(?:\.\w{1,60}){1,8})")
COMMAND = re.compile(
    r"\s{0,20}(?:[$>!]\s)?(?:python|torchrun|accelerate|deepspeed|dora|srun|sbatch|bash|sh|tune|litgpt|fairseq|t5_mesh)"
    r"[\w.-]{0,40}\s"
)


def docs_facts(text: str) -> Iterator[Fact]:
    """Lines of Markdown or reStructuredText that name a script or start one: `doc HEADING: LINE`.

    A line before that ends in a colon leads to them, up to an empty line behind them: `doc HEADING, LEAD: LINE`.
    """
    heading = lead = ""
    led = False
    for number, line in enumerate(text.split("\n", 20_000)[:20_000], 1):
        line = line[:2000]
        plain = line.strip()
        if match := HEADING.match(line):
            heading, lead = (match[1] or match[2]).strip(" #*"), ""
        elif SCRIPT_NAME.search(line) or COMMAND.match(line):
            yield Fact("doc", f"{heading}{lead}: {plain}", number)
            led = True
        if plain.endswith((":", "：")):
            lead, led = ", " + plain.rstrip(":：").replace(":", " "), False
        elif not plain and led:
            lead, led = "", False
