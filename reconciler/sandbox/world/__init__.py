"""What makes the world move: controllers, a scheduler and a kubelet over the Kubernetes API's store.

Each controller looks at one object at a time, whole, and writes what is missing (level, not edge). They run
in the event loop's one thread, woken by the store's events and by the world's clock; at rest nothing runs.
"""
