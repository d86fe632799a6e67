"""How a scene is drawn: geometry, light, and the optional renderer."""
