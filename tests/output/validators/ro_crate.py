"""Check an RO-Crate 1.1 with the validator of its makers, offline: only its JSON-LD context would be fetched.

    python ro_crate.py CRATE CONTEXT

Runs in an environment with roc-validator. Prints what is required and missing; exit status 1 where anything is.
"""

import json
import sys
from pathlib import Path

import rdflib.plugins.shared.jsonld.context as contexts
import rdflib.plugins.shared.jsonld.util as util
import requests
from rocrate_validator import models, services

CONTEXT = Path(sys.argv[2]).read_bytes()
ADDRESS = "https://w3id.org/ro/crate/1.1/context"


def answer(session: requests.Session, method: str, url: str, **more: object) -> requests.Response:
    response = requests.Response()
    response.url, response.status_code, response._content = url, 200, CONTEXT if url == ADDRESS else b""
    response.headers["Content-Type"] = "application/ld+json"
    return response


def source_to_json(source: object, *more: object, read=util.source_to_json, **named: object) -> object:
    return (json.loads(CONTEXT), None) if str(source) == ADDRESS else read(source, *more, **named)


requests.Session.request = answer
util.source_to_json = contexts.source_to_json = source_to_json

found = services.validate(
    services.ValidationSettings(
        rocrate_uri=sys.argv[1], profile_identifier="ro-crate-1.1", requirement_severity=models.Severity.REQUIRED
    )
)
for issue in found.get_issues():
    print(issue.check.identifier, issue.message)
sys.exit(bool(found.get_issues()))
