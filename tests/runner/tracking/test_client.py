"""MLflow's client as it is opened here."""

import subprocess
import sys
from pathlib import Path

_FAIL = """
import sqlite3
import sys
from contextlib import nullcontext
from pathlib import Path
from runner.tracking.client import open_client
file = Path(sys.argv[1])
client, _ = open_client(f"sqlite:///{file}", file.parent / "artifacts", nullcontext)
with sqlite3.connect(file) as connection:
    connection.execute("DROP TABLE experiments")
try:
    client.search_experiments()
except Exception as error:
    print(type(error).__name__)
"""


def test_of_what_fails_mlflow_prints_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FAIL, str(tmp_path / "mlflow.db")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("MlflowException\n", "")
