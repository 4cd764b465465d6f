"""Renders chat templates by the Jinja that their authors tried them with: expect.py TEMPLATES CASES > expected.json.

The environment is the one in which Python programs run such templates: sandboxed, blocks trimmed on both sides, loop
controls, a tag that marks what a model generates, JSON written without escapes, and a clock, which stands still here. Every
template is rendered over every case; what Jinja refuses is written down as refused.
"""

import datetime
import json
import os
import sys

from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime.datetime(2026, 1, 2, 12, 0, 0)  # noon: the same day in every time zone that matters


class Generation(Extension):
    """{% generation %} ... {% endgeneration %}: what stands inside is rendered as it is."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("inside"), [], [], body).set_lineno(line)

    @staticmethod
    def inside(caller):
        return caller()


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def refuse(message):
    raise TemplateError(message)


def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = refuse
    env.globals["strftime_now"] = NOW.strftime
    return env


def render(template, case):
    try:
        return {"text": environment().from_string(template).render(**case)}
    except Exception as error:  # whatever a template does wrong, it is refused
        return {"refused": f"{type(error).__name__}: {error}"}


def main(folder, cases):
    with open(cases, encoding="utf-8") as file:
        cases = json.load(file)
    shared = {"bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True}
    out = {"cases": {}, "templates": {}, "loam_now": int(NOW.replace(tzinfo=datetime.timezone.utc).timestamp())}
    for name, case in cases.items():
        out["cases"][name] = shared | case
    for name in sorted(os.listdir(folder)):
        if name.endswith(".jinja"):
            with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
                template = file.read()
            out["templates"][name] = {case: render(template, values) for case, values in out["cases"].items()}
    json.dump(out, sys.stdout, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
