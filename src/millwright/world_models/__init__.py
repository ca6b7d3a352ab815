"""World models: what will be seen, paid and lost, from what is seen and done."""
