"""What moving would cost and save, and the verdict of every category."""
