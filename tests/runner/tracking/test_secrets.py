"""What is shown or recorded holds no password and no token."""

import time

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
        ('API_KEY = "sk-12345678"', 'API_KEY = "***"'),
        ('token="abcdefgh"', 'token="***"'),
        ("password: hunter22", "password: ***"),
        ('{"token": "abcdefgh", "x": 1}', '{"token": "***", "x": 1}'),
        (r"{\"token\": \"abcdefgh\"}", r"{\"token\": \"***\"}"),
        ("PGPASSWORD=hunter22 film", "PGPASSWORD=*** film"),
        ("db_password = 'correct horse'", "db_password = '***'"),
        ('password = "a\\"b"  # ours', 'password = "***"  # ours'),
        ('password = "cut', 'password = "***'),
        ('os.environ["HF_TOKEN"] = "hf_abc12"', 'os.environ["HF_TOKEN"] = "***"'),
        ('token: str | None = b"abcdefgh"', 'token: str | None = b"***"'),
        ("api-key: abcdef", "api-key: ***"),
        ("token: ghp_0123456789", "token: ***"),
        ("Driver=x;UID=sa;PWD=abc;", "Driver=x;UID=sa;PWD=***;"),
        ("film --secret-key abc", "film --secret-key ***"),
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
        "token = tokenizer(x)",
        "for token in tokens: n_tokens: 5",
        "token: str, password: str | None = None, secret: bytes",
        "token = following",
        'if token == "<pad>" or token != "the":',
        'password = settings["password"]',
        'password = getpass.getpass("Password: ")',
        "postgresql://h/db?password=$PGPASSWORD",
        "PWD=/home/me film run quick",
        'password=""',
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


def test_also_what_is_no_variable_of_ours_is_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGPASSWORD", "hunter22")
    monkeypatch.setenv("MLFLOW_FLASK_SERVER_SECRET_KEY", "abcd1234")
    monkeypatch.setenv("USE_TOKEN", "true")
    monkeypatch.setenv("PWD", "/home/me")
    said = redacted("it is true: hunter22 and abcd1234 in /home/me")
    assert said == "it is true: *** and *** in /home/me"


def test_a_long_line_is_read_at_once() -> None:
    text = "a" * 500_000 + "password" * 50_000 + " " * 100_000
    begin = time.monotonic()
    assert redacted(text) == text
    assert time.monotonic() - begin < 10
