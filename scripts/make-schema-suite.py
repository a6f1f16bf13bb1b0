"""Writes src/generate/grammar/fixtures/json-schema-suite.json: the public JSON Schema Test Suite, draft 2020-12, as the source archive of the Python package jsonschema carries it.

python scripts/make-schema-suite.py jsonschema-VERSION.tar.gz   (pip download --no-deps --no-binary :all: jsonschema)
The suite is Copyright (c) 2012 Julian Berman, MIT licence; its text is kept beside the tests.
"""

import json
import re
import sys
import tarfile
from pathlib import Path

source = Path(sys.argv[1])
files, licence = {}, None
with tarfile.open(source) as archive:
    for member in sorted(archive, key=lambda one: one.name):
        read = lambda: archive.extractfile(member).read().decode("utf8")
        if member.name.endswith("/json/LICENSE"):
            licence = read()
        found = re.search(r"/json/tests/draft2020-12/((?:optional/format/)?[^/]+)\.json$", member.name)
        if found:
            files[found[1]] = [
                {"description": group["description"], "schema": group["schema"], "tests": [[test["description"], test["data"], test["valid"]] for test in group["tests"]]}
                for group in json.loads(read())
            ]
target = Path(__file__).resolve().parent.parent / "src/generate/grammar/fixtures/json-schema-suite.json"
target.parent.mkdir(exist_ok=True)
head = {"script": "scripts/make-schema-suite.py", "source": source.name, "licence": licence}
rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(groups, separators=(',', ':'))}" for name, groups in files.items())
target.write_text(f"{json.dumps(head, indent=1)[:-2]},\n \"files\": {{\n{rows}\n}}}}\n", encoding="utf8")
print(len(files), "files,", sum(map(len, files.values())), "schemas,", sum(len(group["tests"]) for groups in files.values() for group in groups), "instances,", target.stat().st_size, "bytes")
