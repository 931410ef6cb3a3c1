"""Measures the product against limits and peers: `bin/bench`. How to read the figures: docs/performance.md."""
