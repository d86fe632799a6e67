"""Two machines with GPUs, all of them pretended; obeys lines, one answer to each.

``add CPUS GPUS`` starts a machine and answers its number and the process of its raylet,
``lose NUMBER`` lets one fail as a power cut does. At the end of the input it stops.
"""

import sys

from ray.cluster_utils import Cluster

_ROOM = {"object_store_memory": 80 << 20}
_PATIENCE_S = 300.0  # of a machine with much else to do


def main() -> None:
    cluster = started()
    machines = []
    try:
        answer(cluster.address)
        for line in sys.stdin:
            match line.split():
                case ["add", cpus, gpus]:
                    machine = cluster.add_node(
                        num_cpus=int(cpus),
                        num_gpus=int(gpus),
                        **_ROOM,
                    )
                    machines.append(machine)
                    [raylet] = machine.all_processes["raylet"]
                    answer(f"{len(machines) - 1} {raylet.process.pid}")
                case ["lose", number]:
                    cluster.remove_node(machines[int(number)], allow_graceful=False)
                    cluster.wait_for_nodes(_PATIENCE_S)  # Ray counts it for a while yet
                    answer("lost")
    finally:
        cluster.shutdown()


def started() -> Cluster:
    for tries_left in (1, 0):  # a busy machine may be too slow for Ray's patience
        cluster = Cluster()
        try:
            cluster.add_node(num_cpus=2, include_dashboard=False, **_ROOM)
        except Exception:
            cluster.shutdown()
            if not tries_left:
                raise
        else:
            return cluster
    raise AssertionError


def answer(text: str) -> None:
    sys.stdout.write(f"answer {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
