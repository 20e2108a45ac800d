"""Check an SPDX 3.0.1 document against the SHACL shapes and the JSON Schema that the specification is made of.

    python spdx3.py DOCUMENT FOLDER

FOLDER holds `spdx-model.ttl`, `spdx-context.jsonld` and `annotations.ttl` of the specification's repository. Runs in an
environment with pyshacl, shacl2code and jsonschema. Prints what is wrong; exit status 1 where anything is.
"""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pyshacl
from rdflib import Graph


def main() -> None:
    document, folder = json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2]).resolve()
    problems = [error.message for error in jsonschema.Draft202012Validator(schema(folder)).iter_errors(document)]
    context = json.loads((folder / "spdx-context.jsonld").read_text("utf-8"))
    facts = Graph().parse(data=json.dumps(document | {"@context": context["@context"]}), format="json-ld")
    shapes = Graph().parse(folder / "spdx-model.ttl")
    conforms, _, report = pyshacl.validate(facts, shacl_graph=shapes, ont_graph=shapes)
    if not conforms:
        problems.append(report)
    print("\n".join(problems) or f"{len(facts)} triples conform")
    sys.exit(bool(problems))


def schema(folder: Path) -> dict:
    """The JSON Schema as SPDX makes it, from the model and its annotations."""
    made = folder / "schema.json"
    model, annotations, context = (
        (folder / name).as_uri() for name in ("spdx-model.ttl", "annotations.ttl", "spdx-context.jsonld")
    )
    public = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
    program = Path(sys.executable).with_name("shacl2code")
    sources = ["-i", model, "-i", annotations, "--context-url", context, public]
    subprocess.run([program, "generate", *sources, "jsonschema", "-o", made], check=True)
    return json.loads(made.read_text("utf-8"))


main()
