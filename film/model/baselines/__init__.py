"""Published systems that FiLM is compared with, one file each."""
