"""What analyses of single runs say of a study: read, averaged over runs, in words."""
