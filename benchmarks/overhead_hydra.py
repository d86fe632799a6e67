"""What `overhead.py` measures beside film: the same training as a Hydra application.

Run by a Python that has Hydra: ``overhead_hydra.py --multirun seed=range(0,4) data=…``;
Hydra makes the folder of each trial.
"""

from pathlib import Path

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from noop import train
from omegaconf import DictConfig

ConfigStore.instance().store("trial", {"seed": 0, "data": ""})


@hydra.main(version_base=None, config_name="trial")
def main(settings: DictConfig) -> float:
    folder = Path(HydraConfig.get().runtime.output_dir)
    return train(settings.seed, Path(settings.data), folder)


if __name__ == "__main__":
    main()
