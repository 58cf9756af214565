"""Towline's own containers as processes of this machine: their images, their documents, and a hub of models.

There is no mount namespace here: what a document says of paths, ports and GPUs is made to fit in a copy.
"""
