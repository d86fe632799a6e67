"""All checks, in the order in which one would look."""

from collections.abc import Mapping
from functools import partial

from runner.doctor.finding import Check
from runner.doctor.installation import check_packages, check_python, check_torch
from runner.doctor.machine import (
    check_cores,
    check_disk,
    check_limits,
    check_memory,
    check_ports,
)
from runner.doctor.services import check_mlflow, check_ray
from runner.doctor.store import (
    check_leases,
    check_locks,
    check_records,
    check_worlds,
    check_writable,
)
from runner.store.workspace import Workspace

__all__ = ["all_checks"]


def all_checks(workspace: Workspace, uri: str, *, quick: bool) -> Mapping[str, Check]:
    """List what can be looked at.

    Args:
        workspace: The store.
        uri: Of MLflow.
        quick: Leave out what takes long: whether Ray starts.

    Returns:
        Checks by name.
    """
    checks: dict[str, Check] = {
        "python": check_python,
        "packages": check_packages,
        "torch": check_torch,
        "cores": check_cores,
        "memory": check_memory,
        "disk": partial(check_disk, workspace.root),
        "limits": check_limits,
        "ports": check_ports,
        "store": partial(check_writable, workspace),
        "locks": partial(check_locks, workspace),
        "records": partial(check_records, workspace),
        "at work": partial(check_leases, workspace),
        "worlds": partial(check_worlds, workspace),
        "mlflow": partial(check_mlflow, uri),
        "ray": check_ray,
    }
    if quick:
        del checks["ray"]
    return checks
