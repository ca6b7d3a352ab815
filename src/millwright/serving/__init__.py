"""Serving: policies to robots, over gRPC and HTTP, and what keeps robots within their limits."""
