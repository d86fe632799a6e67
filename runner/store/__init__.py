"""What is kept on disk: trials' folders, launches, locks."""
