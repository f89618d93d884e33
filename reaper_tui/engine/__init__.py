"""Survey, plan, structure, capture, deliver, verify: the clone itself."""
