"""Ray Tune: the only room that imports Ray, after its environment is set here."""

import os

__all__: list[str] = []

for _name, _value in {  # read by Ray when it is imported
    "RAY_AIR_NEW_OUTPUT": "0",  # with verbose=0, Tune prints nothing
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_AUTH_MODE": "token",  # Ray listens on every interface, even for local use
    "RAY_memory_monitor_refresh_ms": "0",  # its killer would end the whole sweep
    "RAY_raylet_start_wait_time_s": "120",  # a busy machine takes more than Ray's 30 s
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",  # trials on the CPU see no GPU
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # there is ours
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # not every report is of an epoch
    "TUNE_GLOBAL_CHECKPOINT_S": "1e9",  # never read, and slower with every trial
    "TUNE_MAX_PENDING_TRIALS_PG": "10000",  # workers start together; the feed counts
    "TUNE_FORCE_TRIAL_CLEANUP_S": "3",  # an interrupted epoch is not waited for
    "TUNE_FUNCTION_THREAD_TIMEOUT_S": "10",  # for a trial's end to reach a slow disk
}.items():
    os.environ.setdefault(_name, _value)
