"""What runs inside the GPU containers: serving, tuning, and the artifacts both fetch and push.

It shares documents with the house, never a line of code: it is imported only by its own processes.
"""
