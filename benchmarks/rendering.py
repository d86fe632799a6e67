"""How fast each renderer draws pictures of each size, in one process.

Run ``python benchmarks/rendering.py``. Scenes are those of the preset `clevr` (3 to 10
objects); times are of processor time, the renderers in turn on each scene. Mitsuba is
measured where it is installed.
"""

import time
from collections.abc import Iterator

from film.errors import ConfigError
from film.world.config import Renderer, WorldConfig, world_preset
from film.world.pictures.rendering import check_renderer, draw
from film.world.scenes import draw_scene

SIZES = ((48, 32), (96, 64), (128, 96), (240, 160), (480, 320))
N_SCENES = 20


def installed() -> Iterator[Renderer]:
    for renderer in Renderer:
        try:
            check_renderer(WorldConfig(renderer=renderer))
        except ConfigError as error:
            print(error)
        else:
            yield renderer


def seconds(
    width: int, height: int, renderers: list[Renderer]
) -> dict[Renderer, float]:
    preset = world_preset("clevr").model_copy(update={"width": width, "height": height})
    configs = {r: preset.model_copy(update={"renderer": r}) for r in renderers}
    scenes = [draw_scene(preset, "train", index) for index in range(N_SCENES)]
    for config in configs.values():
        draw(scenes[0], config)  # the first picture also prepares
    total = dict.fromkeys(renderers, 0.0)
    for scene in scenes:
        for renderer, config in configs.items():
            start = time.process_time()
            draw(scene, config)
            total[renderer] += time.process_time() - start
    return total


def main() -> None:
    renderers = list(installed())
    for width, height in SIZES:
        total = seconds(width, height, renderers)
        speeds = "   ".join(
            f"{renderer}: {N_SCENES / total[renderer]:6.2f} pictures/s "
            f"({total[Renderer.RAY_CASTER] / total[renderer]:.3f} ×)"
            for renderer in renderers
        )
        print(f"{width}×{height}   {speeds}")


if __name__ == "__main__":
    main()
