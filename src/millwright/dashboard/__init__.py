"""The web dashboard: click a brick, watch the arm, read the verdict."""
