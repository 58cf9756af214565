"""The Python environment in which the containers' programs run on a machine without a GPU. It needs nothing
but Python itself, for it is what makes the others' environment.
"""
