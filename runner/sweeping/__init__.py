"""A launch as the driver sees it: what runs next, where there is room, how it ends."""
