"""What is shown or recorded holds no password and no token."""

import pytest

from runner.tracking.secrets import redacted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://me:hunter2@host:5000/x", "http://***@host:5000/x"),
        ("https://me@host", "https://***@host"),
        ("postgresql+psycopg://u:a%40b@h/db", "postgresql+psycopg://***@h/db"),
        ("http://me:p@ss@host/x", "http://***@host/x"),
        (
            "postgresql://h/db?user=me&password=x1",
            "postgresql://h/db?user=me&password=***",
        ),
        (
            "film run q --tracking-uri 'http://a:b@h'",
            "film run q --tracking-uri 'http://***@h'",
        ),
        ("MLFLOW_TRACKING_TOKEN=abc film run", "MLFLOW_TRACKING_TOKEN=*** film run"),
        ("tool --api-token abc --x 1", "tool --api-token *** --x 1"),
        ("{'Authorization': 'Bearer abc.def'}", "{'Authorization': '***'}"),
    ],
)
def test_secrets_are_hidden(text: str, expected: str) -> None:
    assert redacted(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:////home/me/film/mlflow.db",
        "http://127.0.0.1:5000/#/experiments/1/runs?searchFilter=a@b",
        "film run quick --set data.tokens=3 --only 'β := 0' -j 2",
        "me@host wrote the secret of tokens: basic authentication",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


def test_what_the_environment_hides_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "open sesame")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "abcd1234")
    monkeypatch.setenv("OTHER_TOKEN", "to")
    said = redacted("to open sesame or open%20sesame with abcd1234")
    assert said == "to *** or *** with ***"
