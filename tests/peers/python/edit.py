"""Makes edits with ruamel.yaml or PyYAML, as their documentation shows: load, change, dump.

Reads one JSON object a line, {"file": path, "edit": the edit as in the corpus}, and answers each with null or what
went wrong, as JSON.
"""
import json
import pathlib
import sys


def ruamel():
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString, SingleQuotedScalarString

    styles = (DoubleQuotedScalarString, SingleQuotedScalarString, LiteralScalarString)

    def edit(path, change):
        yaml = YAML()
        yaml.preserve_quotes = True
        yaml.width = 1 << 20
        yaml.indent(mapping=2, sequence=4, offset=2)
        yaml.explicit_start = path.read_text(encoding="utf-8-sig").startswith("---")
        documents = list(yaml.load_all(path))
        change(documents)
        with path.open("w", encoding="utf-8") as out:
            yaml.dump_all(documents, out)

    def keep(old, new):
        """The style of a string stays, if it had one."""
        return type(old)(new) if isinstance(old, styles) else new

    return edit, keep


def pyyaml():
    import yaml

    def edit(path, change):
        text = path.read_text(encoding="utf-8")
        documents = list(yaml.safe_load_all(text))
        change(documents)
        start = text.startswith("---")
        text = yaml.safe_dump_all(documents, sort_keys=False, width=1 << 20, allow_unicode=True, explicit_start=start)
        path.write_text(text, encoding="utf-8")

    return edit, lambda old, new: new


def holds(document, only):
    """Whether the scalars at these dotted paths have these texts."""
    for path, text in only.items():
        value = document
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if str(value) != text:
            return False
    return True


def step(values, segment):
    """The containers and keys that a segment leads to."""
    for value in values:
        if isinstance(segment, dict):
            for index, item in enumerate(value):
                if all(str(item.get(key)) == text for key, text in segment.items()):
                    yield value, index
        else:
            yield value, segment


def apply(documents, edit, keep):
    for document in documents:
        if document is None or not holds(document, edit["where"]):
            continue
        for change in edit["change"]:
            one(document, change, edit, keep)


def one(document, change, edit, keep):
    values = [document]
    *way, last = change["at"]
    for segment in way:
        found = []
        for container, key in step(values, segment):
            if edit["create"] and isinstance(container, dict) and container.get(key) is None:
                container[key] = {}
            found.append(container[key])
        values = found
    for container, key in list(step(values, last)):
        if "set" in change:
            old = container.get(key) if isinstance(container, dict) else container[key]
            container[key] = keep(old, change["set"])
        elif "json" in change:
            container[key] = json.loads(change["json"])
        elif "append" in change:
            container[key].append(json.loads(change["append"]))
        else:
            del container[key]


def main():
    edit, keep = {"ruamel": ruamel, "pyyaml": pyyaml}[sys.argv[1]]()
    for line in sys.stdin:
        asked = json.loads(line)
        error = None
        try:
            edit(pathlib.Path(asked["file"]), lambda documents: apply(documents, asked["edit"], keep))
        except Exception as problem:  # whatever the library throws is its refusal
            error = f"{type(problem).__name__}: {problem}"
        print(json.dumps(error), flush=True)


main()
