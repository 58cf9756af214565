"""A planted secret shows nowhere, and what is no secret is not hidden."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import pytest

from reconciler.domain.review import FieldChange
from reconciler.planner.review.concealed import concealed, concealed_sentence, is_secret
from reconciler.planner.review.fields import LONGEST_TEXT, field_changes

CANARY = "canary-9f2-never-shown"
LONG = base64.b64encode(b"a planted secret, 32 bytes long!").decode()


@pytest.mark.parametrize(
    "text",
    [
        f"password: {CANARY}",
        f'  "apiKey": "{CANARY}",',
        f"vllm:\n  api-key: {CANARY}\n  max-model-len: 1",
        f"client_secret:\n  - {CANARY}\n",
        f"hf_token: |\n    first\n    {CANARY}\n",
        f"--api-key {CANARY}",
        f"--api-key={CANARY} --port 80",
        f"--hf-token\n{CANARY}",
        f"export AWS_SECRET_ACCESS_KEY='{CANARY}'",
        f"AccountKey={CANARY};EndpointSuffix=x",
        f"https://user:{CANARY}@example.com/data",
        f"https://example.com/data?sig={CANARY}&x=1",
        f"Authorization: Bearer {CANARY}",
        f"curl -H 'x: bearer {CANARY}'",
        f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----",
        f"pwd: {CANARY}",
        f'{{"auths": {{"x": {{"auth": "{CANARY}"}}}}}}',
    ],
)
def test_what_stands_beside_a_secret_like_name_is_hidden(text: str) -> None:
    assert CANARY not in concealed(text)


@pytest.mark.parametrize(
    "secret",
    [
        "hf_" + "abcdefghijklmnop",
        "ghp_" + "0123456789abcdefghij",
        "sk-" + "proj0123456789abcdef",
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        LONG,
        "aB3" + "dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z",
    ],
)
def test_known_forms_of_credentials_are_hidden_wherever_they_stand(secret: str) -> None:
    assert secret not in concealed_sentence(f"the value {secret} is not a name")
    assert secret not in concealed(f"run: {secret}\n")


@pytest.mark.parametrize(
    "text",
    [
        "vllm:\n  max-model-len: 32768\n  max-num-batched-tokens: 8192\n  tokenizer: meta/x",
        "image: example.azurecr.io/a@sha256:" + "0123456789abcdef" * 4,
        "python3 /workspace/vllm/inference_api.py --served-model-name=phi-4 --gpu-memory-utilization=0.84",
        "https://huggingface.co/datasets/a/b/resolve/main/train.parquet?download=true",
        "monkey: banana\nkeyboard: qwerty\nauthor: Ann",
    ],
)
def test_settings_are_shown_as_they_are(text: str) -> None:
    assert concealed(text) == text


def test_an_endless_word_takes_no_endless_time() -> None:
    for text in (
        "a" * LONGEST_TEXT,
        "token=" * 10_000,
        "-----BEGIN PRIVATE KEY-----" * 2_000,
        "eyJ" * 20_000,
    ):
        concealed(text)


def test_names_on_the_way_decide_and_the_name_of_a_secret_is_none() -> None:
    assert is_secret("Secret", ("data", "x"), "eA==")
    assert is_secret("Pod", ("spec", "containers", "[a]", "env", "[HF_TOKEN]", "value"), "abc")
    assert is_secret("Workspace", ("tuning", "output", "imagePushSecret"), "x" * 10 + "1234567890abc")
    assert not is_secret("Workspace", ("tuning", "output", "imagePushSecret"), "acr-push")
    assert not is_secret("Pod", ("spec", "automountServiceAccountToken"), False)
    assert not is_secret("Pod", ("spec", "volumes", "[v]", "secret", "secretName"), "registry-login")


def told(kind: str, before: Mapping[str, object], after: Mapping[str, object]) -> list[FieldChange]:
    return [each for _, each in field_changes(kind, before, after) if each is not None]


def test_a_changed_secret_says_only_that_it_changes() -> None:
    (change,) = told("Secret", {"data": {"x": "b25l"}}, {"data": {"x": "dHdv"}})

    assert change == FieldChange("data.x", "***", "***", is_hidden=True)


def test_a_setting_that_differs_only_where_it_is_hidden_says_so() -> None:
    one, other = ({"data": {"a.yaml": f"token: {each}\n"}} for each in ("one", "two"))
    (change,) = told("ConfigMap", one, other)

    assert change.is_hidden
    assert "one" not in json.dumps([change.before, change.after])


def test_named_things_are_compared_by_name_and_plain_lists_line_by_line() -> None:
    one = {"c": [{"name": "a", "args": ["x", "y"]}, {"name": "b"}]}
    other = {"c": [{"name": "b"}, {"name": "a", "args": ["x", "z"]}]}

    assert told("Pod", one, other) == [FieldChange("c[a].args", "x\ny", "x\nz")]


def test_what_comes_and_goes_is_told_leaf_by_leaf() -> None:
    changes = told("X", {"a": {"b": 1, "c": {"d": "x"}}, "e": {}}, {"e": {"f": [True]}})

    assert changes == [
        FieldChange("a.b", "1", None),
        FieldChange("a.c.d", "x", None),
        FieldChange("e.f", None, "true"),
    ]


def test_our_own_bookkeeping_is_not_told_but_known_of() -> None:
    one, other = ({"metadata": {"annotations": {"towline.dev/declared": each}}} for each in "ab")

    assert [path for path, _ in field_changes("Job", one, other)] == [
        "metadata.annotations[towline.dev/declared]"
    ]
    assert told("Job", one, other) == []
