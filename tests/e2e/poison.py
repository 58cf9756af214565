"""Files that nobody means well by, each with a word of what is to be said of it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

from tests.e2e.stage import workspace

_NAMES = "abcdefghi"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in pairwise(_NAMES)
)
_COUNT = "count: {}\n  instanceType: "

FILES: dict[str, tuple[str | bytes | Path, str]] = {
    "brackets.yaml": ("[" * 30_000, "nest"),
    "maps.yaml": ("{a: " * 20_000, "nest"),
    "bomb.yaml": (BOMB, "alias"),
    "twice.yaml": (workspace("twice") + "inference:\n  preset:\n    name: other\n", "second time"),
    "documents.yaml": ("---\na\n" * 100_000, "Kubernetes object"),
    "python.yaml": ("!!python/object/apply:os.system ['touch pwned']\n", "tag"),
    "utf16.yaml": ("kind: Workspace".encode("utf-16"), "apiVersion"),
    "nul.yaml": (b"kind: \x00Workspace\n", "NUL character"),
    "tab.yaml": ("kind:\n\t- Workspace\n", "tab"),
    "passwd.yaml": (Path("/etc/passwd"), "symbolic link"),
    "up.yaml": (Path("../../outside.yaml"), "symbolic link"),
    "loop.yaml": (Path("loop.yaml"), "symbolic link"),
    "folder.yaml": (Path("/"), "symbolic link"),
    "secret.yaml": ("apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n", "Secret"),
    "binding.yaml": (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: root\n",
        "ClusterRoleBinding",
    ),
    "elsewhere.yaml": (
        workspace("moved").replace("name: moved", "name: moved\n  namespace: kube-system", 1),
        "kube-system",
    ),
    "long.yaml": (workspace("n" * 300), "name"),
    "upper.yaml": (workspace("Upper_Case"), "name"),
    "octal.yaml": (workspace("x").replace("name: x\n", "name: 017\n", 1), "017"),
    "float.yaml": (workspace("x").replace("name: x\n", "name: 1.10\n", 1), "not text"),
    "no.yaml": (workspace("x").replace("name: x\n", "name: no\n", 1), "quote"),
    "infinite.yaml": (workspace("inf").replace("instanceType: ", _COUNT.format(".inf"), 1), "count"),
    "huge.yaml": (workspace("huge").replace("instanceType: ", _COUNT.format("9" * 30), 1), "count"),
}

ODD_NAMES = (
    "日本語.yaml",
    "العربية.yaml",
    "русский.yaml",
    "עברית.yaml",
    "हिन्दी.yaml",
    "😀.yaml",
    "with space.yaml",
    "quote'\"`$(id).yaml",
    "-rf.yaml",
    "~.yaml",
    "new\nline.yaml",
    "back\\..\\slash.yaml",
    "bidi\u202elmay.yaml",
    "[link](javascript:alert(1)).yaml",
    "<script>.yaml",
    "%2e%2e%2fup.yaml",
    "x" * 240 + ".yaml",
)

TEMPLATES = (
    "{{ 7*7 }}",
    "{{ config }}",
    "{{ self.__init__.__globals__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.popen('touch pwned').read() }}",
    "{{ lipsum.__globals__['os'].popen('touch pwned').read() }}",
    "{{ joiner.__init__.__globals__.os.system('touch pwned') }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ request|attr('application')|attr('__globals__') }}",
    "{% for x in range(99999999) %}{{ x }}{% endfor %}",
    "{{ (7**(7**8)) % 2 }}",
    "{{ 'a' * 500000000 }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "${7*7} #{7*7} <%= 7*7 %> {{=<% %>=}}",
    "{0.__class__.__init__.__globals__}",
    "$(touch pwned) `touch pwned`; touch pwned",
    'x"\n---\nkind: Secret\n# ',
)
TRAPPED_FIELDS = ("name", "preset", "label", "config", "instanceType", "annotation", "tuning")


def trap(field: str, text: str, name: str) -> str:
    """A workspace with this text in one field."""
    quoted, plain = json.dumps(text), workspace(name)
    match field:
        case "name":
            return plain.replace(f"name: {name}\n", f"name: {quoted}\n", 1)
        case "preset":
            return plain.replace("phi-4-mini-instruct", quoted)
        case "label":
            return plain.replace(f"apps: {name}", f"apps: {quoted}")
        case "config":
            return f"{plain}  config: {name}\n---\n{_config_map(name, quoted)}"
        case "instanceType":
            return plain.replace("Standard_NC24ads_A100_v4", quoted)
        case "annotation":
            noted = f"name: {name}\n  annotations:\n    note: {quoted}\n"
            return plain.replace(f"name: {name}\n", noted, 1)
    return plain.partition("inference:")[0] + _tuning(quoted)


def _config_map(name: str, quoted: str) -> str:
    data = f"data:\n  inference_config.yaml: {quoted}\n  {name}: {quoted}\n"
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n{data}"


def _tuning(quoted: str) -> str:
    return (
        "tuning:\n  preset:\n    name: phi-3-mini-128k-instruct\n  method: qlora\n"
        f"  input:\n    urls: [{quoted}]\n  output:\n    image: {quoted}\n    imagePushSecret: {quoted}\n"
    )
