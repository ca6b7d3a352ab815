"""Serving: policies to robots, over gRPC and HTTP, and what keeps a robot safe from them."""
