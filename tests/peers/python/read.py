"""Shows how PyYAML (YAML 1.1) or ruamel.yaml (YAML 1.2) reads texts.

Reads one JSON string a line and answers each with a JSON string that is the same for the same values, or with null
where the reader refuses the text. Empty documents are left out.
"""
import json
import math
import sys


def shown(value):
    if value is None:
        return ["null"]
    if isinstance(value, bool):
        return ["bool", value]
    if isinstance(value, float) and math.isnan(value):
        return ["nan"]
    if isinstance(value, (int, float)):
        return ["number", repr(value)]
    if isinstance(value, str):
        return ["text", value]
    if isinstance(value, dict):
        return ["map", sorted([[shown(key), shown(item)] for key, item in value.items()], key=json.dumps)]
    if isinstance(value, (list, tuple)):
        return ["list", [shown(item) for item in value]]
    return ["other", type(value).__name__, str(value)]


def document(value):
    """The images of a kustomization have no order."""
    if isinstance(value, dict) and value.get("kind") in ("Kustomization", "Component"):
        if isinstance(value.get("images"), list):
            value["images"].sort(key=lambda image: json.dumps(shown(image)))
    return shown(value)


def readers(name):
    if name == "pyyaml":
        import yaml

        return lambda text: list(yaml.safe_load_all(text))
    from ruamel.yaml import YAML

    return lambda text: list(YAML(typ="safe", pure=True).load_all(text))


def main():
    read = readers(sys.argv[1])
    for line in sys.stdin:
        try:
            documents = [document(value) for value in read(json.loads(line)) if value is not None]
            answer = json.dumps(documents)
        except Exception:  # whatever it is, the text is not YAML to this reader
            answer = None
        print(json.dumps(answer), flush=True)


main()
