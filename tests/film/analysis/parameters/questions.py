"""Questions of several types about four pictures, for what looks at γ and β."""

COLORS = "red", "blue", "green", "brown"
_NOUNS = "cube", "cubes", "sphere", "spheres", "cylinder", "cylinders"
_SHAPES = "cube", "sphere", "cylinder"

ASKED = [
    one
    for at, color in enumerate(COLORS)
    for place, noun in enumerate(_NOUNS)
    for one in (
        (
            f"How many {color} {noun} are there",
            f"count filter_color[{color}] filter_shape[{_SHAPES[place // 2]}] scene",
            str(place % 2),
            at,
        ),
        (
            f"Is there a big {color} {noun}",
            f"exist filter_color[{color}] filter_shape[{_SHAPES[place // 2]}] scene",
            "yes" if place % 2 else "no",
            at,
        ),
    )
]
"""Text, program in prefix order, answer and picture: 48 different questions."""
