"""How well the shipped features name objects, at several sizes: python extractor.py.

Each object is named off the one cell where its middle is, hidden objects included. A
folder in CLEVR's layout may be given too: ``python extractor.py CLEVR_v1.0``.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from film.data.images import read_pixels
from film.world.attributes import VALUES
from film.world.config import WorldConfig
from film.world.features.extraction import extract_features
from film.world.features.extractor import load_extractor
from film.world.pictures.rendering import draw
from film.world.scenes import draw_scene, scene_entry

N_SCENES = 200
WORLDS = {  # width, height, most objects
    "small": (96, 64, 6),
    "crowded": (96, 64, 10),
    "tiny": (48, 32, 10),
    "4:3": (160, 120, 10),
    "large": (240, 160, 10),
}


def main() -> None:
    """Draw worlds that no study uses, and name what is in them."""
    torch.set_num_threads(1)
    for name, (width, height, most) in WORLDS.items():
        config = WorldConfig(
            width=width, height=height, min_objects=3, max_objects=most
        )
        scenes = [draw_scene(config, "examination", i) for i in range(N_SCENES)]
        pictures = [draw(scene, config).transpose(2, 0, 1) for scene in scenes]
        entries = [scene_entry(scene, config, "", 0) for scene in scenes]
        report(f"{name}: {width}×{height}, 3 to {most} objects", pictures, entries)
    for source in map(Path, sys.argv[1:]):
        for split in ("train", "val"):
            path = source / "scenes" / f"CLEVR_{split}_scenes.json"
            entries = json.loads(path.read_text(encoding="utf-8"))["scenes"]
            folder = source / "images" / split
            pictures = [read_pixels(folder / one["image_filename"]) for one in entries]
            report(f"{source.name}, {split}", pictures, entries)


def report(
    title: str, pictures: list[np.ndarray], entries: list[dict[str, Any]]
) -> None:
    """Print the share of objects named rightly, by attribute and in all."""
    images = np.ascontiguousarray(np.stack(pictures))
    features = torch.from_numpy(extract_features(images)).float()
    opinions = load_extractor().read_names(features)
    down = features.shape[2] / images.shape[2]
    across = features.shape[3] / images.shape[3]
    right = []
    for number, entry in enumerate(entries):
        for thing in entry["objects"]:
            x, y, _ = thing["pixel_coords"]
            best = {
                name: int(maps[number, :, int(y * down), int(x * across)].argmax())
                for name, maps in opinions.items()
            }
            right.append([VALUES[name][best[name]] == thing[name] for name in VALUES])
    table = np.array(right)
    shares = [
        f"{name} {share:.1%}" for name, share in zip(VALUES, table.mean(0), strict=True)
    ]
    print(
        f"{title}: {len(table)} objects, {', '.join(shares)}, "
        f"all four {table.all(1).mean():.1%}"
    )


if __name__ == "__main__":
    main()
